"""API keys: who may do what, for which tenant, until when.

A key is ``vdt_`` and 256 random bits, shown once. What is kept is its SHA-256: a number of 256
random bits is found by no guess, so a slow hash would only slow us down. Its id is from another
digest of it, so that it is looked up by id and then compared in constant time.
It must not know how a key is sent.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

import structlog

from vedette.errors import StoreError
from vedette.model.ids import TenantId
from vedette.ports.records import Kind, Put, Record, RecordQuery
from vedette.secret import Secret
from vedette.service.accounts.tenant import DEFAULT
from vedette.service.body import known, members
from vedette.service.cabinet import Cabinet, Page, Writing, noted
from vedette.service.caller import ADMIN, Caller
from vedette.service.form import Form
from vedette.service.refusals import ForbiddenError, invalid

_log = structlog.stdlib.get_logger(__name__)

#: What a key begins with: whoever finds one in a log or a commit knows what it is.
PREFIX: Final = "vdt_"

#: Whose the records are that belong to no tenant, such as the keys of admins.
NOBODY: Final = TenantId("")

#: What a key may be allowed, besides ``admin``. ``endpoints:*`` is all of that family.
SCOPES: Final = (
    "accounts:read", "accounts:write", "audit:read", "endpoints:read", "endpoints:write",
    "events:read", "events:write", "guards:read", "guards:write", "keys:read", "keys:write",
    "mail:read", "mail:write", "metrics:read", "oauth:read", "oauth:write", "tenants:read",
)  # fmt: skip
#: Every word that a key may be given.
WORDS: Final = frozenset({ADMIN, *SCOPES, *(f"{scope.partition(':')[0]}:*" for scope in SCOPES)})

#: Seconds between two notes that a key was used: a write for each use would cost more than the use.
NOTED: Final = 60.0
#: Seconds of the longest life of a key: ten years.
LONGEST: Final = 10 * 366 * 86_400.0

#: Octets of a key, digits of its id: 96 bits are the same for no two keys.
_OCTETS: Final = 32
_ID: Final = 24
#: Characters that a key of ours has: 32 octets in base64.
_LENGTH: Final = len(PREFIX) + 43
#: The record that says that the first key was given out.
_FIRST: Final = "first-key"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key without its secret. Without a tenant it is an admin's. Instants are since 1970."""

    id: str
    name: str
    tenant: TenantId | None
    scopes: frozenset[str]
    created_at: float
    expires_at: float | None = None
    last_used_at: float | None = None
    version: int = 0


