"""An endpoint's rate is kept to, whatever comes, and a quiet time is worth one second."""

from __future__ import annotations

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from vedette.outbox.rate import Allowance

RATES = st.floats(0.1, 1000.0)


def taken(allowance: Allowance, now: float) -> int:
    """Take all that there is now."""
    count = 0
    while count < 2000 and allowance.take(now):
        count += 1
    return count


def test_without_a_rate_there_is_no_bound() -> None:
    """An endpoint that names none is never held up."""
    allowance = Allowance(None)

    assert taken(allowance, 5.0) == 2000
    assert allowance.within(5.0, 0.0) == inf
    assert allowance.wait(5.0) == 0.0


def test_a_rate_lets_a_second_of_it_go_at_once_and_no_more() -> None:
    """Then one after the other; an hour of silence is worth no more than a second."""
    allowance = Allowance(4.0)

    assert taken(allowance, 100.0) == 4
    assert allowance.wait(100.0) == 0.25
    assert taken(allowance, 100.25) == 1
    assert taken(allowance, 3700.0) == 4


def test_a_rate_below_one_a_second_lets_one_go() -> None:
    """Else nothing would ever go."""
    allowance = Allowance(0.1)

    assert taken(allowance, 0.0) == 1
    assert allowance.wait(0.0) == 10.0
    assert allowance.within(0.0, 35.0) == 3


def test_a_clock_that_stands_or_goes_back_gives_nothing() -> None:
    """Time that did not pass is no time to spend."""
    allowance = Allowance(2.0)

    assert taken(allowance, 10.0) == 2
    assert taken(allowance, 10.0) == 0
    assert taken(allowance, 9.0) == 0
    assert taken(allowance, 10.5) == 1


@given(rate=RATES, steps=st.lists(st.floats(0.0, 5.0), max_size=40))
def test_no_stretch_of_time_sees_more_than_its_rate_and_one_burst(
    rate: float, steps: list[float]
) -> None:
    """However the asking falls, all that went is what the time is worth and one second more."""
    allowance, now, went = Allowance(rate), 0.0, 0
    for step in steps:
        now += step
        went += taken(allowance, now)

    assert went <= now * rate + max(rate, 1.0) + 1e-6


@given(rate=RATES, used=st.integers(0, 50))
def test_who_waits_as_long_as_it_says_may_go(rate: float, used: int) -> None:
    """The wait is exact: nobody is sent away twice."""
    allowance, now = Allowance(rate), 0.0
    for _ in range(used):
        now += allowance.wait(now)
        assert allowance.take(now)


def test_a_part_of_a_rate_is_kept_to_from_when_it_is_told() -> None:
    """Of three that share it, each has a third; alone again, it has the whole."""
    allowance = Allowance(6.0)
    allowance.share(3, 0.0)

    assert taken(allowance, 0.0) == 2
    assert taken(allowance, 1.0) == 2
    allowance.share(1, 1.0)
    assert taken(allowance, 1.0) == 0
    assert taken(allowance, 2.0) == 6


def test_a_part_of_no_bound_is_no_bound() -> None:
    """There is nothing to divide."""
    allowance = Allowance(None)
    allowance.share(5, 0.0)

    assert taken(allowance, 0.0) == 2000
