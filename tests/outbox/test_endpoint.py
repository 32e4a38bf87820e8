"""An endpoint is given up for good reasons only, and never while it works."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.model.delivery import Delivered, EndpointState, Gone, Outcome, Refused
from vedette.model.ids import EndpointId
from vedette.outbox.endpoint import PATIENCE, SEVERAL, judge, recovered

HOOK = EndpointId("hook")
FRESH = EndpointState(id=HOOK)
DAY = 86400.0
NO = Refused(reason="503")
STEPS = st.lists(
    st.tuples(
        st.floats(0.0, 2 * DAY),
        st.sampled_from((Delivered(), NO)),
    ),
    max_size=40,
)


def live(*outcomes: tuple[float, Outcome], state: EndpointState = FRESH) -> EndpointState:
    """Return the state after outcomes at instants."""
    for now, outcome in outcomes:
        state = judge(state, outcome, now)
    return state


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        pytest.param((), FRESH, id="nothing happened"),
        pytest.param(
            ((5.0, Delivered()),), EndpointState(id=HOOK, delivered_at=5.0), id="it works"
        ),
        pytest.param(
            ((5.0, NO), (6.0, NO)),
            EndpointState(id=HOOK, failing_since=5.0, failures=2),
            id="failures are counted from the first",
        ),
        pytest.param(
            ((5.0, Delivered()), (6.0, NO)),
            EndpointState(id=HOOK, delivered_at=5.0, failing_since=6.0, failures=1),
            id="the last success is remembered",
        ),
        pytest.param(
            ((5.0, NO), (6.0, NO), (7.0, Delivered())),
            EndpointState(id=HOOK, delivered_at=7.0),
            id="a success ends the count",
        ),
        pytest.param(
            ((5.0, Gone(reason="410")),),
            EndpointState(
                id=HOOK, disabled_at=5.0, disabled_reason="410", failing_since=5.0, failures=1
            ),
            id="gone disables at once",
        ),
        pytest.param(
            ((5.0, Gone(reason="410")), (6.0, Gone(reason="again")), (7.0, NO)),
            EndpointState(
                id=HOOK, disabled_at=5.0, disabled_reason="410", failing_since=5.0, failures=3
            ),
            id="the first reason stands",
        ),
        pytest.param(
            ((5.0, Gone(reason="410")), (6.0, Delivered())),
            EndpointState(id=HOOK, delivered_at=6.0),
            id="a late success recovers",
        ),
    ],
)
def test_outcomes_lead_to_states(
    outcomes: tuple[tuple[float, Outcome], ...], expected: EndpointState
) -> None:
    """The table of decisions, row by row."""
    assert live(*outcomes) == expected


def test_only_failures_for_days_disable() -> None:
    """Five days of several failures and no success: the last reason is told."""
    assert PATIENCE == 5 * DAY
    almost = live((0.0, NO), (DAY, NO), (PATIENCE - 1.0, NO))
    state = judge(almost, Refused(reason="connection refused"), PATIENCE)

    assert almost.disabled_at is None
    assert state.disabled_at == PATIENCE
    assert "connection refused" in state.disabled_reason


def test_few_failures_far_apart_do_not_disable() -> None:
    """An endpoint with an event a week is not dead for two bad moments."""
    state = live((0.0, NO), (30 * DAY, NO))

    assert state.failures < SEVERAL
    assert state.disabled_at is None


def test_many_failures_in_one_hour_do_not_disable() -> None:
    """A burst during one outage is one bad moment, however many parcels it holds."""
    state = live(*((float(second), NO) for second in range(3600)))

    assert state.disabled_at is None


def test_one_success_starts_the_clock_anew() -> None:
    """Four days, a success, four days: nobody is disabled."""
    state = live(
        *((day * DAY, NO) for day in range(5)),
        (5 * DAY, Delivered()),
        *((day * DAY, NO) for day in range(6, 11)),
    )

    assert state.disabled_at is None
    assert state.failing_since == 6 * DAY


def test_a_long_reason_is_cut() -> None:
    """An endpoint's own words can not fill the table of a person."""
    assert len(live((0.0, Gone(reason="x" * 10_000))).disabled_reason) == 300


def test_a_person_can_enable_it_again() -> None:
    """A clean slate, with the last success kept."""
    state = live((1.0, Delivered()), (2.0, Gone(reason="410")))

    assert recovered(state) == EndpointState(id=HOOK, delivered_at=1.0)


@given(steps=STEPS)
def test_an_endpoint_is_disabled_only_after_days_of_only_failures(
    steps: list[tuple[float, Outcome]],
) -> None:
    """Whatever the life, a disabled endpoint had no success for all of the patience."""
    now, state, last_success = 0.0, FRESH, 0.0
    for delay, outcome in steps:
        now += delay
        state = judge(state, outcome, now)
        if isinstance(outcome, Delivered):
            last_success = now
            assert state.disabled_at is None
            assert state.failing_since is None
        elif state.disabled_at == now:
            assert now - last_success >= PATIENCE
            assert state.failures >= SEVERAL
