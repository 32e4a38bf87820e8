"""Follows one account for as long as it is configured: connect, watch, wait, again.

A watcher owns one task and, through it, one connection (or one per folder
where the account asks for that). Whatever ends a connection is classified,
noted in the account's health, and answered by a wait that fits (V1-V5).
"""

from __future__ import annotations

import asyncio
from contextvars import Context
from functools import partial
from operator import is_not

import structlog

from vedette.engine.credential import bearer
from vedette.engine.discovery import discover
from vedette.engine.gate import Gate
from vedette.engine.health import CONSENT_MISSING, STORE_WAIT, HealthBook, beginning
from vedette.engine.idle_book import IdleBook
from vedette.engine.login import log_in
from vedette.engine.lookout import Lookout
from vedette.engine.session import Session
from vedette.engine.sides import Sides
from vedette.engine.stumbles import Stumbles
from vedette.engine.tap import Tap
from vedette.engine.watched import StaleError, Watched, watched
from vedette.engine.world import World
from vedette.errors import (
    AuthError,
    LinkError,
    NetworkError,
    RevokedError,
    StoreError,
    ThrottledError,
    Trouble,
    VedetteError,
)
from vedette.imap import Noop
from vedette.model.account import Account, Cover, Health
from vedette.model.folder import Folder
from vedette.ports.link import Target
from vedette.ports.reader import ReaderUnavailableError
from vedette.sync.trouble import FRESH, Recovery

_log = structlog.stdlib.get_logger(__name__)

#: The second failure in a row is more than a passing drop (I11).
DEGRADED_AFTER = 2

#: What watchers run in. None has variables of its own, so thousands need no copies.
_NO_VARIABLES = Context()


