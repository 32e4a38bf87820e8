"""Several owners in one simulated world, with everything that can come between them.

The owners, their leases and their moves are the product's own. What is simulated is the table of
the database (answers late, answers lost, cut off), mailboxes that somebody watches, and processes
that are killed, stand still, drain, or have a wrong wall clock. A mailbox writes with its fence,
and stands still now and then at the very point of its commit. All chance comes from one seed.

It judges: a write of an old owner is refused, no two watch a mailbox at once, nobody acts on one
that is another's, and in the end each is watched by one.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass, field, replace
from typing import Final

from tests.ownership.table import Line, Table
from tests.sim.loop import SimulatedLoop, new_loop
from tests.sim.process import Process
from tests.support.memory_ownership import Rows
from vedette.engine.assignment import Assignment
from vedette.engine.gate import LoginRate
from vedette.engine.owner import Owner
from vedette.engine.place import Place
from vedette.engine.watched import FencedError
from vedette.errors import StoreError
from vedette.model.account import Account, Credentials
from vedette.model.ids import AccountId, TenantId
from vedette.ownership.shard import InstanceId, Shard, shard_of
from vedette.ports.link import Target
from vedette.ports.store import Fence

#: Seconds of a stop at the commit point, and of a cut: on both sides of every bound of a lease.
STOPS: Final = (0.5, 4.0, 9.0, 14.0, 20.0, 40.0, 90.0)
#: Seconds until whoever runs an instance starts it again.
REBOOT: Final = (0.5, 25.0)
#: Seconds after the last fault in which each mailbox must have its one watcher: a lifetime to
#: call the dead dead, another for who was cut off itself, and the slices of a rebalance.
PEACE: Final = 120.0
#: Seconds that closing a mailbox takes: servers are slow to say goodbye.
GOODBYE: Final = 2.0


@dataclass(slots=True)
class Tally:
    """What happened, for the judge."""

    accepted: int = 0
    stale_planted: int = 0
    stale_refused: int = 0
    acts: int = 0
    blows: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


class Keeper:
    """Watches the mailboxes of one instance: writes with fences, acts after asking."""

    def __init__(self, cluster: Cluster, node: Node, owner: Owner) -> None:
        self._cluster = cluster
        self._node = node
        self._owner = owner
        self.tasks: dict[AccountId, asyncio.Task[None]] = {}

    @property
    def waiting(self) -> int:
        return 0

    def share(self, instances: int) -> None:
        """There is nobody to log in to."""

    async def assign(self, assignments: Iterable[Assignment]) -> None:
        wanted = [each.account.id for each in assignments]
        gone = [account for account in self.tasks if account not in wanted]
        for account in gone:
            self.tasks[account].cancel()
        if gone:
            await asyncio.wait([self.tasks.pop(account) for account in gone])
        for account in wanted:
            is_watched = account in self.tasks and not self.tasks[account].done()
            if not is_watched and self._owner.has(account):
                watch = self._watch(account)
                self.tasks[account] = asyncio.create_task(watch, name=account)

    async def change(self, assignments: Iterable[Assignment], gone: Collection[AccountId]) -> None:
        """Nobody changes an account here."""
        raise NotImplementedError

    async def _watch(self, account: AccountId) -> None:
        cluster, dice = self._cluster, self._node.dice
        cluster.opened(account, self._node)
        try:
            while True:
                await asyncio.sleep(dice.uniform(0.2, 3.0))
                with suppress(StoreError):
                    if dice.random() < 0.7:
                        await self._write(account)
                    else:
                        await self._act(account)
        except FencedError:
            return
        finally:
            # The goodbye; whoever is killed says none.
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(dice.uniform(0.0, GOODBYE))
            cluster.closed(account, self._node)

    async def _write(self, account: AccountId) -> None:
        cluster, node = self._cluster, self._node
        fence = self._owner.fence(account)
        # The point of the commit: whoever stops here wakes up with a fence in its hand.
        cluster.maybe_stop(node)
        await asyncio.sleep(0)
        if not await node.table.do(lambda: cluster.write(node, fence)):
            raise self._owner.refused(account)

    async def _act(self, account: AccountId) -> None:
        cluster, node = self._cluster, self._node
        was_ours = cluster.is_owner(account, node)
        await self._owner.confirm(account)
        cluster.acted(account, node, was_ours=was_ours)


class Node:
    """One instance: its process, its line, and how often it was started."""

    def __init__(self, cluster: Cluster, number: int) -> None:
        self.name = InstanceId(f"node-{number}")
        self.dice = random.Random(f"{cluster.seed}/{self.name}")
        self.line = Line(dice=self.dice)
        self.table = Table(cluster.rows, self.line, cluster.context)
        self.clock_offset = 0.0
        self.process: Process | None = None
        self.owner: Owner | None = None

    @property
    def is_stopped(self) -> bool:
        now = asyncio.get_running_loop().time()
        return self.process is None or self.process.stopped_until > now


class Cluster:
    """The world of one seed. ``make`` gives an owner: the product's, or one with a defect."""

    def __init__(
        self,
        seed: int,
        *,
        nodes: int = 3,
        mailboxes: int = 24,
        make: Callable[[Place, Table, Node], Owner] | None = None,
    ) -> None:
        self.seed = seed
        self.dice = random.Random(f"{seed}/nemesis")
        self.loop: SimulatedLoop = new_loop(random.Random(f"{seed}/schedule"))
        self.context = Context()
        #: The database's clock is its own, and nobody else has it.
        self.rows = Rows(now=lambda: self.loop.time() + 1e9)
        self.tally = Tally()
        self.checks_epochs = True
        self._make = make or self.honest
        self._watchers: dict[AccountId, list[Node]] = {}
        self._peace = False
        self.assignments = [_assignment(number) for number in range(mailboxes)]
        self.nodes = [Node(self, number) for number in range(nodes)]

    def honest(self, place: Place, table: Table, _node: Node) -> Owner:
        return Owner(place, table, now=self.loop.time)

    def run(self, seconds: float = 300.0) -> Tally:
        """Let it all happen, then peace; return what there was to see."""
        try:
            self.loop.run(self._history(seconds))
        finally:
            self.loop.bury()
        return self.tally

    # What the owners' mailboxes do.

    async def write(self, node: Node, fence: Fence) -> bool:
        """Do what a commit does: compare the epoch, within the write."""
        row = self.rows.shards[Shard(fence.shard)]
        is_owner = (row.owner, row.epoch) == (node.name, fence.epoch)
        self.tally.stale_planted += not is_owner
        if self.checks_epochs and not is_owner:
            self.tally.stale_refused += 1
            return False
        if not is_owner:
            self._fail(f"{node.name} wrote for shard {fence.shard} in the old epoch {fence.epoch}")
        self.tally.accepted += 1
        return True

    def is_owner(self, account: AccountId, node: Node) -> bool:
        """Tell what the table says now."""
        return self.rows.shards[shard_of(account)].owner == node.name

    def acted(self, account: AccountId, node: Node, *, was_ours: bool) -> None:
        """Judge an act on a mailbox, where nobody can refuse it.

        Between an answer and an act lies a moment that nobody can take away; who lost the
        mailbox in it did ask.
        """
        self.tally.acts += 1
        if not was_ours and not self.is_owner(account, node):
            self._fail(f"{node.name} acted on {account}, which is another's")

    def opened(self, account: AccountId, node: Node) -> None:
        """Judge that somebody begins to watch a mailbox."""
        there = self._watchers.setdefault(account, [])
        # One that stands still does nothing; what it does when it wakes is judged then.
        for other in there:
            if other is not node and not other.is_stopped and other.name not in self._excused:
                self._fail(f"{node.name} opened {account} while {other.name} watched it")
        there.append(node)

    def closed(self, account: AccountId, node: Node) -> None:
        """Note that somebody said goodbye to a mailbox."""
        with suppress(ValueError):
            self._watchers[account].remove(node)

    def maybe_stop(self, node: Node) -> None:
        """Stop a process where it is, now and then."""
        if not self._peace and node.process is not None and node.dice.random() < 0.01:
            self._stop(node, node.dice.choice(STOPS))

    # What happens to them.

    async def _history(self, seconds: float) -> None:
        self._excused: dict[InstanceId, float] = {}
        for node in self.nodes:
            self._boot(node)
        end = self.loop.time() + seconds
        blows = (self._kill, self._pause, self._cut, self._lie, self._drain, self._seize)
        while self.loop.time() < end:
            await asyncio.sleep(self.dice.expovariate(1 / 8.0))
            blow = self.dice.choice(blows)
            self.tally.blows[blow.__name__.strip("_")] += 1
            blow(self.dice.choice(self.nodes))
        self._peace = True
        for node in self.nodes:
            node.line.cut_until, node.line.lost = 0.0, 0.0
        await asyncio.sleep(max(STOPS) + REBOOT[1] + PEACE)
        self._judge()

    def _boot(self, node: Node) -> None:
        process = node.process = Process(node.name)
        self.loop.create_task(self._life(node, process), context=process.context)

    async def _life(self, node: Node, process: Process) -> None:
        place = Place(name=node.name, rate=LoginRate(host_per_second=1_000.0))
        owner = node.owner = self._make(place, node.table, node)
        keeper = Keeper(self, node, owner)
        owner.attach(keeper)
        await owner.assign(self.assignments)
        try:
            await owner.start()
            await owner.wait()
        except StoreError:
            pass  # it could not even start, and is started again
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a defect to report
            self._fail(f"{node.name} crashed: {type(error).__name__}: {error}")
        self._fallen(node, process)

    def _fallen(self, node: Node, process: Process) -> None:
        process.die()
        for there in self._watchers.values():
            there[:] = [each for each in there if each is not node]
        node.process = node.owner = None
        delay = self.dice.uniform(*REBOOT)
        self.loop.call_later(delay, self._boot, node, context=self.context)

    def _kill(self, node: Node) -> None:
        if node.process is not None:
            self._fallen(node, node.process)

    def _pause(self, node: Node) -> None:
        self._stop(node, self.dice.choice(STOPS))

    def _stop(self, node: Node, seconds: float) -> None:
        if node.process is not None:
            until = self.loop.time() + seconds
            node.process.stop(until)
            # After it wakes it finds out in a turn or two, and says its goodbyes.
            self._excuse(node, seconds + GOODBYE + 1.0)

    def _excuse(self, node: Node, seconds: float) -> None:
        until = max(self._excused.get(node.name, 0.0), self.loop.time() + seconds)
        self._excused[node.name] = until

        def over() -> None:
            if self._excused.get(node.name, 0.0) <= self.loop.time():
                self._excused.pop(node.name, None)

        self.loop.call_at(until + 0.001, over, context=self.context)

    def _cut(self, node: Node) -> None:
        node.line.cut_until = self.loop.time() + self.dice.choice(STOPS)

    def _lie(self, node: Node) -> None:
        node.clock_offset = self.dice.choice((0.0, 3_600.0, -3_600.0))

    def _drain(self, node: Node) -> None:
        if node.owner is not None and node.owner.started and node.process is not None:
            self.loop.create_task(_ended(node.owner), context=node.process.context)

    def _seize(self, node: Node) -> None:
        """Force a second owner: the rows of one become another's behind its back."""
        others = [each for each in self.nodes if each is not node and each.owner is not None]
        if not others:
            return
        self._excuse(node, 1.0 + 6.0 + GOODBYE)
        taker = self.dice.choice(others)
        for shard in {shard_of(each.account.id) for each in self.assignments}:
            row = self.rows.shards[shard]
            if row.owner == node.name and taker.owner is not None and shard not in taker.owner.held:
                self.rows.shards[shard] = replace(row, owner=taker.name, epoch=row.epoch + 1)

    def _judge(self) -> None:
        for each in self.assignments:
            account = each.account.id
            there = [node.name for node in self._watchers.get(account, [])]
            owner = self.rows.shards[shard_of(account)].owner
            if there != [owner]:
                self._fail(f"in peace {account} is watched by {there}, and is {owner}'s")
        for problem in self.loop.unhandled:
            self._fail(f"nobody caught {problem}")

    def _fail(self, what: str) -> None:
        self.tally.faults.append(f"{self.loop.time():.3f}: {what}")


async def _ended(owner: Owner) -> None:
    await owner.drain(30.0)
    await owner.stop()


def _assignment(number: int) -> Assignment:
    name = f"user-{number}"
    account = Account(
        id=AccountId(name),
        tenant=TenantId("default"),
        email=f"{name}@example.org",
        credentials=Credentials(user=name),
    )
    return Assignment(account=account, target=Target(host="mail.example.org", port=993))
