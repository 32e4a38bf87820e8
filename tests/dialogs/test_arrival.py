"""Mail arrives at every moment there is around EXAMINE, FETCH, IDLE and DONE.

The server is asked to tell, or to keep silent about, what comes while no IDLE is under way;
in both cases the message is told once, and soon (catalogue I2, I4).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from tests.support import clock
from tests.support.scripted import ScriptedServer
from tests.support.world import Setting, Watch, quiet

#: The instant at which a first message is pushed: after the look that follows the first sync.
PUSH = 7.0
#: The last look that follows it; only the next proof sees what slips in behind that one.
LAST_LOOK = PUSH + 4.0
#: How long messages arrive, and how long the watch goes on.
ARRIVALS, LENGTH = 320.0, 640.0
#: What came while the client worked is seen within this, in seconds.
SOON = 5.0
#: What came right behind a look that found nothing is seen by the next proof of life.
NEXT_PROOF = 125.0


class Run:
    """One watch, in which messages arrive at chosen moments."""

    def __init__(self, spool: Path, *, tells: bool, at: frozenset[int] = frozenset()) -> None:
        self.server = ScriptedServer(tells=tells)
        self.watch = Watch(Setting(), self.server.dialer, spool)
        self.moments: list[float] = []
        self._at = at

    def play(self) -> None:
        clock.run(self._main())

    def lateness(self) -> dict[int, float]:
        """Return how many seconds after its arrival each message was told."""
        told = {
            event["data"]["messageId"]: event["data"]["receivedAt"]
            for event in self.watch.events("message.received")
        }
        assert sorted(told) == sorted(f"<{n}@example.org>" for n in self.server.arrived_at)
        return {
            number: _instant(told[f"<{number}@example.org>"]) - clock.START - at
            for number, at in self.server.arrived_at.items()
        }

    async def _main(self) -> None:
        loop = asyncio.get_running_loop()

        def at_point(index: int) -> None:
            self.moments.append(loop.time())
            if index in self._at:
                self.server.deliver()

        self.server.at_point = at_point
        # Nothing is there at first, so that everything that comes is news.
        await self.watch.start()
        loop.call_at(PUSH, self.server.deliver)
        await asyncio.sleep(LENGTH)
        await self.watch.stop()
        await quiet()


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _first_open(points: list[str]) -> int:
    """Return the moment from which on what arrives is new to a first watch."""
    return points.index("after EXAMINE")


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Run]:
    """Return a way to make runs."""

    def make(*, tells: bool, at: frozenset[int] = frozenset()) -> Run:
        run = Run(tmp_path, tells=tells, at=at)
        run.play()
        return run

    return make


@pytest.mark.parametrize("tells", [True, False])
def test_i4_i2_a_message_is_told_once_whenever_it_arrives(
    make_run: Callable[..., Run], *, tells: bool
) -> None:
    """At every moment: told once; soon, where the client had worked or the server tells."""
    calm = make_run(tells=tells)
    begin = _first_open(calm.server.points)
    moments = [index for index, at in enumerate(calm.moments) if at <= ARRIVALS]

    for index in moments[begin:]:
        run = make_run(tells=tells, at=frozenset({index}))
        late = max(run.lateness().values())
        where = f"{run.server.points[index]} at {run.moments[index]:.0f} s"
        soon = tells or run.moments[index] < LAST_LOOK
        assert late <= (SOON if soon else NEXT_PROOF), f"{late:.1f} s late: {where}"
        assert run.watch.logins() == 1


def test_i4_i2_two_messages_are_told_once_whenever_they_arrive(
    make_run: Callable[..., Run],
) -> None:
    """Any two moments of the first seconds, and a server that keeps silent."""
    calm = make_run(tells=False)
    busy = [i for i, at in enumerate(calm.moments) if at < LAST_LOOK]
    begin = _first_open(calm.server.points)

    for first in busy[begin:]:
        for second in busy[begin:]:
            if first < second:
                run = make_run(tells=False, at=frozenset({first, second}))
                assert max(run.lateness().values()) <= SOON
