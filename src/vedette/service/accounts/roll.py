"""Accounts in a few words each: who fits a list is found among tens of thousands in memory.

A database would read the body of each account for that, and knows nothing of what a watch says. An
entry has what a list can be asked for, and no more. It must not know where accounts are kept, nor
how they are doing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final

import orjson

from vedette.model.ids import AccountId, TenantId
from vedette.ports.records import Record
from vedette.ports.registration import Auth, Pause, Registration
from vedette.service.accounts.registration import label_of
from vedette.store.rows.record import folded

#: What the members of a body stand for, those that are not there among them.
_AUTHS: Final[Mapping[Any, Auth]] = {None: Auth.PASSWORD, **{each.value: each for each in Auth}}
_PAUSES: Final[Mapping[Any, Pause | None]] = {None: None, **{each.value: each for each in Pause}}

#: Members of a body that a list can be asked for.
FILTERS: Final = frozenset({"email", "user", "host", "auth", "active", "pause", "tags"})

#: How each filter finds what it compares.
_READ: Final[Mapping[str, Callable[[Any], object]]] = {name: attrgetter(name) for name in FILTERS}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountQuery:
    """Which accounts: after an id, with a text in address, user, host, title or tags, and filters.

    ``tenant`` is an admin's choice of one tenant. ``fields`` are those of ``FILTERS``.
    """

    after: str = ""
    text: str = ""
    fields: Mapping[str, str | bool] = field(default_factory=dict)
    tenant: TenantId | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is known of an account without reading it; ``words`` are its label as it is searched.

    ``is_plain`` is False where a newer version wrote what this one can not read: such a one fits
    whatever is asked, so that whoever lists is told of it.
    """

    id: AccountId
    tenant: TenantId
    words: str
    email: str = ""
    user: str = ""
    host: str = ""
    auth: Auth = Auth.PASSWORD
    active: bool = True
    pause: Pause | None = None
    tags: tuple[str, ...] = ()
    is_plain: bool = True


def entry_of(registration: Registration) -> Entry:
    """Return the entry of an account that was read. Its own pause stands in it, not its tenant's."""
    account = registration.account
    is_beneath = registration.pause is Pause.TENANT
    return Entry(
        id=account.id,
        tenant=account.tenant,
        words=folded(label_of(registration)),
        email=account.email,
        user=account.credentials.user,
        host=registration.target.host,
        auth=registration.grant.auth,
        active=registration.active,
        pause=registration.beneath if is_beneath else registration.pause,
        tags=registration.tags,
    )


def entry_in(record: Record, common: dict[Any, Any]) -> Entry:
    """Return the entry of an account in its record; a tenth of the work of reading all of it.

    ``common`` keeps the words that many accounts have in common, so that they have them once.
    """
    tenant = common.setdefault(record.tenant, record.tenant)
    bare = Entry(id=AccountId(record.id), tenant=tenant, words="", is_plain=False)
    try:
        body = orjson.loads(record.body)
        email, host, tags = body.get("email") or "", body.get("host") or "", body.get("tags") or ()
        found = Entry(
            id=bare.id,
            tenant=tenant,
            words=folded(record.label),
            email=email,
            user=body.get("user") or email,
            host=common.setdefault(host, host),
            auth=_AUTHS[body.get("auth")],
            active=_flag(body.get("active")),
            pause=_PAUSES[body.get("pause")],
            tags=common.setdefault(tuple(tags), tuple(tags)),
        )
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        return bare
    return found


def _flag(value: object) -> bool:
    if value is None or isinstance(value, bool):
        return value is not False
    raise TypeError


class Roll:
    """Entries by id, and by tenant: what is another's is not even passed by."""

    __slots__ = ("_by_id", "_ids", "_of_tenant")

    def __init__(self) -> None:
        self._by_id: dict[AccountId, Entry] = {}
        self._ids: list[AccountId] = []
        self._of_tenant: dict[TenantId, list[AccountId]] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def get(self, id_: AccountId, tenant: TenantId | None = None) -> Entry | None:
        """Return an entry; another tenant's is not there."""
        found = self._by_id.get(id_)
        return found if found is not None and tenant in {None, found.tenant} else None

    def put(self, entry: Entry) -> None:
        """Enter an account, in the place of what was known of it."""
        before = self._by_id.get(entry.id)
        if before is not None and before.tenant != entry.tenant:
            self.drop(entry.id)
            before = None
        self._by_id[entry.id] = entry
        if before is None:
            _insert(self._ids, entry.id)
            _insert(self._of_tenant.setdefault(entry.tenant, []), entry.id)

    def drop(self, id_: AccountId) -> None:
        """Strike an account off."""
        entry = self._by_id.pop(id_, None)
        if entry is None:
            return
        theirs = self._of_tenant[entry.tenant]
        del self._ids[bisect_left(self._ids, id_)]
        del theirs[bisect_left(theirs, id_)]
        if not theirs:
            del self._of_tenant[entry.tenant]

    def after(self, id_: str, tenant: TenantId | None, most: int) -> list[Entry]:
        """Return the next entries, at most so many, in the order of ids."""
        ids = self._ids if tenant is None else self._of_tenant.get(tenant, [])
        begin = bisect_right(ids, id_)
        return [self._by_id[each] for each in ids[begin : begin + most]]


def _insert(ids: list[AccountId], id_: AccountId) -> None:
    if not ids or ids[-1] < id_:
        # What is read in order is entered so.
        ids.append(id_)
    else:
        ids.insert(bisect_left(ids, id_), id_)


def fitting(entries: list[Entry], text: str, fields: Mapping[str, str | bool]) -> list[Entry]:
    """Return those that have a text, which is folded, and every value that is asked for."""
    found = entries
    if text:
        found = [each for each in found if text in each.words or not each.is_plain]
    for name, value in fields.items():
        if name == "tags":
            found = [each for each in found if value in each.tags or not each.is_plain]
        else:
            read = _READ[name]
            found = [each for each in found if read(each) == value or not each.is_plain]
    return found
