"""The machine that says when to do what, driven by a clock that jumps to where it says."""

from __future__ import annotations

import pytest

from vedette.sync.cadence import Cadence, Duty, Tempo


def cadence(*, idle_length: float = 600.0) -> Cadence:
    """Return a cadence that begins at 0."""
    return Cadence(Tempo(), now=0.0, idle_length=lambda: idle_length)


@pytest.mark.parametrize(
    ("now", "duty"),
    [
        (3.9, Duty.NOTHING),
        (4.0, Duty.RECHECK),
        (60.0, Duty.RECHECK | Duty.POLL),
        (120.0, Duty.RECHECK | Duty.POLL | Duty.PROOF),
        (300.0, Duty.RECHECK | Duty.POLL | Duty.PROOF | Duty.SAFETY),
        (1800.0, Duty.RECHECK | Duty.POLL | Duty.PROOF | Duty.SAFETY | Duty.REOPEN),
    ],
)
def test_a_duty_is_due_at_its_instant_and_stays_due(now: float, duty: Duty) -> None:
    """Nothing that is due passes by."""
    assert cadence().due(now) == duty


def test_c1_an_idle_is_proved_alive_at_least_every_two_minutes() -> None:
    """However long a host lets an IDLE live."""
    machine = cadence(idle_length=1740.0)

    machine.settled()
    for _ in range(10):
        now = machine.wake(polls=False)
        if machine.due(now) & Duty.SAFETY:
            machine.synced(now)
        before = now
        machine.proved(now)
        assert machine.wake(polls=False) - before <= 120.0


def test_i11_a_host_that_drops_early_is_asked_earlier() -> None:
    """The length that was learnt bounds the wait, also when it is learnt meanwhile."""
    lengths = [50.0]
    machine = Cadence(Tempo(), now=0.0, idle_length=lambda: lengths[0])
    machine.settled()
    assert machine.wake(polls=False) == 50.0

    lengths[0] = 30.0
    machine.proved(50.0)

    assert machine.wake(polls=False) == 80.0


def test_i1_every_folder_is_synced_every_five_minutes_whatever_else_happens() -> None:
    """Proofs, polls and work do not put the safety sync off."""
    machine = cadence()
    for now in range(0, 300, 10):
        machine.proved(now)
        machine.polled(now)
        machine.worked(now)

    assert Duty.SAFETY in machine.due(300.0)


def test_i4_work_is_followed_by_one_more_look() -> None:
    """Four seconds after; a proof after that is the look, one before it is not."""
    machine = cadence()
    machine.proved(10.0)
    machine.worked(100.0)
    machine.proved(101.0)
    assert machine.wake(polls=False) == 104.0

    machine.proved(104.0)

    assert Duty.RECHECK not in machine.due(110.0)


def test_a_poll_counts_only_where_there_are_other_folders() -> None:
    """One folder alone is never waited for on account of others."""
    machine = cadence()
    machine.settled()

    assert machine.wake(polls=True) == 60.0
    assert machine.wake(polls=False) == 120.0


def test_a_safety_sync_is_a_poll_too() -> None:
    """All folders were just seen: the next question comes a full minute later."""
    machine = cadence()
    machine.settled()
    machine.synced(300.0)
    machine.proved(300.0)
    machine.reopened(300.0)

    assert machine.wake(polls=True) == 360.0
    assert machine.due(350.0) is Duty.NOTHING
