"""Keeps watch over some folders on one session, until the link dies or it is told to stop.

::

    sync every folder ─► open the first ─► IDLE ─┬─ EXISTS ──► DONE + FETCH, one write ─┐
          ▲                     ▲                ├─ STATUS ──► sync that folder         │
          │                     │                └─ a duty ──► DONE + a round trip      │
          │                     └───────────────────────────────────────────────────────┘
          └── the safety sync, every five minutes, whatever was pushed

One task runs this; nothing else touches the session. Every exit from IDLE asks
for what is above the cursor, because mail that arrives between DONE and its
answer is announced by nobody (catalogue I4).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from vedette.engine.collector import Collector
from vedette.engine.health import HealthBook
from vedette.engine.session import Session
from vedette.engine.watched import Watched
from vedette.engine.world import World
from vedette.errors import FolderError
from vedette.imap import (
    AskStatus,
    EventGroup,
    List,
    Notify,
    NotifyEvent,
    Scope,
    StatusField,
    StatusItem,
)
from vedette.model.account import Account
from vedette.sync import gaps
from vedette.sync.cadence import Cadence, Duty

_log = structlog.stdlib.get_logger(__name__)

#: Refusals of one folder in a row before it is left alone until the next listing (S17).
MAX_REFUSALS = 3

#: What is asked of a folder that is not open.
NUMBERS = (StatusField.MESSAGES, StatusField.UIDNEXT, StatusField.UIDVALIDITY)

#: Where a server has no IDLE that works, its folder is asked this often, in seconds.
NO_IDLE_POLL = 30.0


class Lookout:
    """Watches ``folders`` of one account over one session; the first is the one kept open."""

    __slots__ = (
        "_account",
        "_cadence",
        "_collector",
        "_health",
        "_known_since",
        "_notified",
        "_open",
        "_session",
        "_world",
        "folders",
        "synced_at",
    )

    def __init__(
        self,
        account: Account,
        world: World,
        session: Session,
        folders: Sequence[Watched],
        health: HealthBook,
        *,
        idle_length: float,
        known_since: float | None,
    ) -> None:
        self.folders = {watched.folder.path: watched for watched in folders}
        #: The loop's time at which every folder had been synced once, or None.
        self.synced_at: float | None = None
        self._account = account
        self._world = world
        self._session = session
        self._health = health
        self._known_since = known_since
        self._collector = Collector(account, world, session)
        self._open: Watched | None = None
        self._notified = False
        now = asyncio.get_running_loop().time()
        self._cadence = Cadence(
            world.tempo, now=now, polls=len(folders) > 1, idle_length=idle_length
        )

    async def first_sync(self) -> None:
        """Bring every folder up to date once. Raises FolderError when none can be opened."""
        # The first folder last, so that it is the one left open.
        for watched in reversed(list(self.folders.values())):
            await self._sync(watched)
        if all(watched.failures for watched in self.folders.values()):
            raise FolderError(f"none of the folders of {self._account.id} can be opened")
        await self._subscribe()
        self.synced_at = asyncio.get_running_loop().time()

    async def watch(self) -> None:
        """Watch until cancelled. Raises LinkError when the link ends, StoreError from a commit."""
        while True:
            await self._settled()
            await self._wait()
            await self._attend()

    async def _settled(self) -> None:
        """Take care of everything that was announced, until nothing is left (I2)."""
        home = await self._home()
        while home is not None and self._session.grown > 0:
            await self._told(await self._collector.arrived(home))

    async def _wait(self) -> None:
        session = self._session
        if self._open is not None and session.has("IDLE") and not session.idle_refused:
            await session.idle(self._wake_at(), enough=self._has_news)
        else:
            loop = asyncio.get_running_loop()
            until = min(self._wake_at(), loop.time() + NO_IDLE_POLL)
            await session.wait(until, enough=self._has_news)
            if loop.time() >= until:
                await self._prove()

    async def _attend(self) -> None:
        """Do what the wait ended for."""
        if self._session.grown > 0:
            return  # the next turn of the loop fetches it at once
        await self._pushed()
        now = asyncio.get_running_loop().time()
        duty = self._cadence.due(now)
        if Duty.SAFETY in duty:
            await self._safety()
        elif Duty.REOPEN in duty:
            await self._reopen()
        else:
            if Duty.POLL in duty:
                await self._poll()
            if duty & (Duty.PROOF | Duty.RECHECK):
                await self._prove()
        await self._owed()

    def _has_news(self) -> bool:
        return self._session.grown > 0 or bool(self._session.statuses)

    def _wake_at(self) -> float:
        """Return the loop's time of the next duty, or of the next gap that is due."""
        wake = self._cadence.wake
        dues = [
            due
            for watched in self.folders.values()
            if watched.state is not None and (due := gaps.next_due(watched.state.gaps)) is not None
        ]
        if dues:
            # Gaps are due by the wall clock, because they outlive the process.
            lag = max(0.0, min(dues) - self._world.clock.now())
            wake = min(wake, asyncio.get_running_loop().time() + lag)
        return wake

    async def _prove(self) -> None:
        """Ask for anything above the cursor: a round trip, and the catch-up of every IDLE."""
        home = await self._home()
        if home is not None:
            told = await self._collector.catch_up(home)
            if told:
                await self._told(told)
        await self._proved()

    async def _proved(self) -> None:
        self._cadence.proved(asyncio.get_running_loop().time())
        await self._health.proved()

    async def _told(self, count: int) -> None:
        now = asyncio.get_running_loop().time()
        if count:
            self._cadence.worked(now)
            await self._health.worked(self._collector.announced_at)

    async def _home(self) -> Watched | None:
        """Return the first folder that can be opened, and have it open."""
        for watched in self.folders.values():
            if watched.parked:
                continue
            if self._open is watched and self._session.selected == watched.folder.path:
                return watched
            await self._sync(watched)
            if self._open is watched:
                return watched
        return None

    async def _sync(self, watched: Watched) -> None:
        """Open a folder and bring it up to date; a refusal is the folder's own trouble."""
        try:
            opened = await self._session.examine(watched.folder.path)
        except FolderError as error:
            self._open = None
            watched.failures += 1
            watched.parked = watched.failures >= MAX_REFUSALS
            _log.warning(
                "folder.refused",
                account=self._account.id,
                folder=watched.folder.name,
                error=str(error),
                parked=watched.parked,
            )
            return
        self._open = watched
        watched.failures = 0
        await self._told(await self._collector.sync(watched, opened, known_since=self._known_since))

    async def _safety(self) -> None:
        """Sync every folder and hold it against the store, whatever was pushed (I1, S9)."""
        for watched in reversed(list(self.folders.values())):
            if not watched.parked:
                await self._sync(watched)
                if self._open is watched:
                    await self._told(await self._collector.reconcile(watched))
        now = asyncio.get_running_loop().time()
        self._cadence.synced(now)
        self._cadence.reopened(now)
        await self._proved()

    async def _reopen(self) -> None:
        """Open the first folder anew: some servers show new mail only then (I1)."""
        home = next((each for each in self.folders.values() if not each.parked), None)
        if home is not None:
            await self._sync(home)
        self._cadence.reopened(asyncio.get_running_loop().time())
        await self._proved()

    async def _owed(self) -> None:
        """Ask again for UIDs that are owed, folder by folder."""
        now = self._world.clock.now()
        for watched in list(self.folders.values()):
            if watched.state is not None and gaps.due(watched.state.gaps, now):
                if self._open is not watched:
                    await self._sync(watched)
                if self._open is watched:
                    await self._told(await self._collector.settle_gaps(watched))

    async def _subscribe(self) -> None:
        """Let the server push about the other folders too, where it can (RFC 5465).

        It is an accelerator only: some servers accept it and stay silent (I15).
        """
        others = tuple(list(self.folders)[1:])
        if not others or not self._session.has("NOTIFY"):
            return
        events = (NotifyEvent.MESSAGE_NEW, NotifyEvent.MESSAGE_EXPUNGE)
        reply = await self._session.run(
            Notify(
                groups=(
                    EventGroup(scope=Scope.SELECTED, events=events),
                    EventGroup(scope=Scope.MAILBOXES, events=events, mailboxes=others),
                )
            )
        )
        self._notified = reply.is_ok

    async def _pushed(self) -> None:
        """Sync the folders whose STATUS came unasked and shows more than we have."""
        statuses, self._session.statuses = self._session.statuses, {}
        for path, status in statuses.items():
            watched = self.folders.get(path)
            if watched is not None and self._open is not watched and _is_news(watched, status):
                await self._sync(watched)

    async def _poll(self) -> None:
        """Ask the folders that are not open for their numbers, and sync those that moved."""
        others = [each for each in list(self.folders.values())[1:] if not each.parked]
        self._session.statuses.clear()
        if others and self._session.has("LIST-STATUS") and len(others) > 1:
            await self._session.run(List(status=NUMBERS))
        else:
            for watched in others:
                await self._session.run(AskStatus(mailbox=watched.folder.path, fields=NUMBERS))
        silent = [each for each in others if each.folder.path not in self._session.statuses]
        await self._pushed()
        for watched in silent:
            # A folder whose STATUS does not come is opened instead (S4).
            await self._sync(watched)
        self._cadence.polled(asyncio.get_running_loop().time())


def _is_news(watched: Watched, status: StatusItem) -> bool:
    """Tell whether a STATUS shows anything beyond the cursor; an unknown number does."""
    if watched.state is None:
        return True
    cursor = watched.state.cursor
    if status.uid_validity is not None and status.uid_validity != cursor.uid_validity:
        return True
    return status.uid_next is None or status.uid_next != cursor.last_uid + 1