class Keys:
    """The keys of a state. Every method raises StoreError."""

    def __init__(
        self, cabinet: Cabinet, entropy: Callable[[int], str] = secrets.token_urlsafe
    ) -> None:
        self._cabinet = cabinet
        self._entropy = entropy
        #: When each key was noted as used; one whose note is under way is not noted twice.
        self._noted: dict[str, float] = {}

    async def create(
        self, caller: Caller, given: Mapping[str, object]
    ) -> tuple[ApiKey, Secret[str]]:
        """Make a key and return it with its secret, which nobody is ever told again.

        ``given`` has ``name``, ``tenant``, ``scopes`` and ``expiresAt``. Raises InvalidError, and
        ForbiddenError where the key could do what its maker can not.
        """
        caller.needs("keys:write")
        name, tenant, scopes, expires_at = self._read(caller, given)
        await self._check_tenant(caller, tenant)
        secret = Secret(PREFIX + self._entropy(_OCTETS))
        key = ApiKey(
            id=_id(secret),
            name=name,
            tenant=tenant,
            scopes=scopes,
            created_at=self._cabinet.now(),
            expires_at=expires_at,
        )
        return _key(await self._cabinet.add(caller, _writing(key, secret))), secret

    async def get(self, caller: Caller, id_: str) -> ApiKey:
        """Return a key. Raises NotFoundError."""
        caller.needs("keys:read")
        return _key(await self._cabinet.record(caller, Kind.KEY, id_))

    async def page(
        self, caller: Caller, *, after: str = "", limit: int = 100, tenant: TenantId | None = None
    ) -> Page[ApiKey]:
        """Return keys in the order of their ids: those of a tenant, or all that the caller sees."""
        caller.needs("keys:read")
        if caller.tenant is not None and tenant not in {None, caller.tenant}:
            return Page(items=(), next=None)
        query = RecordQuery(kind=Kind.KEY, tenant=tenant, after=after, limit=limit)
        return await self._cabinet.page(caller, query, _key)

    async def revoke(self, caller: Caller, id_: str) -> None:
        """Take a key away: the next request with it is refused. Raises NotFoundError."""
        caller.needs("keys:write")
        record = await self._cabinet.record(caller, Kind.KEY, id_)
        await self._cabinet.drop(caller, record, "key.revoked", _detail(_key(record)))

    async def caller(self, secret: Secret[str]) -> Caller | None:
        """Return who has a key; None for one that is unknown, revoked or expired."""
        text = secret.reveal()
        if len(text) != _LENGTH or not text.startswith(PREFIX) or not text.isascii():
            return None
        record = await self._cabinet.records.record(Kind.KEY, _id(secret))
        kept = "" if record is None else str(json.loads(record.body)["digest"])
        if not hmac.compare_digest(kept, _digest(secret)) or record is None:
            return None
        key = _key(record)
        if key.expires_at is not None and key.expires_at <= self._cabinet.now():
            return None
        await self._used(record, key)
        return Caller(name=f"key:{key.id}", tenant=key.tenant, scopes=key.scopes)

    async def is_valid(self, caller: Caller) -> bool:
        """Tell whether the key of somebody who was let in is still there, and not expired."""
        _, mark, id_ = caller.name.partition("key:")
        if not mark:
            return True
        found = await self._cabinet.records.record(Kind.KEY, id_)
        return found is not None and (
            found.expires_at is None or found.expires_at > self._cabinet.now()
        )

    async def first(self) -> Secret[str] | None:
        """Make the key of the first admin where there never was a key; None where there was.

        Of several instances that start at once on one state, one makes it.
        """
        records = self._cabinet.records
        if await records.record(Kind.SETTING, _FIRST) is not None:
            return None
        if await records.records(RecordQuery(kind=Kind.KEY, limit=1)):
            return None
        secret = Secret(PREFIX + self._entropy(_OCTETS))
        key = ApiKey(
            id=_id(secret),
            name="first",
            tenant=None,
            scopes=frozenset((ADMIN,)),
            created_at=self._cabinet.now(),
        )
        writing = _writing(key, secret)
        mark = Record(kind=Kind.SETTING, id=_FIRST, tenant=NOBODY, body="{}")
        written = await records.write(
            [Put(record=mark, expected=0), Put(record=writing.record, expected=0)],
            now=key.created_at,
            notes=[noted(Caller(name="start"), writing.what, writing.record, writing.detail)],
        )
        return secret if written.refusal is None else None

    def _read(
        self, caller: Caller, given: Mapping[str, object]
    ) -> tuple[str, TenantId | None, frozenset[str], float | None]:
        now, form = self._cabinet.now(), Form(given)
        name = form.text("name", longest=200)
        tenant = form.optional("tenant", longest=255)
        scopes = frozenset(form.texts("scopes", most=len(WORDS)))
        expires_at = form.raw("expiresAt")
        form.refuse_unknown()
        if not name.strip():
            form.fail("name", "is missing: what the key is for")
        if not scopes:
            form.fail("scopes", "are missing: what the key may do")
        if unknown := sorted(scopes - WORDS):
            form.fail("scopes", f"{unknown[0][:60]!r} is none of {', '.join(sorted(WORDS))}")
        if expires_at is not None and (
            not isinstance(expires_at, float | int) or not now < expires_at <= now + LONGEST
        ):
            form.fail("expiresAt", "is not within the next ten years")
        form.done()
        owner = caller.tenant if tenant is None else TenantId(tenant)
        _check_scopes(caller, owner, scopes)
        return name, owner, scopes, None if expires_at is None else float(str(expires_at))

    async def _check_tenant(self, caller: Caller, tenant: TenantId | None) -> None:
        if tenant is None or tenant == caller.tenant:
            return
        if caller.tenant is None:
            known = await self._cabinet.records.record(Kind.TENANT, tenant)
            if known is not None or tenant == DEFAULT:
                return
        # To a tenant's key nobody else is there, be it the tenant of whoever has none.
        raise invalid("tenant", f"there is no tenant {tenant[:64]!r}")

    async def _used(self, record: Record, key: ApiKey) -> None:
        """Note that a key was used, at most once in a minute. That it can not be noted is no harm."""
        now = self._cabinet.now()
        if now - max(key.last_used_at or 0.0, self._noted.get(key.id, 0.0)) < NOTED:
            return
        self._noted = {id_: at for id_, at in self._noted.items() if now - at < NOTED}
        self._noted[key.id] = now
        body = json.loads(record.body) | {"lastUsedAt": now}
        put = Put(record=replace(record, body=json.dumps(body)), expected=record.version)
        try:
            await self._cabinet.records.write([put], now=now)
        except StoreError as error:
            _log.warning("key.use_not_noted", key=key.id, error=str(error))


def _check_scopes(caller: Caller, tenant: TenantId | None, scopes: Iterable[str]) -> None:
    """Refuse a key that could do more than who makes it."""
    if tenant is None and not caller.is_admin:
        raise ForbiddenError("a key without a tenant is up to an admin")
    for scope in sorted(scopes):
        if scope == ADMIN:
            if tenant is not None:
                raise invalid("scopes", "a key of a tenant is no admin's; name its scopes")
            caller.needs_admin("a key of an admin")
        elif scope.endswith(":*"):
            for each in SCOPES:
                if each.startswith(scope[:-1]):
                    caller.needs(each)
        else:
            caller.needs(scope)


def _digest(secret: Secret[str]) -> str:
    return sha256(secret.reveal().encode()).hexdigest()


def _id(secret: Secret[str]) -> str:
    """Return the id of a key: a digest of its own, so that it says nothing of the one compared."""
    return sha256(b"id:" + secret.reveal().encode()).hexdigest()[:_ID]


def _writing(key: ApiKey, secret: Secret[str]) -> Writing:
    """Return the record of a new key."""
    body = {
        "name": key.name,
        "scopes": sorted(key.scopes),
        "digest": _digest(secret),
        "lastUsedAt": None,
    }
    record = Record(
        kind=Kind.KEY,
        id=key.id,
        tenant=key.tenant or NOBODY,
        body=json.dumps(body),
        label=key.name,
        expires_at=key.expires_at,
    )
    return Writing(record=record, what="key.created", detail=_detail(key))


def _key(record: Record) -> ApiKey:
    body = members(record)
    with known(record):
        return ApiKey(
            id=record.id,
            name=body["name"],
            tenant=None if record.tenant == NOBODY else record.tenant,
            scopes=frozenset(body["scopes"]),
            created_at=record.created_at,
            expires_at=record.expires_at,
            last_used_at=body["lastUsedAt"],
            version=record.version,
        )


def _detail(key: ApiKey) -> dict[str, object]:
    return {"name": key.name, "scopes": sorted(key.scopes)}
