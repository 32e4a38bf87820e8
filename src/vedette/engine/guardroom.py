"""What stands behind a lookout where guards are posted: who acts, goes ahead, sweeps, reads up.

They come when the first guard is posted to the account; before that this costs one look at an
empty tuple. It must not know when a lookout waits and for what.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Protocol

from vedette.engine.collector import Collector
from vedette.engine.docket import Docket
from vedette.engine.letterbook import Letterbook
from vedette.engine.session import Session
from vedette.engine.steward import Steward
from vedette.engine.sweep import Sweep
from vedette.engine.vanguard import Vanguard
from vedette.engine.watched import Watched
from vedette.engine.world import World
from vedette.model.account import Account
from vedette.sync.plan import Opened


class Bounds(Protocol):
    """What is done on this connection, and what on another of the account."""

    def cares(self, path: bytes) -> bool:
        """Tell whether what is to be done in a folder is done here."""


class Guardroom:
    """The guards' people on one session."""

    __slots__ = (
        "_account",
        "_bounds",
        "_collector",
        "_docket",
        "_letterbook",
        "_session",
        "_steward",
        "_sweep",
        "_world",
    )

    def __init__(
        self,
        account: Account,
        world: World,
        session: Session,
        collector: Collector,
        docket: Docket,
        bounds: Bounds,
    ) -> None:
        self._account = account
        self._world = world
        self._session = session
        self._collector = collector
        self._docket = docket
        self._bounds = bounds
        self._letterbook: Letterbook | None = None
        self._steward: Steward | None = None
        self._sweep: Sweep | None = None

    @property
    def due(self) -> float | None:
        """The loop's time at which there is something to do; None: nothing is known of."""
        return self._docket.due if self._is_manned() else None

    @property
    def is_due(self) -> bool:
        """Whether there is something to do now."""
        due = self.due
        if due is not None and due <= asyncio.get_running_loop().time():
            return True
        return self._sweep is not None and self._sweep.is_due

    def attend(self, *, sweep: bool) -> None:
        """Look into the journal at the next turn, and with ``sweep`` at the mail that is there."""
        self._docket.due = 0.0
        if sweep and self._sweep is not None:
            self._sweep.again()
        if sweep and self._letterbook is not None:
            self._letterbook.again()

    async def acquainted(self) -> bool:
        """Learn whom the user wrote to if a guard asks for it and nothing is known of it yet.

        All of it at once: what is judged before could be taken away although its sender is known.
        Return whether another folder is open now.
        """
        if not self._is_manned() or (letterbook := self._letterbook) is None:
            return False
        letterbook.drop()
        was_due = letterbook.is_first
        while letterbook.is_first:
            await letterbook.turn()
        return was_due

    async def correspond(self) -> bool:
        """Look at some of what the user wrote, if it is time; return whether there was any."""
        letterbook = self._letterbook
        if letterbook is None or not letterbook.is_due:
            return False
        await letterbook.turn()
        return True

    async def stragglers(self, watched: Watched, opened: Opened) -> tuple[int, Opened]:
        """Tell of what was moved ahead of its commit, and lost that; return how many.

        What an earlier life began is brought to its end first: a message may be gone that was
        not told of. The second value is how the folder, which is open, stands after that.
        """
        if not self._is_manned() or self._steward is None or watched.state is None:
            return 0, opened
        path = watched.folder.path
        if self._steward.is_due:
            opened = await self._steward.carry_out(path) or opened
        told = await self._collector.stragglers(watched)
        # Another folder was open meanwhile: this one may be another too.
        return told, await self._session.examine(path) if told else opened

    async def act(self, watched: Watched, known_since: float | None) -> int:
        """Do what guards decided; ``watched`` is open. Return the messages told meanwhile."""
        told, docket, steward = 0, self._docket, self._steward
        while self._is_manned() and (steward := self._steward) is not None:
            opened = await steward.carry_out(watched.folder.path) if steward.is_due else None
            if opened is None:
                if not docket.reopened:
                    break
                opened = await self._session.examine(watched.folder.path)
            docket.reopened = False
            # Other folders were open: what came to this one was announced by nobody (I2).
            told += await self._collector.sync(watched, opened, known_since=known_since)
        return told

    def next(self, folders: Iterable[Watched]) -> Watched | None:
        """Return the folder whose mail is to be looked at next, if there is one."""
        return self._sweep.next(folders) if self._is_manned() and self._sweep else None

    async def sweep(self, watched: Watched, *, is_open: bool) -> None:
        """Look at some mail of a folder, or leave the folder out as it can not be opened."""
        if self._sweep is None:
            return
        if is_open:
            await self._sweep.turn(watched)
        else:
            self._sweep.skip(watched)

    def _is_manned(self) -> bool:
        """Tell whether a guard is posted to the account, and have its people here."""
        world, journal = self._world, self._world.journal
        if self._steward is not None:
            return True
        if journal is None or not world.guards.covering(self._account):
            return False
        account, docket = self._account, self._docket
        steward = Steward(account, world, journal, self._session, docket, cares=self._bounds.cares)
        self._steward = steward
        self._letterbook = Letterbook(account, world, self._session)
        self._sweep = Sweep(account, world, journal, self._collector.fetching, docket)
        self._collector.vanguard = Vanguard(account, world, journal, steward, docket)
        return True