class Watcher:
    """Watches one account. ``start`` once, ``stop`` any number of times."""

    __slots__ = (
        "_gate",
        "_lookouts",
        "_recovery",
        "_sides",
        "_stumbles",
        "_task",
        "_unread",
        "_world",
        "account",
        "idles",
        "is_unread",
        "story",
        "target",
    )

    def __init__(
        self,
        account: Account,
        target: Target,
        world: World,
        gate: Gate,
        idles: IdleBook,
        health: Health | None,
    ) -> None:
        self.account = account
        self.target = target
        #: Whether it only stays logged in, because the account lacks a consent. For its life.
        self.is_unread = world.guards.is_unread(account)
        self._world = world
        self._gate = gate
        self.idles = idles
        # The state of before is no news again, and new credentials begin with no strikes (A3).
        start = beginning(account, health, world.clock.now())
        #: What it tells of itself.
        self.story = HealthBook(account, world, start)
        self._recovery = Recovery(strikes=start.strikes) if start.strikes else FRESH
        self._stumbles = Stumbles()
        self._lookouts: tuple[Lookout, ...] = ()
        self._task: asyncio.Task[None] | None = None
        self._sides: Sides | None = None
        # The one connection of an account that is not read.
        self._unread: Session | None = None

    @property
    def health(self) -> Health:
        """How the account is doing."""
        return self.story.health

    @property
    def task(self) -> asyncio.Task[None] | None:
        """The task that watches; it ends only by ``stop``, by a fence, or by a defect."""
        return self._task

    def start(self) -> None:
        """Begin to watch."""
        self._task = asyncio.create_task(self._run(), name=self.account.id, context=_NO_VARIABLES)

    async def stop(self) -> None:
        """Say goodbye to the server and end. Idempotent."""
        tasks = [] if self._task is None else [self._task]
        if (sides := self._sides) is not None:
            tasks += [*sides.open.values(), *sides.leaving.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if sides is not None:
            sides.open.clear()

    @property
    def _again(self) -> float | None:
        """Since when all mail is to be looked through anew, until that is done."""
        demand = self.account.demand
        return demand.since if demand.resync > self.health.resynced else None

    def _resynced(self, lookout: Lookout) -> int:
        """Return the last wish to look anew, if every folder of a connection did."""
        is_left = any(each.again is not None for each in lookout.roster)
        return 0 if is_left else self.account.demand.resync

    def listen(self, tap: Tap) -> None:
        """Have somebody hear what is said on the connections that stand, from now on."""
        for lookout in self._lookouts:
            lookout.listen(tap)
        if self._unread is not None:
            self._unread.link.listen(tap)

    def probe(self) -> None:
        """Let every link of the account prove itself now (V8)."""
        for lookout in self._lookouts:
            lookout.probe()

    def attend(self, *, sweep: bool = False) -> None:
        """Let every connection of the account look into the journal of guards now."""
        for lookout in self._lookouts:
            lookout.attend(sweep=sweep)

    async def _run(self) -> None:
        try:
            while not self._recovery.is_parked:
                wait = 0.0
                try:
                    # Held to its end. Below an IDLE are as few frames as can be, for there are many.
                    await self._connection(None)
                except (StaleError, StoreError, ReaderUnavailableError, LinkError) as error:
                    wait = await self._failed(error)
                # Who is parked is told so at once, not after a wait for a try that never comes.
                if not self._recovery.is_parked:
                    await asyncio.sleep(wait)
        except Exception:
            # A watcher that dies of a defect is built anew, and opens sides of its own.
            self._open_sides(())
            raise
        await self.story.park()
        # Parked: a change of the configuration replaces this watcher.
        await asyncio.get_running_loop().create_future()

    async def _failed(self, error: VedetteError) -> float:
        """Note what ended a connection; return how long to wait before the next, in seconds."""
        wait = STORE_WAIT
        if isinstance(error, StaleError):
            # Someone else moved the cursor: read it again, but never in a tight circle.
            self._recovery = self._recovery.failed(Trouble.PROTOCOL)
            wait = self._recovery.wait(Trouble.PROTOCOL, self._world.dice())
        elif isinstance(error, LinkError):
            self._recovery = self._recovery.failed(error.trouble)
            wait = self._wait_after(error)
        await self._noted(error, None if self._recovery.is_parked else wait)
        return wait

    async def _noted(self, error: VedetteError, wait: float | None) -> None:
        _log.warning(
            "account.failed",
            account=self.account.id,
            host=self.target.host,
            code=error.code,
            error=str(error),
            failures=self._recovery.failures,
        )
        self._world.on_failure(self.account.id, error)
        try:
            await self.story.failed(
                error,
                strikes=self._recovery.strikes,
                degraded=self._recovery.failures >= DEGRADED_AFTER or isinstance(error, StoreError),
                attempts=self._recovery.failures,
                wait=wait,
            )
        except StoreError as again:
            # The health is still in memory; the store says so itself when it is back.
            _log.error("account.health_unwritten", account=self.account.id, error=str(again))

    def _wait_after(self, error: LinkError) -> float:
        retry_after = error.retry_after if isinstance(error, ThrottledError) else None
        return self._recovery.wait(error.trouble, self._world.dice(), retry_after)

    async def _connection(self, only: Folder | None) -> None:
        """Log in, watch, and log out; ``only`` is the one folder of a connection of its own."""
        paced = self._world.turnstile.paced
        session = await self._logged_in(only)
        lookout: Lookout | None = None
        try:
            if only is None:
                await self.story.logged_in()
            if self.is_unread:
                self._unread = session
                await self._withheld(session)
            lookout = await paced(self._lookout(session, only))
            self._lookouts += (lookout,)
            await paced(lookout.first_sync())
            if only is None:
                self._recovery = self._recovery.accepted()
                await paced(self.story.connected(resynced=self._resynced(lookout)))
            del paced  # a bound method is 64 octets, and what follows takes days
            await lookout.watch()
        except NetworkError:
            loop = asyncio.get_running_loop()
            self.idles.dropped(self.target, session.quiet, loop.time())
            raise
        finally:
            self._unread = None
            if lookout is not None and lookout.synced_at is not None:
                self._lived(only, asyncio.get_running_loop().time() - lookout.synced_at)
            # A generator here would keep a cell for its name, as long as the watch lasts.
            self._lookouts = tuple(filter(partial(is_not, lookout), self._lookouts))
            await session.logout()

    async def _logged_in(self, only: Folder | None) -> Session:
        # The token first: who waits for a token service must hold no place of the others.
        token = await bearer(self.account, self._world)
        async with self._gate.login(self.target.host):
            if only is None:
                await self.story.dialled()
            return await self._world.turnstile.paced(
                log_in(self.account, self.target, self._world, token=token)
            )

    async def _withheld(self, session: Session) -> None:
        """Stay logged in and read nothing, for as long as the consent is missing.

        Whoever gives it has this watcher replaced. Raises LinkError when the link ends.
        """
        loop = asyncio.get_running_loop()
        self._recovery = self._recovery.accepted()
        reason = self.account.demand.withheld or CONSENT_MISSING
        _log.info("account.unread", account=self.account.id, reason=reason)
        await self.story.unread(reason)
        while True:
            await session.wait(loop.time() + self._world.tempo.proof, enough=lambda: False)
            await session.check(Noop())
            await self.story.proved()

    def _lived(self, only: Folder | None, seconds: float) -> None:
        """Learn how long a connection lived after its first sync (V2)."""
        if only is None:
            self._recovery = self._recovery.survived(seconds)
        elif self._sides is not None:
            curve = self._sides.curves.get(only.path, Recovery())
            self._sides.curves[only.path] = curve.survived(seconds)

    async def _lookout(self, session: Session, only: Folder | None) -> Lookout:
        folders = await self._folders(session, only)
        states = await self._world.store.folders(self.account.id)
        since = [state.cursor.since for state in states]
        return Lookout(
            self.account,
            self._world,
            session,
            watched(folders, states, again=self._again),
            self.story,
            _Surroundings(self, session, only),
            known_since=min(since, default=None),
            stumbles=self._stumbles,
        )

    async def watched(self, session: Session, only: Folder | None) -> list[Watched]:
        """Ask which folders there are; the result carries their stored states."""
        folders = await self._folders(session, only)
        states = await self._world.store.folders(self.account.id)
        return watched(folders, states, again=self._again)

    async def _folders(self, session: Session, only: Folder | None) -> tuple[Folder, ...]:
        """Return the folders of this connection; others may get connections of their own."""
        if only is not None:
            return (only,)
        folders = (await discover(session, self.account)).folders
        # What lies in a quarantine was told of before, and is looked after by the steward.
        folders = self._world.guards.watchable(self.account, folders)
        if self.account.cover is not Cover.CONNECTIONS or self._again is not None:
            # What is looked through anew is so on one connection, whose end is the end of it.
            return folders
        # With NOTIFY one connection tells of all; the server may have learned it meanwhile.
        own = len(folders) if session.has("NOTIFY") else 1
        self._open_sides(folders[own:])
        return folders[:own]

    def cares(self, path: bytes, only: Folder | None) -> bool:
        """Tell whether the connection of a side, or the one of all others, acts in a folder."""
        if only is not None:
            return path == only.path
        return self._sides is None or path not in self._sides.open

    def _open_sides(self, folders: tuple[Folder, ...]) -> None:
        """Give each further folder a connection of its own; those that went away lose theirs."""
        wanted = {folder.path: folder for folder in folders}
        sides = self._sides = self._sides or Sides()
        # Who has left is forgotten: a server may tell of other names at every listing.
        sides.leaving = {path: side for path, side in sides.leaving.items() if not side.done()}
        for path in [each for each in sides.open if each not in wanted]:
            side = sides.open.pop(path)
            side.cancel()
            # Who waits for another to leave has no connection to close.
            sides.leaving.setdefault(path, side)
        for path in sides.curves.keys() - wanted.keys() - sides.leaving.keys():
            del sides.curves[path]
        for path, folder in wanted.items():
            if path not in sides.open or sides.open[path].done():
                side = sides.open[path] = asyncio.create_task(
                    self._side(folder, sides), name=f"watch {self.account.id} {folder.name}"
                )
                side.add_done_callback(self._side_ended)

    async def _side(self, folder: Folder, sides: Sides) -> None:
        """Watch one folder on its own connection, until the credentials are refused.

        A refused login counts as one of the account's strikes; the next listing
        opens the side again, as long as the account is not parked (A2).
        """
        sides.curves[folder.path] = Recovery()
        if (leaving := sides.leaving.get(folder.path)) is not None:
            # Until it has said goodbye the folder has its connection.
            await asyncio.wait([leaving])
        while not self._recovery.is_parked:
            try:
                await self._connection(folder)
            except (AuthError, RevokedError) as error:
                self._recovery = self._recovery.failed(error.trouble)
                await self._noted(error, None)
                return
            except (LinkError, StoreError, StaleError, ReaderUnavailableError) as error:
                trouble = error.trouble if isinstance(error, LinkError) else Trouble.NETWORK
                recovery = sides.curves[folder.path] = sides.curves[folder.path].failed(trouble)
                _log.warning(
                    "folder.failed", account=self.account.id, folder=folder.name, error=str(error)
                )
                asked = error.retry_after if isinstance(error, ThrottledError) else None
                await asyncio.sleep(recovery.wait(trouble, self._world.dice(), asked))

    def _side_ended(self, task: asyncio.Task[None]) -> None:
        """Say why a side ended by a defect; the next listing builds it anew."""
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("folder.crashed", account=self.account.id, exc_info=error)


class _Surroundings:
    """What a lookout asks of its watcher: one small object, because mailboxes are many."""

    __slots__ = ("_only", "_session", "_watcher", "idle_length")

    def __init__(self, watcher: Watcher, session: Session, only: Folder | None) -> None:
        self._watcher = watcher
        self._session = session
        self._only = only
        #: How long an IDLE may last here, in seconds.
        self.idle_length = watcher.idles.meter(watcher.target)

    async def relist(self) -> list[Watched]:
        """Ask the server for the folders."""
        return await self._watcher.watched(self._session, self._only)

    def held(self, quiet: float) -> None:
        """Learn that the link was quiet for so long and yet alive."""
        now = asyncio.get_running_loop().time()
        self._watcher.idles.held(self._watcher.target, quiet, now)

    def cares(self, path: bytes) -> bool:
        """Tell whether what is to be done in a folder is done on this connection."""
        return self._watcher.cares(path, self._only)
