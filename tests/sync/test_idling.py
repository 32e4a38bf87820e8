"""How long an IDLE may last is learnt from drops that are alike."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vedette.sync.idling import CEILING, DOUBT, FLOOR, START, IdleLength

spans = st.floats(0.0, 4000.0)


def test_i11_one_drop_teaches_nothing() -> None:
    """A restart of the server hits at any length."""
    assert IdleLength().dropped(90.0, 0.0).seconds == START


def test_i11_two_drops_alike_shorten_the_idle() -> None:
    """A server that drops after ninety seconds is renewed before that."""
    length = IdleLength().dropped(90.0, 0.0).dropped(92.0, 100.0)

    assert FLOOR <= length.seconds < 90.0


def test_i11_two_drops_that_differ_teach_nothing() -> None:
    """Bad lines drop at random."""
    assert IdleLength().dropped(40.0, 0.0).dropped(400.0, 100.0).seconds == START


def test_an_idle_that_holds_grows_up_to_the_ceiling() -> None:
    """RFC 9051 asks for a renewal before thirty minutes are over."""
    length = IdleLength()
    for now in range(50):
        length = length.held(length.seconds, float(now))

    assert length.seconds == CEILING


def test_an_idle_that_ended_early_for_other_reasons_teaches_nothing() -> None:
    """A new message ends an IDLE too."""
    assert IdleLength().held(10.0, 0.0) == IdleLength()


def test_what_was_learnt_is_doubted_after_a_day() -> None:
    """The length is won back step by step; within the day it stays below the drop."""
    length = IdleLength().dropped(90.0, 0.0).dropped(90.0, 0.0)
    for _ in range(50):
        length = length.held(length.seconds, DOUBT / 2)
    assert length.seconds < 90.0

    for _ in range(50):
        length = length.held(length.seconds, DOUBT)

    assert length.seconds == CEILING


@given(moves=st.lists(st.tuples(st.booleans(), spans, st.floats(0, 10**6)), max_size=60))
def test_an_idle_is_never_shorter_than_the_floor_nor_longer_than_the_ceiling(
    moves: list[tuple[bool, float, float]],
) -> None:
    """Whatever a line does."""
    length = IdleLength()

    for held, lasted, now in moves:
        length = length.held(lasted, now) if held else length.dropped(lasted, now)
        assert FLOOR <= length.seconds <= CEILING
