"""The accounts that others keep: in the configuration file, in a table of the host application.

They are seen in the API beside those of its own, and changed where they are kept. Who follows the
sources fills this. It must not know how a source reads.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from vedette.model.ids import AccountId, TenantId
from vedette.ports.registration import Registration
from vedette.ports.source import Sourced


#: What the configuration file goes by among the sources: they have names, and it has none.
IN_FILE: Final = None


class Elsewhere:
    """What each source read last. An id that two of them have is that of the first.

    The first is the configuration file; the others are in the order of ``arrange``, or as they come.
    """

    __slots__ = ("_by_id", "_by_source", "_ids")

    def __init__(self) -> None:
        self._by_source: dict[str | None, Sequence[Sourced]] = {IN_FILE: ()}
        self._by_id: dict[str, Sourced] = {}
        self._ids: list[str] = []

    def arrange(self, sources: Sequence[str]) -> None:
        """Have these sources and no others, in this order, each with what it has."""
        self._by_source = {each: self._by_source.get(each, ()) for each in (IN_FILE, *sources)}
        self._lay()

    def keep(self, source: str | None, accounts: Sequence[Sourced]) -> None:
        """Take what a source has in the place of what it had."""
        self._by_source[source] = accounts
        self._lay()

    def _lay(self) -> None:
        found: dict[str, Sourced] = {}
        for each in self._by_source.values():
            for one in each:
                found.setdefault(one.registration.account.id, one)
        self._by_id = found
        self._ids = sorted(found)

    def of(self, id_: AccountId, tenant: TenantId | None = None) -> Registration | None:
        """Return an account, or None; another tenant's is not there."""
        found = self._by_id.get(id_)
        if found is None or tenant not in {None, found.registration.account.tenant}:
            return None
        return found.registration

    def after(
        self,
        id_: str,
        *,
        tenant: TenantId | None = None,
        text: str = "",
        fields: Mapping[str, str | bool] | None = None,
    ) -> Iterator[Registration]:
        """Yield accounts after an id, in the order of ids, that a query asks for."""
        for place in range(bisect_right(self._ids, id_), len(self._ids)):
            one = self._by_id[self._ids[place]].registration
            if tenant in {None, one.account.tenant} and _fits(one, text.lower(), fields or {}):
                yield one


def _fits(one: Registration, text: str, fields: Mapping[str, str | bool]) -> bool:
    account = one.account
    if text:
        words = (account.email, account.credentials.user, one.title, one.target.host, *one.tags)
        if text not in " ".join(words).lower():
            return False
    plain: dict[str, object] = {
        "email": account.email,
        "user": account.credentials.user,
        "host": one.target.host,
        "active": one.active,
        "auth": one.grant.auth.value,
        "pause": None if one.pause is None else one.pause.value,
    }
    return all(
        value in one.tags if name == "tags" else plain.get(name) == value
        for name, value in fields.items()
    )
