"""Follows one account for as long as it is configured: connect, watch, wait, again.

A watcher owns one task and, through it, one connection (or one per folder
where the account asks for that). Whatever ends a connection is classified,
noted in the account's health, and answered by a wait that fits (V1-V5).
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from hashlib import blake2b

import structlog

from vedette.engine.discovery import discover
from vedette.engine.gate import Gate
from vedette.engine.health import HealthBook
from vedette.engine.idle_book import IdleBook
from vedette.engine.login import log_in
from vedette.engine.lookout import Lookout
from vedette.engine.session import Session
from vedette.engine.watched import FencedError, StaleError, Watched
from vedette.engine.world import World
from vedette.errors import LinkError, StoreError, ThrottledError, Trouble, VedetteError
from vedette.model.account import Account, Cover, Health
from vedette.model.folder import Folder
from vedette.ports.link import Target
from vedette.ports.reader import ReaderUnavailableError
from vedette.sync.trouble import Recovery

_log = structlog.stdlib.get_logger(__name__)

#: A store that can not write is asked again after this, in seconds; the mail waits (V14).
STORE_WAIT = 5.0

#: The second failure in a row is more than a passing drop (I11).
DEGRADED_AFTER = 2


class Watcher:
    """Watches one account. ``start`` once, ``stop`` any number of times."""

    __slots__ = (
        "_gate",
        "_health",
        "_idles",
        "_recovery",
        "_sides",
        "_task",
        "_world",
        "account",
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
        self._world = world
        self._gate = gate
        self._idles = idles
        credential = fingerprint(account)
        fresh = Health(
            account=account.id,
            tenant=account.tenant,
            email=account.email,
            since=world.clock.now(),
            credential=credential,
        )
        known = health if health is not None and health.credential == credential else None
        # New credentials begin with no strikes (A3); the state of before is no news again.
        start = fresh if known is None else replace(known, email=account.email)
        self._health = HealthBook(account, world, start)
        self._recovery = Recovery(strikes=start.strikes)
        self._task: asyncio.Task[None] | None = None
        self._sides: dict[bytes, asyncio.Task[None]] = {}

    @property
    def health(self) -> Health:
        """How the account is doing."""
        return self._health.health

    @property
    def task(self) -> asyncio.Task[None] | None:
        """The task that watches; it ends only by ``stop``, by a fence, or by a defect."""
        return self._task

    def start(self) -> None:
        """Begin to watch."""
        self._task = asyncio.create_task(self._run(), name=f"watch {self.account.id}")

    async def stop(self) -> None:
        """Say goodbye to the server and end. Idempotent."""
        tasks = [task for task in (self._task, *self._sides.values()) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._sides.clear()

    async def _run(self) -> None:
        while not self._recovery.is_parked:
            wait = await self._once()
            await asyncio.sleep(wait)
        await self._health.parked()
        # Parked: a change of the configuration replaces this watcher.
        await asyncio.get_running_loop().create_future()

    async def _once(self) -> float:
        """Hold one connection to its end; return how long to wait before the next."""
        try:
            await self._connection(None)
        except StaleError:
            return 0.0
        except (StoreError, ReaderUnavailableError) as error:
            await self._noted(error)
            return STORE_WAIT
        except LinkError as error:
            self._recovery = self._recovery.failed(error.trouble)
            await self._noted(error)
            return self._wait_after(error)
        return 0.0

    async def _noted(self, error: VedetteError) -> None:
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
            await self._health.failed(
                error,
                strikes=self._recovery.strikes,
                degraded=self._recovery.failures >= DEGRADED_AFTER or isinstance(error, StoreError),
            )
        except StoreError as again:
            # The health is still in memory; the store says so itself when it is back.
            _log.error("account.health_unwritten", account=self.account.id, error=str(again))

    def _wait_after(self, error: LinkError) -> float:
        retry_after = error.retry_after if isinstance(error, ThrottledError) else None
        return self._recovery.wait(error.trouble, self._world.dice(), retry_after)

    async def _connection(self, only: Folder | None) -> None:
        """Log in, watch, and log out; ``only`` is the one folder of a connection of its own."""
        async with self._gate.login(self.target.host):
            session = await log_in(self.account, self.target, self._world)
        loop = asyncio.get_running_loop()
        lookout: Lookout | None = None
        try:
            lookout = await self._lookout(session, only)
            await lookout.first_sync()
            if only is None:
                self._recovery = self._recovery.accepted()
                await self._health.connected()
            await lookout.watch()
        except LinkError:
            now = loop.time()
            self._idles.dropped(self.target, now - session.link.last_heard)
            if only is None and lookout is not None and lookout.synced_at is not None:
                self._recovery = self._recovery.survived(now - lookout.synced_at)
            raise
        finally:
            await session.logout()

    async def _lookout(self, session: Session, only: Folder | None) -> Lookout:
        if only is None:
            folders = (await discover(session, self.account)).folders
            if self.account.cover is Cover.CONNECTIONS and not session.has("NOTIFY"):
                self._open_sides(folders[1:])
                folders = folders[:1]
        else:
            folders = (only,)
        states = {state.path: state for state in await self._world.store.folders(self.account.id)}
        since = min((state.cursor.since for state in states.values()), default=None)
        return Lookout(
            self.account,
            self._world,
            session,
            [Watched(folder, states.get(folder.path)) for folder in folders],
            self._health,
            idle_length=self._idles.length(self.target),
            known_since=since,
        )

    def _open_sides(self, folders: tuple[Folder, ...]) -> None:
        """Give each further folder a connection of its own; those that went away lose theirs."""
        wanted = {folder.path: folder for folder in folders}
        for path in self._sides.keys() - wanted.keys():
            self._sides.pop(path).cancel()
        for path, folder in wanted.items():
            if path not in self._sides or self._sides[path].done():
                self._sides[path] = asyncio.create_task(
                    self._side(folder), name=f"watch {self.account.id} {folder.name}"
                )

    async def _side(self, folder: Folder) -> None:
        recovery = Recovery()
        while True:
            wait = 0.0
            try:
                await self._connection(folder)
            except StaleError:
                continue
            except (LinkError, StoreError) as error:
                trouble = error.trouble if isinstance(error, LinkError) else Trouble.NETWORK
                recovery = recovery.failed(trouble)
                wait = recovery.wait(trouble, self._world.dice())
                _log.warning(
                    "folder.failed", account=self.account.id, folder=folder.name, error=str(error)
                )
            except FencedError:
                return
            await asyncio.sleep(wait)


def fingerprint(account: Account) -> str:
    """Return 16 bits of the credentials: enough to see a change, too few to guess from."""
    credentials = account.credentials
    secret = credentials.token or credentials.password
    text = f"{credentials.user}\0{'' if secret is None else secret.reveal()}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=2).hexdigest()
