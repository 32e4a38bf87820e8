"""Two hundred kills at random moments and crash points while mail arrives: nothing is lost.

The short form of ``make chaos``. The seed is printed; ``VEDETTE_KILL_SEED``
repeats its plan and ``VEDETTE_KILLS`` asks for more.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos import history
from tests.chaos.campaign import WITHOUT_MOVE, Campaign
from tests.support.dovecot import Dovecot

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(900)]

KILLS = int(os.environ.get("VEDETTE_KILLS", "100"))
LANES = 4


def test_a_hundred_kills_lose_nothing_and_repeat_only_the_same_id(
    dovecot: Dovecot,
    make_dovecot: Callable[..., Dovecot],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """After kill -9 at any moment every message came, each under one id, in order, and lies once."""
    seed = int(os.environ.get("VEDETTE_KILL_SEED", str(random.SystemRandom().getrandbits(32))))
    lines = [f"seed {seed}"]
    campaign = Campaign(
        servers=(dovecot, make_dovecot(without=WITHOUT_MOVE)),
        folder=tmp_path,
        seed=seed,
        kills=KILLS,
        lanes=LANES,
        say=lines.append,
    )

    kept = campaign.run()

    with capsys.disabled():
        sys.stdout.write(f"\nkill -9: {lines[-1]}, {lines[0]}\n")
    assert kept, "\n".join(campaign.faults)
    assert campaign.tally["kills"] == KILLS
    # The judgement stands on what is on disk, and it is not empty.
    assert history.judge(tmp_path) == []
    assert campaign.tally["events"] > KILLS
    assert campaign.tally["moved"] > 0
