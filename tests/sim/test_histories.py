"""Whole histories: the engine loses nothing, tells nothing twice and keeps nobody waiting."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections import Counter

import pytest

from tests.sim.campaign import Campaign
from tests.sim.cases import CASES
from tests.sim.scenario import play
from vedette.crashpoint import Crashpoint

#: What CI plays, so that the workers share them; `make sim` plays 500 histories.
BATCHES = 12
SEEDS_IN_BATCH = 25

#: Crashpoints in code for which something simulated stands: SQLite's statements, and the sinks.
ELSEWHERE = {
    Crashpoint.MIGRATING,
    Crashpoint.CURSOR_MOVED,
    Crashpoint.EVENT_WRITTEN,
    Crashpoint.LANE_HELD,
    Crashpoint.REQUEST_TORN,
    Crashpoint.LINE_TORN,
    Crashpoint.LINE_WRITTEN,
    Crashpoint.CHILD_SPAWNED,
}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("batch", range(BATCHES))
def test_no_promise_is_broken(batch: int) -> None:
    """In every history of the batch all promises hold."""
    first = 1 + batch * SEEDS_IN_BATCH
    campaign = Campaign()
    campaign.run(range(first, first + SEEDS_IN_BATCH), jobs=1)
    gc.collect()
    assert campaign.failed == [], "\n".join(campaign.words(each) for each in campaign.failed)
    assert campaign.unsteady == []


@pytest.mark.parametrize("seed", sorted(CASES))
def test_what_once_failed_holds(seed: int) -> None:
    """A seed that once broke a promise breaks none."""
    verdict = play(seed)
    assert verdict.failures == (), Campaign().words(verdict)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_crashpoint_is_met() -> None:
    """The histories come by every crashpoint that lies in code they run."""
    visits: Counter[str] = Counter()
    for seed in range(1, 41):
        visits.update(play(seed).visits)
    gc.collect()
    assert set(Crashpoint) - ELSEWHERE - {Crashpoint(point) for point in visits} == set()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_seed_gives_one_history_in_any_process(seed: int) -> None:
    """Neither the order of sets nor anything else of a process has an influence."""
    code = f"from tests.sim.scenario import play; print(play({seed}).schedule_hash)"
    hashes = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("0", "1", "2")
    }
    assert len(hashes) == 1


def test_a_failure_names_all_that_replays_it() -> None:
    """Seed, schedule, commit and command stand in the report."""
    campaign = Campaign(planted="mark_before_ack")
    campaign.run(range(1, 9), jobs=1)
    words = campaign.words(campaign.failed[0])
    seed = campaign.failed[0].seed
    assert f"seed {seed} failed: schedule {campaign.failed[0].schedule_hash}, commit " in words
    assert f"--replay {seed} --defect mark_before_ack" in words
