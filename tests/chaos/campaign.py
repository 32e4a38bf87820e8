"""All lanes together, for so many kills: rounds on every core, one line a minute, one verdict.

Must not know: what a round does.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.lane import Lane
from tests.support.dovecot import Dovecot
from tests.support.nursery import Nursery
from tests.support.postgres import Postgres

#: Kills between two judgements: a fault is known within a minute, and a mailbox stays of a size
#: at which listing it is not what a life is spent on.
ROUND = 100
#: What the second server does not announce: there a guard copies, and removes the original.
WITHOUT_MOVE = frozenset({"MOVE", "SEARCHRES"})
#: Seconds between two lines about how it goes.
REPORT = 60.0


@dataclass(slots=True, kw_only=True)
class Campaign:
    """So many kills by lanes side by side, shared out among servers; ``say`` is told how it goes."""

    servers: Sequence[Dovecot]
    postgres: Postgres | None = None
    folder: Path
    seed: int
    kills: int
    lanes: int
    say: Callable[[str], None]
    faults: list[str] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> bool:
        """Play all rounds; return whether the promise was kept. The first fault ends it."""
        began = time.monotonic()
        dice = random.Random(self.seed)
        with ExitStack() as stack:
            lanes = [
                Lane(
                    self.servers[number % len(self.servers)],
                    stack.enter_context(Nursery()),
                    random.Random(dice.getrandbits(64)),
                    postgres=self.postgres,
                )
                for number in range(self.lanes)
            ]
            pool = stack.enter_context(ThreadPoolExecutor(self.lanes))
            stack.callback(self._over.set)
            runs = [
                pool.submit(self._run_lane, number, lane, _share(self.kills, self.lanes, number))
                for number, lane in enumerate(lanes)
            ]
            waiting = threading.Event()
            for run in runs:
                run.add_done_callback(lambda _: waiting.set())
            while not all(run.done() for run in runs):
                if not waiting.wait(REPORT):
                    self._report(lanes, began)
                waiting.clear()
            self._report(lanes, began)
            for run in runs:
                run.result()
        self.tally = sum((lane.tally for lane in lanes), Counter())
        return not self.faults

    def _run_lane(self, number: int, lane: Lane, kills: int) -> None:
        # At a fault, or a defect of ours, the other lanes end their round in order: what they
        # have is still judged.
        try:
            for start in range(0, kills, ROUND):
                if self._over.is_set():
                    return
                folder = self.folder / f"lane-{number}-kill-{start:05}"
                faults = self._round(lane, folder, min(ROUND, kills - start))
                if faults:
                    self.faults += faults
                    self._over.set()
        except BaseException:
            self._over.set()
            raise

    def _round(self, lane: Lane, folder: Path, kills: int) -> list[str]:
        try:
            return lane.round(folder, kills, stop=self._over.is_set)
        except (AssertionError, TimeoutError) as error:
            # It ended by itself, or did what it had to do too late.
            return [f"{folder.name}: {error}"]

    def _report(self, lanes: list[Lane], began: float) -> None:
        tally = sum((lane.tally for lane in lanes), Counter[str]())
        spent = time.monotonic() - began
        self.say(
            f"{tally['kills']} of {self.kills} kills in {spent:.0f} s, "
            f"{tally['events']} events judged, {tally['repeats']} repeats, "
            f"{len(self.faults)} faults"
        )


def _share(kills: int, lanes: int, number: int) -> int:
    return kills // lanes + (number < kills % lanes)
