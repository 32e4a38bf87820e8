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
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from vedette.engine.collector import Collector
from vedette.engine.completeness import Completeness
from vedette.engine.docket import Docket
from vedette.engine.guardroom import Guardroom
from vedette.engine.health import HealthBook
from vedette.engine.others import Others
from vedette.engine.roster import Roster
from vedette.engine.session import NOWHERE, Session
from vedette.engine.stumbles import Stumbles
from vedette.engine.tap import Tap
from vedette.engine.watched import Watched
from vedette.engine.world import World
from vedette.errors import FolderError, LinkError, ProtocolError
from vedette.model.account import Account
from vedette.sync.cadence import Cadence, Duty

_log = structlog.stdlib.get_logger(__name__)

#: Where a server has no IDLE that works, its folder is opened anew this often, in seconds.
NO_IDLE_POLL = 30.0

#: EXISTS that brought nothing, in a row, before they are left to the next check (I5, I16).
FRUITLESS = 3
#: Seconds for which they are.
BREATH = 2.0

INBOX = b"INBOX"


class Surroundings(Protocol):
    """What a lookout has to know of the account and the host around its session."""

    async def relist(self) -> Sequence[Watched]:
        """Ask the server for the folders again."""

    def idle_length(self) -> float:
        """Return how long an IDLE may last on this host, in seconds."""

    def held(self, quiet: float) -> None:
        """Learn that the link was quiet for so many seconds and yet alive."""

    def cares(self, path: bytes) -> bool:
        """Tell whether what is to be done in a folder is done on this connection."""


