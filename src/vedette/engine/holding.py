"""Accounts that are registered and not watched: paused by somebody, or not to be watched as set.

They have a story as the others have: a state, a reason, an event when it begins. It must not know
why they are held.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import structlog

from vedette.engine.assignment import Assignment
from vedette.engine.health import HealthBook, beginning
from vedette.engine.watched import FencedError
from vedette.engine.world import World
from vedette.errors import StoreError
from vedette.model.account import Health
from vedette.model.ids import AccountId
from vedette.sync import story

_log = structlog.stdlib.get_logger(__name__)

#: Stories that are written at once: they go to the disk together.
AT_ONCE = 200


class Holding:
    """The held accounts of one instance."""

    __slots__ = ("_assignments", "_books", "_unwritten", "_world")

    def __init__(self, world: World) -> None:
        self._world = world
        self._assignments: dict[AccountId, Assignment] = {}
        self._books: dict[AccountId, HealthBook] = {}
        self._unwritten: dict[AccountId, None] = {}

    def __iter__(self) -> Iterator[tuple[Health, str]]:
        """Give how each account is doing, and the host of its mailbox."""
        for account, book in self._books.items():
            yield book.health, self._assignments[account].target.host

    def __contains__(self, account: AccountId) -> bool:
        return account in self._books

    def __len__(self) -> int:
        return len(self._books)

    def accounts(self) -> list[AccountId]:
        """Return who is held."""
        return list(self._books)

    def health(self, account: AccountId) -> Health | None:
        """Return how an account is doing; None where it is not held."""
        book = self._books.get(account)
        return None if book is None else book.health

    def has(self, assignment: Assignment) -> bool:
        """Tell whether an account is held just so."""
        return self._assignments.get(assignment.account.id) == assignment

    def take(self, assignment: Assignment, known: Health | None) -> None:
        """Hold an account from now on; ``write`` tells of it."""
        account = assignment.account
        if known is None:
            health = beginning(account, None, self._world.clock.now())
        else:
            health = replace(known, tenant=account.tenant, email=account.email)
        self._assignments[account.id] = assignment
        self._books[account.id] = HealthBook(account, self._world, health)
        self._unwritten[account.id] = None

    def let_go(self, account: AccountId) -> Health | None:
        """Hold an account no more; return how it was doing."""
        self._assignments.pop(account, None)
        self._unwritten.pop(account, None)
        book = self._books.pop(account, None)
        return None if book is None else book.health

    async def write(self) -> None:
        """Write, and tell, what is not written yet; what can not be now is so at the next call."""
        while self._unwritten:
            batch = list(self._unwritten)[:AT_ONCE]
            done = await asyncio.gather(*(self._written(each) for each in batch))
            if not all(done):
                return

    async def _written(self, account: AccountId) -> bool:
        book, assignment = self._books.get(account), self._assignments.get(account)
        if book is None or assignment is None or assignment.account.demand.hold is None:
            self._unwritten.pop(account, None)
            return True
        hold = assignment.account.demand.hold
        try:
            if not story.is_held(book.health, hold) or not book.is_told:
                await book.held(hold)
        except (StoreError, FencedError) as error:
            _log.warning("account.health_unwritten", account=account, error=str(error))
            return False
        if self._assignments.get(account) is assignment:
            self._unwritten.pop(account, None)
        return True
