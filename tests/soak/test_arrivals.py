"""An hour of arrivals leaves nothing behind but its events (catalogue V6).

Virtual time, a server in memory. ``VEDETTE_SOAK=5`` lets five times as many arrive in the hour.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests.soak.census import Census, flat, taken
from tests.support.clock import run
from tests.support.memory_store import MemoryStore
from tests.support.scripted import ScriptedServer
from tests.support.world import ACCOUNT, Setting, Watch, cursor
from vedette.ports.store import Commit, Verdict

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_000)]

TIMES = int(os.environ.get("VEDETTE_SOAK", "1"))
#: Messages in the hour: 2 a second, 10 a second in the long form.
HOUR, ARRIVALS = 3_600.0, 7_200 * TIMES
#: The folder is kept this small by its owner, so that the server in memory stays quick.
KEPT = 20

#: Objects of a type that may be more at the second count: those of the messages in the folder.
#: Measured: 2, and 6 in three times as long an hour.
OBJECTS = KEPT

#: What fragments of a heap may take of it beyond what is used: measured 0 to 1 MiB.
FRAGMENTS = 8.0


#: Events that the engine looks for when it holds a folder against the store (S9), and some more.
REMEMBERED = 600


class Forgetful(MemoryStore):
    """A store that counts its events and keeps the newest: the others would lie on the disk."""

    told = 0

    async def commit(self, commit: Commit) -> Verdict:
        events = self.state.events
        before = len(events)
        verdict = await super().commit(commit)
        self.told += len(events) - before
        for event in list(events)[:-REMEMBERED]:
            del events[event], self.state.points[event]
        self.state.deliveries.clear()
        self.state.seen.clear()
        return verdict


def test_v6_an_hour_of_arrivals_leaves_nothing_behind(tmp_path: Path) -> None:
    """Each of 7,200 messages is told once, and the second half of them grows nothing."""
    first, second, told, received = run(_soaked(tmp_path))

    assert told == received == ARRIVALS
    flat(first, second, objects=OBJECTS, resident=FRAGMENTS)


async def _soaked(spool: Path) -> tuple[Census, Census, int, int]:
    server = ScriptedServer()
    watch = Watch(Setting(read={b"INBOX": cursor(7, 0)}), server.dialer, spool)
    store = watch.store = Forgetful(watch.clock, watch.store.state)
    watch.supervisor = watch._supervisor()
    await watch.start()
    await _arrive(server, ARRIVALS // 4)
    halves = []
    for count in (ARRIVALS // 4, ARRIVALS // 2):
        await _arrive(server, count)
        halves.append(taken())
    state = store.state.folders[ACCOUNT, b"INBOX"]
    told, received = store.told, state.cursor.last_uid
    await watch.stop()
    return halves[0], halves[1], told, received


async def _arrive(server: ScriptedServer, count: int) -> None:
    """Let messages arrive at an even pace; forget what only a test keeps."""
    for _ in range(count):
        server.deliver()
        await asyncio.sleep(HOUR / ARRIVALS)
        while len(server.box.mails) > KEPT:
            server.remove(min(server.box.mails))
        server.points.clear()
        server.arrived_at.clear()
        for wire in server.dialer.wires:
            wire.sent.clear()
    await asyncio.sleep(1)
