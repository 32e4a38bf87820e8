"""Looks through the rolls of all accounts, those that are kept here and those kept elsewhere.

It says who fits by what the rolls say, in order and page by page; whoever asks reads those, and sees
whether they still do. It must not know how accounts are doing: who does chooses.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Final, Protocol

from vedette.model.ids import AccountId, TenantId
from vedette.ports.registration import Registration
from vedette.service.accounts.clerk import Clerk
from vedette.service.accounts.elsewhere import Elsewhere
from vedette.service.accounts.roll import AccountQuery, Entry, Roll, entry_of, fitting
from vedette.service.cabinet import Cabinet
from vedette.store.rows.record import folded

#: Entries that are looked at in one turn of the loop: half a millisecond, less than a page costs
#: that is written.
LOOKED: Final = 1_000


class Choice(Protocol):
    """Chooses among accounts by what is not in a roll."""

    def among(self, entries: list[Entry], stopped: Collection[TenantId]) -> list[Entry]:
        """Return those that may be chosen; of the tenants that are ``stopped`` none is watched."""

    def has(self, registration: Registration) -> bool:
        """Tell whether an account is chosen that was read, as it stands under its tenant."""


class Searching:
    """What is found in all rolls. ``look`` comes first, once for each who asks."""

    __slots__ = ("_elsewhere", "clerk")

    def __init__(self, cabinet: Cabinet, elsewhere: Elsewhere) -> None:
        self._elsewhere = elsewhere
        #: Keeps the roll of what is kept here.
        self.clerk = Clerk(cabinet)

    async def look(self) -> None:
        """Bring the rolls up to what is written by now. Raises StoreError."""
        await self.clerk.look()

    async def found(
        self, query: AccountQuery, tenant: TenantId | None, choice: Choice | None
    ) -> list[AccountId]:
        """Return the next ``query.limit`` ids, fewer where there are no more."""
        kept, others = self.clerk.roll, await self._elsewhere.roll()
        here = await self._among(kept, query, tenant, choice, None)
        there = await self._among(others, query, tenant, choice, kept)
        return sorted({*here, *there})[: query.limit]

    def fits(self, registration: Registration, query: AccountQuery, choice: Choice | None) -> bool:
        """Tell whether an account that was read is asked for."""
        is_fit = bool(fitting([entry_of(registration)], folded(query.text), query.fields))
        return is_fit and (choice is None or choice.has(registration))

    async def _among(
        self,
        roll: Roll,
        query: AccountQuery,
        tenant: TenantId | None,
        choice: Choice | None,
        over: Roll | None,
    ) -> list[AccountId]:
        """Look through one roll; an account that ``over`` has too is left to that one."""
        found: list[AccountId] = []
        text, after = folded(query.text), query.after
        while len(found) < query.limit:
            looked = roll.after(after, tenant, LOOKED)
            entries = fitting(looked, text, query.fields)
            if choice is not None and entries:
                entries = choice.among(entries, self.clerk.stopped)
            found += [
                each.id for each in entries if over is None or over.get(each.id, tenant) is None
            ]
            if len(looked) < LOOKED:
                break
            after = looked[-1].id
            await asyncio.sleep(0)
        return found[: query.limit]
