"""Two hundred kills at random moments and crash points while mail arrives: nothing is lost.

The short form of ``make chaos``. The seed is printed; ``VEDETTE_KILL_SEED``
repeats its plan and ``VEDETTE_KILLS`` asks for more.
"""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path

import pytest

from tests.chaos import history
from tests.chaos.campaign import Campaign
from tests.support.dovecot import Dovecot

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(500)]

KILLS = int(os.environ.get("VEDETTE_KILLS", "200"))
LANES = 4


def test_two_hundred_kills_lose_nothing_and_repeat_only_the_same_id(
    dovecot: Dovecot, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After kill -9 at any moment every message came, each under one id and in order."""
    seed = int(os.environ.get("VEDETTE_KILL_SEED", str(random.SystemRandom().getrandbits(32))))
    lines = [f"seed {seed}"]
    campaign = Campaign(
        server=dovecot,
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


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda held, got: got.pop(), "lost 1"),
        (lambda held, got: got.append({**got[0], "id": "another"}), "second ids"),
        (lambda held, got: got[1].update(id=got[0]["id"]), "reused ids 1"),
        (lambda held, got: held.pop(0), "ghosts 1"),
        (lambda held, got: got.reverse(), "came after"),
        (lambda held, got: (held.clear(), got.clear()), "shows nothing"),
    ],
    ids=["lost", "second id", "reused id", "ghost", "out of order", "empty"],
)
def test_the_judgement_on_disk_sees(tmp_path: Path, spoil: object, said: str) -> None:
    """A fault in the books of a round is found by reading them again."""
    tokens = [f"token-{number:016x}" for number in range(3)]
    held = [
        {"folder": "INBOX", "uid_validity": 7, "uid": uid, "message_id": f"<{token}@example.org>"}
        for uid, token in enumerate(tokens, 1)
    ]
    got = [
        {
            "id": f"event-{uid}",
            "type": "message.received",
            "account": "box",
            "folder": "INBOX",
            "uid_validity": 7,
            "uid": uid,
            "token": token,
            "seen_before": False,
            "at": 0.1,
        }
        for uid, token in enumerate(tokens, 1)
    ]
    _write(tmp_path, held, got)
    assert history.judge(tmp_path) == []

    assert callable(spoil)
    spoil(held, got)
    _write(tmp_path, held, got)

    assert said in "\n".join(history.judge(tmp_path))


def _write(folder: Path, held: list[dict[str, object]], got: list[dict[str, object]]) -> None:
    for name, rows in ((history.HELD, held), *((each, got) for each in history.RECEIVED)):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