class Lookout:
    """Watches ``folders`` of one account over one session; the first is the one kept open."""

    __slots__ = (
        "_account",
        "_cadence",
        "_collector",
        "_fruitless",
        "_guardroom",
        "_health",
        "_known_since",
        "_open",
        "_probe",
        "_session",
        "_surroundings",
        "_world",
        "roster",
        "synced_at",
    )

    def __init__(
        self,
        account: Account,
        world: World,
        session: Session,
        folders: Sequence[Watched],
        health: HealthBook,
        surroundings: Surroundings,
        *,
        known_since: float | None,
        stumbles: Stumbles,
    ) -> None:
        self.roster = Roster(folders)
        #: The loop's time at which every folder had been synced once, or None.
        self.synced_at: float | None = None
        self._account = account
        self._world = world
        self._session = session
        self._health = health
        self._known_since = known_since
        self._surroundings = surroundings
        docket = Docket()
        self._collector = Collector(account, world, session, stumbles, docket)
        self._guardroom = Guardroom(account, world, session, self._collector, docket, surroundings)
        self._open: Watched | None = None
        self._fruitless = 0
        self._probe = False
        now = asyncio.get_running_loop().time()
        self._cadence = Cadence(world.tempo, now=now, idle_length=surroundings.idle_length)

    async def first_sync(self) -> None:
        """Bring every folder up to date once. Raises FolderError when none can be opened."""
        await self._guardroom.acquainted()
        # The first folder last, so that it is the one left open.
        for watched in reversed(list(self.roster)):
            await self._sync(watched)
        if all(watched.failures for watched in self.roster):
            raise FolderError(f"none of the folders of {self._account.id} can be opened")
        if self._known_since is None:
            # From here on a folder without a cursor was made or renamed: its mail is news (S3).
            states = [each.state for each in self.roster if each.state is not None]
            self._known_since = min((state.cursor.since for state in states), default=None)
        await self._others.subscribe(self._collector.items)
        self.synced_at = asyncio.get_running_loop().time()

    async def watch(self) -> None:
        """Watch until cancelled. Raises LinkError when the link ends, StoreError from a commit."""
        while True:
            await self._settled()
            self._strayed()
            if await self._swept():
                continue
            await self._news()
            # A guard that came meanwhile has to know whom the user wrote to before it judges.
            # Another folder is open after that, so this turn ends.
            if not await self._guardroom.acquainted():
                await self._attend()

    @property
    def _others(self) -> Others:
        """What is told of the folders that are not open; made when asked for, as most have none."""
        return Others(self._session, self.roster)

    def probe(self) -> None:
        """Let the link prove itself now; the machine may have slept (catalogue V8)."""
        self._probe = True
        self._session.link.wake()

    def listen(self, tap: Tap) -> None:
        """Have somebody hear what is said on the link from now on."""
        self._session.link.listen(tap)

    def attend(self, *, sweep: bool) -> None:
        """Look into the journal now, and with ``sweep`` at the mail that is there already."""
        self._guardroom.attend(sweep=sweep)
        self._session.link.wake()

    async def _settled(self) -> None:
        """Take care of what was announced (I2); duties are not kept waiting by a flood (I16)."""
        home = await self._home()
        while self._session.grown > 0:
            told = await self._collector.arrived(home)
            told += await self._acted(home)
            self._fruitless = 0 if told else self._fruitless + 1
            await self._told(told)
            if self._fruitless >= FRUITLESS or self._due():
                return

    def _news(self) -> Awaitable[None]:
        """Return what to wait on; no frame of its own stays below an IDLE, for there are many."""
        session, loop = self._session, asyncio.get_running_loop()
        idles = session.has("IDLE") and not session.idle_refused
        if not idles:
            # The next look is near anyway, and sees what came meanwhile.
            self._cadence.settled()
        until, enough = self._wake_at(), self._has_news
        if self._fruitless >= FRUITLESS:
            # The number of messages moves without new ones: it is looked at again, not at once.
            until, enough = min(until, loop.time() + BREATH), self._is_probed
            self._fruitless = 0
        if idles:
            return session.idle(until, enough=enough)
        return self._pause(min(until, loop.time() + NO_IDLE_POLL), enough)

    async def _pause(self, until: float, enough: Callable[[], bool]) -> None:
        """Wait where there is no IDLE, and look anew when nothing was said."""
        await self._session.wait(until, enough=enough)
        if asyncio.get_running_loop().time() >= until:
            await self._reopen()

    async def _attend(self) -> None:
        """Do what the wait ended for."""
        duty = self._due()
        if self._session.grown > 0 and not duty:
            return  # the next turn of the loop fetches it at once
        if self._session.overflowed:
            self._session.overflowed = False
            duty |= Duty.POLL
        await self._pushed()
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
        if self._guardroom.is_due:
            await self._told(await self._acted(await self._home()))

    def _due(self) -> Duty:
        duty = self._cadence.due(asyncio.get_running_loop().time())
        if duty and not self.roster.others:
            duty &= ~Duty.POLL
        return duty | Duty.PROOF if self._probe else duty

    def _has_news(self) -> bool:
        session = self._session
        return (
            session.has_arrivals
            or bool(session.statuses)
            or session.overflowed
            or self._is_probed()
            or self._guardroom.is_due
        )

    def _is_probed(self) -> bool:
        return self._probe

    def _wake_at(self) -> float:
        """Return the loop's time of the next duty, or of the next gap that is due."""
        wake = self._cadence.wake(polls=bool(self.roster.others))
        # Gaps are due by the wall clock, because they outlive the process.
        lag = self.roster.next_gap(self._world.clock.now())
        if (due := self._guardroom.due) is not None:
            wake = min(wake, due)
        return wake if lag is None else min(wake, asyncio.get_running_loop().time() + lag)

    async def _prove(self) -> None:
        """Ask for anything above the cursor: a round trip, and the catch-up of every IDLE."""
        home = await self._home()
        quiet = self._session.quiet
        told = await self._collector.catch_up(home)
        told += await self._acted(home)
        self._surroundings.held(quiet)
        await self._told(told)
        await self._proved()

    async def _proved(self) -> None:
        self._probe = False
        self._cadence.proved(asyncio.get_running_loop().time())
        await self._health.proved()

    async def _acted(self, watched: Watched) -> int:
        """Do what guards decided; return the messages told that came meanwhile."""
        return await self._guardroom.act(watched, self._known_since)

    async def _swept(self) -> bool:
        """Let guards look at some mail that is there already; return whether there was any."""
        if await self._guardroom.correspond():
            return True
        watched = self._guardroom.next(self.roster)
        if watched is None:
            return False
        if self._open is not watched or self._session.selected != watched.folder.path:
            await self._sync(watched)
        is_open = self._open is watched
        await self._guardroom.sweep(watched, is_open=is_open)
        if is_open:
            await self._told(await self._acted(watched))
        return True

    async def _told(self, count: int) -> None:
        if count:
            self._cadence.worked(asyncio.get_running_loop().time())
            await self._health.worked(self._collector.announced_at)

    async def _home(self) -> Watched:
        """Have the first folder open that can be. Raises FolderError when there is none."""
        while (home := self.roster.home) is not None:
            if self._open is not home or self._session.selected != home.folder.path:
                await self._sync(home)
            if self._open is home:
                return home
        raise FolderError(f"none of the folders of {self._account.id} can be opened any more")

    async def _sync(self, watched: Watched, *, thorough: bool = False) -> None:
        """Open a folder and bring it up to date; a refusal is the folder's own trouble.

        ``thorough`` holds it against the store too (S9).

        INBOX is always there (RFC 9051 section 5.1): without it there is no watch.
        """
        self._open = None
        try:
            opened = await self._session.examine(watched.folder.path)
            told, opened = await self._guardroom.stragglers(watched, opened)
            told += await self._collector.sync(watched, opened, known_since=self._known_since)
            if watched.again is not None:
                told += await self._collector.again(watched, watched.again)
            if thorough:
                told += await self._collector.reconcile(watched)
            told += await self._acted(watched)
        except (FolderError, ProtocolError) as error:
            if self._session.link.is_lost or watched.folder.path == INBOX:
                raise
            self.roster.refused(watched)
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
        # What came after UIDNEXT was told and before the answer is announced by nobody (I2).
        self._cadence.worked(asyncio.get_running_loop().time())
        await self._told(told)

    async def _safety(self) -> None:
        """List and sync every folder, and hold it against the store, whatever was pushed (I1)."""
        await self._listed()
        for watched in reversed(list(self.roster)):
            await self._sync(watched, thorough=True)
        now = asyncio.get_running_loop().time()
        self._cadence.synced(now)
        self._cadence.reopened(now)
        await self._proved()

    async def _listed(self) -> None:
        """Learn of folders that were made, deleted or came back (I14, S17)."""
        try:
            listed = await self._surroundings.relist()
        except LinkError as error:
            if self._session.link.is_lost or not isinstance(error, (FolderError, ProtocolError)):
                raise
            # One bad listing is no reason to let go of a folder.
            _log.warning("folders.unlisted", account=self._account.id, error=str(error))
            return
        if self.roster.relisted(listed):
            await self._others.subscribe(self._collector.items)

    async def _reopen(self) -> None:
        """Open the first folder anew: some servers show new mail only then (I1, I10)."""
        self._open = None
        await self._home()
        self._cadence.reopened(asyncio.get_running_loop().time())
        await self._proved()

    async def _owed(self) -> None:
        """Ask again for UIDs that are owed, and hold one folder against the ledger at times."""
        audit = Completeness(self._account, self._world, self._collector)
        for watched in [*self.roster.owing(self._world.clock.now()), *audit.due(self.roster)]:
            if self._open is not watched:
                await self._sync(watched)
            if self._open is watched:
                told = await audit.settle(watched)
                await self._told(told + await self._acted(watched))

    async def _pushed(self) -> None:
        """Sync the folders whose numbers came unasked and show more than we have."""
        for watched in self._others.moved():
            if self._open is not watched:
                await self._sync(watched)

    def _strayed(self) -> None:
        """Look after other folders that were open: NOTIFY tells of what is not, IDLE of what is.

        What comes behind the last look at a folder and before the next one is open is
        announced to nobody who listens. Without NOTIFY they are asked each minute anyway.
        """
        session = self._session
        visited, session.visited = session.visited, NOWHERE
        left = [path for path in visited if path != session.selected and self.roster.get(path)]
        if left and session.has("NOTIFY"):
            self._cadence.strayed(asyncio.get_running_loop().time())

    async def _poll(self) -> None:
        """Ask the folders that are not open for their numbers, and sync those that moved."""
        for watched in await self._others.asked():
            before = watched.state
            await self._sync(watched)
            if watched.state is before:
                # Some always look as if there were news (S4): no reason to come back soon.
                self._session.visited -= {watched.folder.path}
        self._cadence.polled(asyncio.get_running_loop().time())
