"""Many seeds on all cores, and the report of what broke.

Each worker process plays its share and hands back verdicts. Now and then a seed is played a
second time: the same seed must give the same schedule hash, or nothing here could be trusted.
"""

from __future__ import annotations

import gc
import itertools
import multiprocessing
import os
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final, TextIO

from tests.sim.checker import Verdict
from tests.sim.defects import DEFECTS
from tests.sim.guarded import Deed, draw
from tests.sim.scenario import play

#: Seeds after which a worker collects its garbage: a history leaves some MB of circles.
COLLECT_EVERY: Final = 10
#: Seeds in which every planted defect must show.
HUNTED: Final = 100
#: One seed of so many is played twice.
TWICE: Final = 50


class Campaign:
    """Runs seeds and keeps what came of them."""

    def __init__(self, *, planted: str | None = None) -> None:
        self.planted = planted
        self.failed: list[Verdict] = []
        self.unsteady: list[int] = []
        self.uncaught: list[str] = []
        self.caught: dict[str, Verdict] = {}
        self.visits: Counter[str] = Counter()
        self.played = 0
        self.steps = 0
        self.virtual = 0.0
        self.took = 0.0

    def run(self, seeds: Sequence[int], *, jobs: int | None = None) -> None:
        """Play the seeds, on ``jobs`` processes or as many as there are cores."""
        began = time.monotonic()
        count = jobs or len(os.sched_getaffinity(0))
        judge = partial(judged, planted=self.planted)
        if count == 1:
            self._take(map(judge, seeds))
        else:
            with multiprocessing.get_context("fork").Pool(count) as pool:
                self._take(pool.imap_unordered(judge, seeds, chunksize=4))
        self.took += time.monotonic() - began

    def hunt(self, first: int, *, jobs: int | None = None) -> None:
        """Plant every defect in turn, and note those that the checker did not catch."""
        names = sorted(DEFECTS)
        count = jobs or len(os.sched_getaffinity(0))
        with multiprocessing.get_context("fork").Pool(count) as pool:
            for name, caught in zip(
                names, pool.imap(partial(hunted, first=first), names), strict=True
            ):
                if caught is None:
                    self.uncaught.append(name)
                else:
                    self.caught[name] = caught

    def report(self, out: TextIO) -> int:
        """Print what came of it; return the exit status."""
        for verdict in sorted(self.failed, key=lambda each: each.seed):
            print(self.words(verdict), file=out)
        for seed in self.unsteady:
            print(f"seed {seed} did not give the same schedule twice", file=out)
        for name, verdict in self.caught.items():
            print(f"planted {name}: seed {verdict.seed}: {verdict.failures[0]}", file=out)
        for name in self.uncaught:
            print(f"planted {name}: NOT caught in {HUNTED} seeds", file=out)
        rate = self.played / self.took if self.took else 0.0
        print(
            f"{self.played} seeds, {len(self.failed)} failed;"
            f" {self.virtual / 3600:.1f} h of virtual time, {self.steps} turns,"
            f" {rate:.1f} seeds/s",
            file=out,
        )
        return 1 if self.failed or self.unsteady or self.uncaught else 0

    def words(self, verdict: Verdict) -> str:
        """Return the failure of one seed, with everything that replays it."""
        defect = f" --defect {self.planted}" if self.planted else ""
        return "\n".join(
            (
                f"seed {verdict.seed} failed: schedule {verdict.schedule_hash}, commit {commit()}",
                *(f"    {failure}" for failure in verdict.failures),
                f"  replay: python -m tests.sim --replay {verdict.seed}{defect}",
            )
        )

    def _take(self, verdicts: Iterable[tuple[Verdict, bool]]) -> None:
        for verdict, is_steady in verdicts:
            self.played += 1
            self.steps += verdict.steps
            self.virtual += verdict.seconds
            self.visits.update(verdict.visits)
            if verdict.failures:
                self.failed.append(verdict)
            if not is_steady:
                self.unsteady.append(verdict.seed)


def judged(seed: int, *, planted: str | None) -> tuple[Verdict, bool]:
    """Play one seed; say too whether it gave the same schedule when it was played twice."""
    verdict = _played(seed, planted)
    is_steady = True
    if seed % TWICE == 0:
        is_steady = _played(seed, planted).schedule_hash == verdict.schedule_hash
    if seed % COLLECT_EVERY == 0:
        gc.collect()
    return verdict, is_steady


def hunted(name: str, *, first: int) -> Verdict | None:
    """Return the first verdict in which a planted defect shows, or None."""
    deeds, near = DEFECTS[name].deeds, DEFECTS[name].near
    seeds = (
        seed for seed in itertools.count(max(first, near)) if not deeds or _deed(seed) in deeds
    )
    for seed in itertools.islice(seeds, HUNTED):
        verdict = _played(seed, name)
        gc.collect()
        # What fails without the defect too shows nothing of it.
        if verdict.failures and not _played(seed, None).failures:
            return verdict
    return None


def _deed(seed: int) -> Deed | None:
    guard = draw(seed)
    return None if guard is None else guard.deed


def commit() -> str:
    """Return the commit that is checked out, for a report."""
    found = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or "unknown"


def _played(seed: int, planted: str | None) -> Verdict:
    return play(seed, planted=None if planted is None else DEFECTS[planted].plant())
