"""A storm of logins goes a little at a time, and the mail of a watched mailbox goes in between."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.support.clock import VirtualClock, run
from tests.support.memory_store import MemoryStore
from tests.support.scripted import ScriptedServer
from tests.support.world import PlainReader, Setting, Watch
from vedette.engine.gate import LoginRate
from vedette.engine.supervisor import STARTING_AT_ONCE, Supervisor
from vedette.engine.world import TURNS, World
from vedette.model.account import AccountState
from vedette.outbox.directory import Directory
from vedette.ports.store import Commit, Verdict
from vedette.turnstile import STEPS

#: Many at a time, and no rate: here only the turns of the loop are looked at.
RATE = LoginRate(host_per_second=1e6, host_at_once=1_000, total_per_second=1e6, total_at_once=1_000)


class SlowStore(MemoryStore):
    """Takes messages at once, and what only moves a cursor when it is told to."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock)
        self.takes_cursors = asyncio.Event()
        self.takes_cursors.set()
        self.waiting = 0

    async def commit(self, commit: Commit) -> Verdict:
        if not commit.postings:
            self.waiting += 1
            await self.takes_cursors.wait()
        return await super().commit(commit)


class Storm:
    """A supervisor that watches one mailbox, and is told of many more."""

    def __init__(self, spool: Path) -> None:
        self.server = ScriptedServer()
        self.watch = Watch(Setting(), self.server.dialer, spool)
        self.store = self.watch.store = SlowStore(self.watch.clock)
        self.supervisor = Supervisor(
            World(
                dialer=self.server.dialer,
                store=self.store,
                reader=PlainReader(),
                clock=self.watch.clock,
                dice=lambda: 0.5,
                endpoints=Directory,
                wake=lambda _endpoints: None,
                spool=str(spool),
            ),
            rate=RATE,
        )
        #: Writes of all clients in each turn of the loop.
        self.writes: list[int] = []
        self.begun: list[int] = []

    @property
    def sent(self) -> int:
        return sum(len(wire.sent) for wire in self.server.dialer.wires)

    @property
    def connected(self) -> int:
        return sum(each.state is AccountState.CONNECTED for each in self.supervisor.healths)

    async def begin(self, count: int) -> None:
        """Have one mailbox watched, then so many more begin."""
        await self.store.start()
        await self.supervisor.start()
        await self.supervisor.assign(self.watch.assignments(1))
        await asyncio.sleep(5)
        assign = self.supervisor.assign(self.watch.assignments(count))
        self._assigned = asyncio.create_task(assign)

    async def turns(self, until: Callable[[], bool]) -> int:
        """Count turns of the loop until something holds, and what happens in each."""
        for count in range(20_000):
            if until():
                return count
            before, begun = self.sent, len(self.supervisor.healths)
            await asyncio.sleep(0)
            self.writes.append(self.sent - before)
            self.begun.append(len(self.supervisor.healths) - begun)
        raise AssertionError("it never came")

    async def end(self) -> None:
        await self._assigned
        await self.supervisor.stop()
        await self.store.stop()


def play(spool: Path, count: int, story: Callable[[Storm], Awaitable[None]]) -> None:
    async def main() -> None:
        storm = Storm(spool)
        await storm.begin(count)
        await story(storm)
        await storm.end()

    run(main())


def test_a_storm_of_logins_takes_few_steps_in_one_turn(tmp_path: Path) -> None:
    """Of two hundred mailboxes that are all ready to go on, some do in each turn of the loop."""

    async def story(storm: Storm) -> None:
        await storm.turns(lambda: storm.connected == 200)

        # A turn may have the end of one share and the whole of the next.
        assert max(storm.writes) <= 2 * STEPS

    play(tmp_path, 200, story)


def test_mail_of_a_watched_mailbox_is_committed_while_first_syncs_wait_for_the_store(
    tmp_path: Path,
) -> None:
    """However many cursors are on their way to a slow disk, they take no place of the mail's."""

    async def story(storm: Storm) -> None:
        storm.store.takes_cursors.clear()
        await storm.turns(lambda: storm.store.waiting > TURNS)
        storm.server.deliver()

        await storm.turns(lambda: bool(storm.watch.events("message.received")))

        assert storm.connected == 1
        storm.store.takes_cursors.set()

    play(tmp_path, 200, story)


def test_watchers_begin_a_few_in_one_turn(tmp_path: Path) -> None:
    """A thousand new accounts are taken up in steps, between which mail goes first."""

    async def story(storm: Storm) -> None:
        await storm.turns(lambda: len(storm.supervisor.healths) == 1_000)

        assert max(storm.begun) <= STARTING_AT_ONCE

    play(tmp_path, 1_000, story)
