"""The use case of asking whether every message of an account was told.

What was counted is in the state, so any instance tells what all of them found. It must not know who
looks, nor when.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from vedette.imap.names import decode_name
from vedette.model.ids import AccountId
from vedette.ports.completeness import Counted, DayCount
from vedette.ports.store import Store
from vedette.service.accounts.accounts import READ, Accounts
from vedette.service.caller import Caller


class State(Store, Counted, Protocol):
    """What of a store is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """What is known of an account, by folder and day, of the folders that are watched.

    ``uncounted`` are those of them that nobody has held against the ledger yet.
    """

    days: tuple[DayCount, ...] = ()
    uncounted: tuple[str, ...] = ()

    @property
    def missing(self) -> int:
        """How many messages were missing when somebody looked last."""
        return sum(each.missing for each in self.days)

    @property
    def is_complete(self) -> bool | None:
        """Whether nothing was missing; None where a folder was not counted yet, or none is watched."""
        if self.missing:
            return False
        return None if self.uncounted or not self.days else True


class Counts:
    """Tells who may what was counted."""

    def __init__(self, accounts: Accounts, state: State) -> None:
        self._accounts = accounts
        self._state = state

    async def read(self, caller: Caller, id_: AccountId) -> Counting:
        """Return what is known of an account. Raises NotFoundError, StoreError."""
        caller.needs(READ)
        account = (await self._accounts.find(caller, id_)).account.id
        return await counting(self._state, account)


async def counting(state: State, account: AccountId) -> Counting:
    """Return what is known of an account. Raises StoreError."""
    watched = {each.path for each in await state.folders(account)}
    # A folder that was renamed, or is left out by now, has no cursor any more.
    days = tuple(each for each in await state.counts.days(account) if each.path in watched)
    left = watched - {each.path for each in days}
    return Counting(days=days, uncounted=tuple(sorted(map(decode_name, left))))
