"""The set of watchers: which accounts are followed now, and what became of each.

Accounts come and go while it runs, each without touching the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator
from contextvars import Context

import structlog

from vedette.engine.assignment import Assignment
from vedette.engine.credential import bearer
from vedette.engine.gate import Gate, LoginRate
from vedette.engine.holding import Holding
from vedette.engine.idle_book import IdleBook
from vedette.engine.login import log_in
from vedette.engine.part import OnCrash, Part
from vedette.engine.session import Session
from vedette.engine.tap import Tap
from vedette.engine.watched import FencedError
from vedette.engine.watcher import Watcher
from vedette.engine.world import World
from vedette.errors import StoreError, VedetteError
from vedette.model.account import AccountState, Health
from vedette.model.ids import AccountId

_log = structlog.stdlib.get_logger(__name__)

#: A watcher whose task ended by a defect is built anew after this, in seconds (V4).
REVIVAL = 30.0

#: How often the wall clock is held against the loop's own, in seconds.
CLOCK_CHECK = 10.0
#: A difference that no clock discipline makes in that time: the machine slept, or was set.
CLOCK_JUMP = 5.0

#: Watchers that begin in one turn of the loop: some 15 microseconds each.
STARTING_AT_ONCE = 50
#: Watchers that say goodbye at once; each has two seconds for it.
STOPPING_AT_ONCE = 200


class Supervisor(Part):
    """Keeps exactly one watcher for each assigned account that is not held."""

    def __init__(
        self, world: World, *, rate: LoginRate | None = None, on_crash: OnCrash | None = None
    ) -> None:
        super().__init__("supervisor", on_crash=on_crash)
        self._world = world
        self._gate = Gate(rate or LoginRate())
        self._idles = IdleBook()
        self._watchers: dict[AccountId, Watcher] = {}
        self._holding = Holding(world)
        self._known: dict[AccountId, Health] = {}
        self._revivals: dict[AccountId, asyncio.TimerHandle] = {}
        # One for all watchers: thousands of them need neither a method nor variables of their own.
        self._on_end = self._watcher_ended
        self._no_variables = Context()

    @property
    def world(self) -> World:
        """What all watchers live in."""
        return self._world

    @property
    def healths(self) -> list[Health]:
        """How every assigned account is doing."""
        return [health for health, _ in self.census()]

    def health(self, account: AccountId) -> Health | None:
        """Return how an assigned account is doing."""
        watcher = self._watchers.get(account)
        return self._holding.health(account) if watcher is None else watcher.health

    def census(self) -> Iterator[tuple[Health, str]]:
        """Give how every assigned account is doing, and the host of its mailbox."""
        for watcher in self._watchers.values():
            yield watcher.health, watcher.target.host
        yield from self._holding

    async def assign(self, assignments: Iterable[Assignment]) -> None:
        """Make these the watched accounts: new ones start, changed ones restart, others end.

        A supervisor that is stopping, or begins to meanwhile, starts nothing any more.
        """
        wanted = {each.account.id: each for each in assignments}
        there = [*self._watchers, *self._holding.accounts()]
        gone = [account for account in there if account not in wanted]
        await self.change(wanted.values(), gone)

    async def change(
        self, assignments: Collection[Assignment], gone: Collection[AccountId]
    ) -> None:
        """Watch these accounts as they are now, those that are gone no more, all others on.

        What is as it was goes on undisturbed. As with ``assign``, nothing starts after the stop.
        """
        changed = [each for each in assignments if not self._is_so(each)]
        await self._stop_watchers([*gone, *(each.account.id for each in changed)])
        begun = 0
        for assignment in changed:
            if assignment.account.id not in self._watchers and not self._stopping:
                self._begin(assignment)
                begun += 1
                if begun % STARTING_AT_ONCE == 0:
                    await asyncio.sleep(0)
        await self._holding.write()

    def _is_so(self, assignment: Assignment) -> bool:
        """Tell whether an account is watched, or held, just as it should be."""
        account = assignment.account
        watcher = self._watchers.get(account.id)
        if watcher is None:
            return self._holding.has(assignment)
        return watcher.account == account and watcher.target == assignment.target

    @property
    def waiting(self) -> int:
        """How many logins wait or are under way."""
        return self._gate.waiting

    def share(self, instances: int) -> None:
        """Log in as one of so many instances that share what each host allows."""
        self._gate.share(instances)

    def attend(self, account: AccountId | None = None, *, sweep: bool = False) -> int:
        """Let an account, or all, look into the journal of guards now; return how many there are.

        For whoever asked that an action be taken back, or posted other guards; with ``sweep``
        they look at the mail that is there already, too.
        """
        asked = [each for name, each in self._watchers.items() if account in {None, name}]
        for watcher in asked:
            watcher.attend(sweep=sweep)
        return len(asked)

    def probe(self, account: AccountId) -> bool:
        """Let an account prove itself now, and do what is due; False where it is not watched."""
        watcher = self._watchers.get(account)
        if watcher is not None:
            watcher.probe()
        return watcher is not None

    def listen(self, account: AccountId, seconds: float) -> Tap | None:
        """Listen to the connections of an account for so long; None where it is not watched.

        Raises ThrottledError where too many accounts are listened to.
        """
        watcher = self._watchers.get(account)
        if watcher is None:
            return None
        tap = self._world.taps.ask(watcher.account, seconds, self._world.clock)
        watcher.listen(tap)
        return tap

    def tap(self, account: AccountId) -> Tap | None:
        """Return what was heard of an account; None where nobody asked of late."""
        return self._world.taps.of(account)

    def canaries(self) -> list[Assignment]:
        """Return the watched accounts that ask for probe mails."""
        return [
            Assignment(account=watcher.account, target=watcher.target)
            for watcher in self._watchers.values()
            if watcher.account.canary is not None and not watcher.is_unread
        ]

    async def visit(self, assignment: Assignment) -> Session:
        """Log in beside the watch, in turn with all others. Raises LinkError."""
        account, target = assignment.account, assignment.target
        token = await bearer(account, self._world)
        async with self._gate.login(target.host):
            return await log_in(account, target, self._world, token=token)

    async def doubt(self, account: AccountId, error: VedetteError | None) -> None:
        """Say that a watch does not see what it should, or does again; raises StoreError."""
        watcher = self._watchers.get(account)
        if watcher is None:
            return
        if error is not None:
            strikes = watcher.health.strikes
            await watcher.story.failed(error, strikes=strikes, degraded=True)
            watcher.probe()
        elif watcher.health.state is AccountState.DEGRADED:
            await watcher.story.connected()

    async def regate(self) -> None:
        """Restart the accounts that may be read now and were not, or the other way round.

        A mailbox that must not be read any more is let go of within seconds, whatever is under way.
        """
        changed = [
            Assignment(account=watcher.account, target=watcher.target)
            for watcher in self._watchers.values()
            if watcher.is_unread is not self._world.guards.is_unread(watcher.account)
        ]
        await self._stop_watchers([each.account.id for each in changed])
        for assignment in changed:
            if assignment.account.id not in self._watchers and not self._stopping:
                self._begin(assignment)

    async def _open(self) -> None:
        self._known = {health.account: health for health in await self._world.store.healths()}
        self.spawn(self._mind_the_clock(), "clock")

    async def _mind_the_clock(self) -> None:
        """Let every link prove itself after the machine slept: its timers slept too (V8)."""
        loop = asyncio.get_running_loop()
        drift = self._world.clock.now() - loop.time()
        back = 0.0
        while True:
            await asyncio.sleep(CLOCK_CHECK)
            before, drift = drift, self._world.clock.now() - loop.time()
            jump = drift - before
            if abs(jump) > CLOCK_JUMP:
                _log.warning("clock.jumped", seconds=jump)
                # A jump forward may be a sleep, in which waits went on; nothing slept backwards.
                back += min(jump, 0.0)
                for watcher in self._watchers.values():
                    watcher.probe()
            if back and await self._redated(back):
                back = 0.0
            await self._holding.write()

    async def _redated(self, seconds: float) -> bool:
        """Let retries wait no longer because the wall clock was set back; False to try again."""
        endpoints = [endpoint.id for endpoint in self._world.endpoints()]
        try:
            await self._world.store.redate(endpoints, seconds=seconds, now=self._world.clock.now())
        except StoreError as error:
            _log.warning("clock.not_redated", error=str(error))
            return False
        self._world.wake(endpoints)
        return True

    async def _close(self) -> None:
        await self._stop_watchers(list(self._watchers))

    def _begin(self, assignment: Assignment) -> None:
        account = assignment.account
        if not self._world.tenure.has(account.id):
            # Lost while others were waited for; whoever keeps the shards assigns it again.
            return
        if account.demand.hold is not None:
            self._holding.take(assignment, self._known.pop(account.id, None))
            return
        watcher = Watcher(
            account,
            assignment.target,
            self._world,
            self._gate,
            self._idles,
            # From here on the watcher keeps it.
            self._known.pop(account.id, None),
        )
        self._watchers[account.id] = watcher
        watcher.start()
        if watcher.task is not None:
            # The task is named by its account: a closure here would be one per mailbox.
            watcher.task.add_done_callback(self._on_end, context=self._no_variables)

    def _watcher_ended(self, task: asyncio.Task[None]) -> None:
        """Report the defect of a watcher that nobody stopped, and build it anew."""
        account = AccountId(task.get_name())
        error = None if task.cancelled() else task.exception()
        watcher = self._watchers.get(account)
        if watcher is None or (error is None and watcher.task is not task):
            # It was stopped, and may have been replaced before this callback came to run.
            return
        if isinstance(error, FencedError):
            # It is the other's now; whoever keeps the shards assigns it again if it is not.
            _log.warning("account.fenced", account=account, reason=str(error))
            if watcher.task is task:
                self._known[account] = watcher.health
                del self._watchers[account]
            return
        _log.error("watcher.crashed", account=account, exc_info=error)
        if watcher.task is task and not self._stopping:
            self._known[account] = watcher.health
            assignment = Assignment(account=watcher.account, target=watcher.target)
            self._revivals[account] = asyncio.get_running_loop().call_later(
                REVIVAL, self._revive, assignment
            )

    def _revive(self, assignment: Assignment) -> None:
        self._revivals.pop(assignment.account.id, None)
        self._begin(assignment)

    async def _stop_watchers(self, accounts: list[AccountId]) -> None:
        for start in range(0, len(accounts), STOPPING_AT_ONCE):
            stopping = []
            for account in accounts[start : start + STOPPING_AT_ONCE]:
                self._world.correspondents.forget(account)
                self._world.audits.forget(account)
                revival = self._revivals.pop(account, None)
                if revival is not None:
                    revival.cancel()
                # Somebody else may have stopped it while others were waited for.
                if (health := self._holding.let_go(account)) is not None:
                    self._known[account] = health
                watcher = self._watchers.pop(account, None)
                if watcher is not None:
                    self._known[account] = watcher.health
                    stopping.append(watcher.stop())
            await asyncio.gather(*stopping)
