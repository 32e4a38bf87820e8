"""A hostile mail costs itself: no stall, bounded memory, an event of its own, and the next mail.

P16, catalogue M4 and M15. Mail under 64 KiB is read on the loop, so many of them at once are the
harder case; what is larger is read in another process, with limits that the kernel keeps.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.letters import LETTERS
from tests.hostile.trial import Trial, bounded
from tests.mime.bombs import BOMBS

# A flood takes some seconds of processor time; a machine with other tenants has less of it.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

#: As large as mail that is read on the loop can be: one octet less than the window of a FETCH.
INLINE = 64 * 1024 - 1


@pytest.mark.parametrize("name", LETTERS)
def test_p16_a_hostile_mail_costs_only_itself(name: str, tmp_path: Path) -> None:
    """It becomes one event, and the mail behind it comes."""
    letter = LETTERS[name]()
    with Trial(tmp_path) as trial:
        trial.hostile.deliver(letter)
        trial.until(lambda line: line.get("uid") == 2, "event of the letter")
        trial.next_mail_comes(trial.hostile)
        trial.next_mail_comes()
        measured = trial.measure()
        told = [
            line for line in trial.lines if line.get("uid") == 2 and line["account"] == "victim"
        ]

    assert trial.hostile.failures == []
    assert [line["event"] for line in told] == ["message.received"]
    # A window of 64 KiB, its text and its event; what is larger than a window lies in a file.
    bounded(measured, growth=24)


def test_p16_every_bomb_that_is_read_on_the_loop_arrives_at_once(tmp_path: Path) -> None:
    """All bombs of the mail reader in one FETCH, each as large as may be: the loop goes on."""
    with Trial(tmp_path) as trial:
        trial.hostile.drop()
        trial.hostile.mails += [bomb(INLINE)[:INLINE] for bomb in BOMBS.values()]
        trial.next_mail_comes()
        last = len(trial.hostile.mails)
        trial.until(lambda line: line.get("uid") == last, "event of the last bomb")
        trial.next_mail_comes(trial.hostile)
        measured = trial.measure()
        uids = {line["uid"] for line in trial.lines if line.get("account") == "victim"}

    assert uids >= set(range(1, last + 1))
    # A step of 64 messages is 4 MiB on the wire; as objects, texts and events some four times that.
    # The library for calendars is loaded at its first use: 15 MiB.
    bounded(measured, growth=64)
