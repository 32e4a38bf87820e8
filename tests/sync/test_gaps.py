"""What is owed is asked for after 1, 5, 30 and 300 seconds, and then reported."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vedette.model.cursor import Gap
from vedette.sync import gaps

NOW = 1_700_000_000.0


def test_s8_a_gap_is_asked_for_four_times_and_then_reported() -> None:
    """The waits are 1, 5, 30 and 300 seconds; after the fourth question it is missing."""
    now, waits = NOW, []
    gap: Gap | None = gaps.opened(7, [3], now)[0]

    while gap is not None:
        waits.append(gap.due - now)
        now = gap.due
        gap = gaps.asked(gap, now)

    assert waits == [1.0, 5.0, 30.0, 300.0]


def test_a_gap_keeps_its_message() -> None:
    """UID and UIDVALIDITY stay through all questions."""
    gap = gaps.asked(gaps.opened(7, [3], NOW)[0], NOW + 1)

    assert gap is not None
    assert (gap.uid_validity, gap.uid, gap.tries) == (7, 3, 1)


@given(lateness=st.floats(-300, 300))
def test_a_gap_is_due_when_its_time_has_come(lateness: float) -> None:
    """Neither before nor only long after."""
    gap = Gap(uid_validity=7, uid=3, tries=1, due=NOW - lateness)

    assert bool(gaps.due([gap], NOW)) == (gap.due <= NOW)


@given(back=st.floats(301, 10**9))
def test_v8_a_gap_from_a_clock_that_was_set_back_is_due(back: float) -> None:
    """No gap waits longer than the longest wait."""
    gap = Gap(uid_validity=7, uid=3, tries=1, due=NOW + back)

    assert gaps.due([gap], NOW) == (gap,)
    assert gaps.next_due([gap], NOW) == 0.0


def test_next_due_is_the_wait_for_the_earliest() -> None:
    """None where nothing is owed, zero where something is due already."""
    near, far = gaps.opened(7, [3], NOW)[0], gaps.opened(7, [4], NOW + 100)[0]

    assert gaps.next_due([], NOW) is None
    assert gaps.next_due([far, near], NOW) == 1.0
    assert gaps.next_due([far, near], NOW + 2) == 0.0
