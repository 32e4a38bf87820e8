"""A million mailboxes on twenty instances, simulated: who watches what, and what is dark how long.

::

    python -m bench.cluster [--mailboxes N] [--instances N] [--logins N] [--output FILE]

The owners, leases, wishes and moves are the product's own, in the event loop of the simulator,
where time jumps. What is modelled is the table (answers in some milliseconds) and the mailboxes:
a mailbox is dark from when its session ends until its turn to log in has come, at the rate that
one instance has. Must not know: how a mailbox is watched.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextvars import Context
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import structlog

from bench.results import FOLDER, begin
from tests.sim.loop import new_loop
from tests.sim.process import Process
from tests.support.memory_ownership import MemoryOwnership, Rows
from vedette.engine.assignment import Assignment
from vedette.engine.gate import LoginRate
from vedette.engine.owner import Owner
from vedette.engine.place import Place
from vedette.errors import StoreError
from vedette.model.account import Account, Credentials
from vedette.model.ids import AccountId, TenantId
from vedette.ownership.shard import SHARDS, InstanceId, Shard, shard_of
from vedette.ports.link import Target

OUTPUT: Final = FOLDER / "cluster.json"

#: Seconds of an answer of the database: a look at 4,096 rows from another machine.
ANSWER: Final = 0.005


class Away(MemoryOwnership):
    """The table with the time that an answer takes; ``is_cut`` is an outage."""

    async def _reach(self) -> None:
        await asyncio.sleep(ANSWER)
        if self.is_cut:
            # As long as a person waits for a line that is dead.
            await asyncio.sleep(10.0)
            raise StoreError("the database is away (simulated)")


@dataclass(slots=True)
class Book:
    """What became of the mailboxes of each shard: since when they are dark, and for how long.

    ``waits`` are (seconds dark, mailboxes) of all that came back; ``moved`` are shards that were
    opened by another one than before.
    """

    dark_since: dict[Shard, float] = field(default_factory=dict)
    last: dict[Shard, InstanceId] = field(default_factory=dict)
    waits: list[tuple[float, int]] = field(default_factory=list)
    logins: list[float] = field(default_factory=list)
    moved: int = 0

    def clear(self) -> None:
        """Begin a scene."""
        self.waits, self.logins, self.moved = [], [], 0


class Mailboxes:
    """What one instance watches: whole shards, whose mailboxes log in one after the other."""

    def __init__(self, name: InstanceId, book: Book, sizes: dict[Shard, int], rate: float) -> None:
        self._name = name
        self._book = book
        self._sizes = sizes
        self._rate = rate
        self._there: set[Shard] = set()
        self._head = 0.0
        self._queue: deque[tuple[float, Shard]] = deque()

    @property
    def waiting(self) -> int:
        """How many are not logged in yet."""
        return max(0, int((self._head - asyncio.get_running_loop().time()) * self._rate))

    def share(self, instances: int) -> None:
        """Do nothing: what hosts allow is above what twenty instances do."""

    async def assign(self, assignments: Iterable[Assignment]) -> None:
        """Watch the shards of these accounts, and no others."""
        now = asyncio.get_running_loop().time()
        wanted = {shard_of(AccountId(each)) for each in {one.account.id for one in assignments}}
        self.close(self._there - wanted, now)
        for shard in sorted(wanted - self._there):
            self._open(shard, now)
        self._there = wanted

    async def change(self, assignments: Iterable[Assignment], gone: Iterable[AccountId]) -> None:
        """Nobody changes an account here."""
        raise NotImplementedError

    def close(self, shards: Iterable[Shard], now: float) -> None:
        """End the sessions of shards."""
        for shard in shards:
            self._book.dark_since[shard] = now

    def die(self, now: float) -> None:
        """End all of them at once, without a word."""
        self.close(self._there, now)
        self._there = set()

    def _open(self, shard: Shard, now: float) -> None:
        book, size = self._book, self._sizes[shard]
        since = book.dark_since.pop(shard, now)
        book.moved += book.last.get(shard, self._name) != self._name
        book.last[shard] = self._name
        for _ in range(size):
            self._head = max(self._head, now) + 1.0 / self._rate
            book.waits.append((self._head - since, 1))
            book.logins.append(self._head)


@dataclass(slots=True)
class Node:
    """One instance while it runs."""

    name: InstanceId
    table: Away
    mailboxes: Mailboxes
    owner: Owner
    process: Process


@dataclass(slots=True, kw_only=True)
class Scene:
    """What is told of one scene."""

    name: str
    seconds: float
    moved_shards: int
    dark: int
    p50_s: float
    p99_s: float
    most_s: float
    logins_per_second: int
    lease_rows_per_second: float


class Cluster:
    """All instances, and the scenes that they go through."""

    def __init__(self, instances: int, mailboxes: int, logins: float) -> None:
        self.loop = new_loop(random.Random(1), limit=10**9)
        self.rows = Rows(now=lambda: self.loop.time() + 1e9)
        self.book = Book()
        self.rate = LoginRate(total_per_second=logins, host_per_second=1e6)
        self.names = [InstanceId(f"node-{number:02}") for number in range(instances)]
        self.sizes = {
            Shard(shard): mailboxes // SHARDS + (shard < mailboxes % SHARDS)
            for shard in range(SHARDS)
        }
        # One account stands for all of its shard: a million of them differ in nothing here.
        one_of = _one_of_each()
        self.assignments = [
            one_of[shard] for shard, size in self.sizes.items() for _ in range(size)
        ]
        self.nodes: dict[InstanceId, Node] = {}
        self.scenes: list[Scene] = []
        self.world = Context()

    def run(self) -> list[Scene]:
        """Go through all scenes."""
        self.loop.run(self._all())
        self.loop.bury()
        return self.scenes

    async def _all(self) -> None:
        await self._scene("cold start of all", self._start_all, 30.0)
        await self._scene("steady", _nothing, 600.0)
        await self._scene("one is killed", self._kill, 120.0)
        await self._scene("one comes anew", self._return, 900.0)
        await self._scene("one is drained", self._drain, 150.0)
        await self._scene("it comes back", self._return, 900.0)
        await self._scene("the database is away for 8 s", self._away(8.0), 400.0)
        await self._scene("the database is away for 30 s", self._away(30.0), 400.0)

    async def _scene(self, name: str, deed: Callable[[], None], seconds: float) -> None:
        book, begun = self.book, self.loop.time()
        book.clear()
        written = self.rows.written
        deed()
        await asyncio.sleep(seconds)
        waits = sorted(wait for wait, _ in book.waits)
        busiest: dict[int, int] = {}
        for at in book.logins:
            busiest[int(at)] = busiest.get(int(at), 0) + 1
        owned = {row.owner for row in self.rows.shards.values()}
        left = [each for each in owned if each not in self.nodes]
        if left or book.dark_since:
            raise AssertionError(f"after {name!r}: {left} own shards, {len(book.dark_since)} dark")
        self.scenes.append(
            Scene(
                name=name,
                seconds=max([*book.logins, begun]) - begun,
                moved_shards=book.moved,
                dark=len(waits),
                p50_s=_quantile(waits, 0.5),
                p99_s=_quantile(waits, 0.99),
                most_s=_quantile(waits, 1.0),
                logins_per_second=max(busiest.values(), default=0),
                lease_rows_per_second=(self.rows.written - written) / seconds,
            )
        )

    def _start_all(self) -> None:
        for shard in self.sizes:
            self.book.dark_since[shard] = self.loop.time()
        for name in self.names:
            self._start(name)

    def _start(self, name: InstanceId) -> None:
        process = Process(name)
        mailboxes = Mailboxes(name, self.book, self.sizes, self.rate.total_per_second)
        table = Away(self.rows)
        owner = Owner(Place(name=name, rate=self.rate), table, now=self.loop.time)
        owner.attach(mailboxes)
        self.nodes[name] = Node(name, table, mailboxes, owner, process)
        self.loop.create_task(self._life(owner), context=process.context)

    async def _life(self, owner: Owner) -> None:
        await owner.assign(self.assignments)
        await owner.start()
        await owner.wait()

    def _kill(self) -> None:
        node = self.nodes.pop(self.names[3])
        node.process.die()
        node.mailboxes.die(self.loop.time())

    def _drain(self) -> None:
        node = self.nodes.pop(self.names[3])

        async def ended() -> None:
            await node.owner.drain(140.0)
            await node.owner.stop()

        self.loop.create_task(ended(), context=node.process.context)

    def _return(self) -> None:
        self._start(self.names[3])

    def _away(self, seconds: float) -> Callable[[], None]:
        def cut() -> None:
            self._cut(is_cut=True)
            self.loop.call_later(seconds, lambda: self._cut(is_cut=False), context=self.world)

        return cut

    def _cut(self, *, is_cut: bool) -> None:
        for node in self.nodes.values():
            node.table.is_cut = is_cut


def _nothing() -> None:
    """Let time pass."""


def _one_of_each() -> dict[Shard, Assignment]:
    """Return an account of each shard."""
    found: dict[Shard, Assignment] = {}
    number = 0
    target = Target(host="mail.example.org", port=993)
    while len(found) < SHARDS:
        number += 1
        name = f"user-{number}"
        shard = shard_of(AccountId(name))
        if shard not in found:
            account = Account(
                id=AccountId(name),
                tenant=TenantId("default"),
                email=f"{name}@example.org",
                credentials=Credentials(user=name),
            )
            found[shard] = Assignment(account=account, target=target)
    return found


def _quantile(values: Sequence[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))] if values else 0.0


def main(words: list[str]) -> int:
    """Simulate, write what there was to see, and print it as a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.cluster")
    parser.add_argument("--mailboxes", type=int, default=1_000_000)
    parser.add_argument("--instances", type=int, default=20)
    parser.add_argument("--logins", type=float, default=200.0, help="a second, of each instance")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    given = parser.parse_args(words)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    surroundings = begin(runs=1, scale=1.0, versions={}, missing={})
    begun = time.process_time()
    scenes = Cluster(given.instances, given.mailboxes, given.logins).run()
    took = time.process_time() - begun
    print(
        "| scene | over after s | shards moved | mailboxes dark | p50 s | p99 s | longest s |"
        " logins/s | lease rows/s |\n|---|---|---|---|---|---|---|---|---|"
    )
    for each in scenes:
        print(
            f"| {each.name} | {each.seconds:.0f} | {each.moved_shards} | {each.dark:,} |"
            f" {each.p50_s:.1f} | {each.p99_s:.1f} | {each.most_s:.1f} |"
            f" {each.logins_per_second:,} | {each.lease_rows_per_second:.1f} |"
        )
    print(f"simulated in {took:.0f} s of one core")
    given.output.parent.mkdir(parents=True, exist_ok=True)
    told = {
        "surroundings": asdict(surroundings),
        "mailboxes": given.mailboxes,
        "instances": given.instances,
        "logins": given.logins,
        "scenes": [asdict(each) for each in scenes],
    }
    given.output.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
