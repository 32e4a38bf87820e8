"""The accounts that others keep: in the configuration file, in a table of the host application.

They are seen in the API beside those of its own, and changed where they are kept. Who follows the
sources fills this. It must not know how a source reads.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol

from vedette.model.ids import AccountId, TenantId
from vedette.ports.registration import Registration
from vedette.service.accounts.roll import Roll, entry_of

#: Accounts that are entered into the roll in one turn of the loop: a millisecond.
TURN: Final = 200

#: What the configuration file goes by among the sources: they have names, and it has none.
IN_FILE: Final = None


class Kept(Protocol):
    """An account of a source; what is shown of it may be made as often as it is asked for."""

    @property
    def id(self) -> AccountId:
        """Its id."""

    @property
    def tenant(self) -> TenantId:
        """Whose it is."""

    @property
    def registration(self) -> Registration:
        """What is shown of it."""


class Elsewhere:
    """What each source read last. An id that two of them have is that of the first.

    The first is the configuration file; the others are in the order of ``arrange``, or as they come.
    They are joined when somebody asks.
    """

    __slots__ = ("_by_id", "_by_source", "_ids", "_roll")

    def __init__(self) -> None:
        self._by_source: dict[str | None, Iterable[Kept]] = {IN_FILE: ()}
        self._by_id: dict[str, Kept] | None = None
        self._ids: list[str] = []
        self._roll: Roll | None = None

    def arrange(self, sources: Sequence[str]) -> None:
        """Have these sources and no others, in this order, each with what it has."""
        self._by_source = {each: self._by_source.get(each, ()) for each in (IN_FILE, *sources)}
        self._by_id = self._roll = None

    def keep(self, source: str | None, accounts: Iterable[Kept]) -> None:
        """Take what a source has in the place of what it had; it is gone through more than once."""
        self._by_source[source] = accounts
        self._by_id = self._roll = None

    def _laid(self) -> dict[str, Kept]:
        """Return all of them by id."""
        if self._by_id is None:
            found: dict[str, Kept] = {}
            for each in self._by_source.values():
                for one in each:
                    found.setdefault(one.id, one)
            self._by_id, self._ids = found, sorted(found)
        return self._by_id

    def of(self, id_: AccountId, tenant: TenantId | None = None) -> Registration | None:
        """Return an account, or None; another tenant's is not there."""
        found = self._laid().get(id_)
        if found is None or tenant not in {None, found.tenant}:
            return None
        return found.registration

    def after(self, id_: str, *, tenant: TenantId | None = None) -> Iterator[Registration]:
        """Yield accounts after an id, in the order of ids."""
        laid, ids = self._laid(), self._ids
        for place in range(bisect_right(ids, id_), len(ids)):
            one = laid[ids[place]]
            if tenant in {None, one.tenant}:
                yield one.registration

    async def roll(self) -> Roll:
        """Return the roll of all of them, made when it is first asked for."""
        while self._roll is None:
            made, laid = Roll(), self._laid()
            for count, id_ in enumerate(self._ids, start=1):
                made.put(entry_of(laid[id_].registration))
                if count % TURN == 0:
                    await asyncio.sleep(0)
                    if laid is not self._by_id:
                        # Another reading came in between.
                        break
            else:
                self._roll = made
        return self._roll
