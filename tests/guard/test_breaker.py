"""When a guard stops acting by itself, and when it goes on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.guard.breaker import CALM, MIN_WINDOW, Breaker, Fuse, State, Trip, step
from vedette.guard.pack import HOUR, Limits
from vedette.model.ids import AccountId

JO = AccountId("jo")
WIDE = Limits(actions_per_hour=10_000, share=1.0, symbol_share=1.0, window=100)


def _fed(
    state: State, count: int, limits: Limits, *, acts: bool, now: float = 0.0, by: str = "LISTED"
) -> State:
    for _ in range(count):
        state = step(state, now, acts=acts, symbols=(by,), limits=limits)
    return state


def test_a_new_fuse_is_closed() -> None:
    """It has seen nothing."""
    assert State().trip is None


def test_it_trips_at_the_action_that_passes_the_rate() -> None:
    """The action that would be one too many is not done."""
    limits = Limits(actions_per_hour=5, share=1.0, symbol_share=1.0)

    state = _fed(State(), 5, limits, acts=True)
    assert state.trip is None

    state = _fed(state, 1, limits, acts=True, now=30.0)
    assert state.trip == Trip(at=30.0, fuse=Fuse.RATE)


def test_actions_of_an_hour_ago_do_not_count() -> None:
    """The rate is that of the last sixty minutes."""
    limits = Limits(actions_per_hour=5, share=1.0, symbol_share=1.0)

    state = _fed(State(), 5, limits, acts=True)
    state = _fed(state, 5, limits, acts=True, now=HOUR + 60)

    assert state.trip is None


def test_messages_that_are_left_alone_never_trip_it() -> None:
    """However many there are."""
    assert _fed(State(), 500, Limits(actions_per_hour=1), acts=False).trip is None


def test_it_trips_when_it_acts_on_too_large_a_share() -> None:
    """A pack that takes half of all mail is wrong."""
    limits = Limits(actions_per_hour=10_000, share=0.5, symbol_share=1.0)

    state = _fed(State(), 15, limits, acts=False)
    state = _fed(state, 15, limits, acts=True)
    assert state.trip is None

    state = _fed(state, 1, limits, acts=True)
    assert state.trip == Trip(at=0.0, fuse=Fuse.SHARE)


def test_it_trips_when_one_symbol_decides_too_much() -> None:
    """As a list does that suddenly holds a mail service; the symbol is named."""
    limits = Limits(actions_per_hour=10_000, share=1.0, symbol_share=0.3)

    state = _fed(State(), 14, limits, acts=False)
    state = _fed(state, 6, limits, acts=True, by="OFFER_GAME")
    assert state.trip is None

    state = _fed(state, 1, limits, acts=True, by="OFFER_GAME")
    assert state.trip == Trip(at=0.0, fuse=Fuse.SYMBOL, symbol="OFFER_GAME")
    assert state.trip.reason == "symbol_share: OFFER_GAME"


def test_a_share_of_few_messages_says_nothing() -> None:
    """The first mail of an account may well be junk."""
    limits = Limits(actions_per_hour=10_000, share=0.1, symbol_share=0.1)

    assert _fed(State(), MIN_WINDOW - 1, limits, acts=True).trip is None
    assert _fed(State(), MIN_WINDOW, limits, acts=True).trip is not None


def test_it_stays_tripped_within_the_hour() -> None:
    """Even if nothing more happens."""
    limits = Limits(actions_per_hour=5, share=1.0, symbol_share=1.0)
    state = _fed(State(), 6, limits, acts=True)

    assert _fed(state, 50, limits, acts=False, now=HOUR - 1).trip is not None


def test_it_closes_after_an_hour_of_calm() -> None:
    """When what it would do is down to half of each limit."""
    limits = Limits(actions_per_hour=6, share=1.0, symbol_share=1.0)
    state = _fed(State(), 7, limits, acts=True)

    assert _fed(state, 1, limits, acts=True, now=HOUR + 60).trip is None


def test_it_stays_tripped_while_it_would_go_on_as_before() -> None:
    """What it withholds is counted as if it were done."""
    limits = Limits(actions_per_hour=6, share=1.0, symbol_share=1.0)
    state = _fed(State(), 7, limits, acts=True)

    for minute in range(1, 180):
        state = _fed(state, 1, limits, acts=True, now=minute * 60.0)

    assert state.trip == Trip(at=0.0, fuse=Fuse.RATE)


def test_a_clock_set_back_is_no_time_passing() -> None:
    """Nothing is forgotten by it, and nothing fails."""
    limits = Limits(actions_per_hour=5, share=1.0, symbol_share=1.0)
    state = _fed(State(), 5, limits, acts=True, now=10 * HOUR)

    assert _fed(state, 1, limits, acts=True, now=5.0).trip is not None


def test_each_account_has_its_own() -> None:
    """One mailbox under fire does not stop the guard at the others."""
    breaker = Breaker()
    limits = Limits(actions_per_hour=1)
    told = [breaker.judged(JO, symbols=("X",), acts=True, limits=limits, now=0.0) for _ in range(3)]

    assert told == ["", "actions_per_hour", ""]
    assert breaker.reason(JO) == "actions_per_hour"
    assert breaker.reason(AccountId("al")) == ""


def test_a_person_may_close_it() -> None:
    """At once, and what it did before is forgotten."""
    breaker = Breaker()
    for _ in range(3):
        breaker.judged(JO, symbols=(), acts=True, limits=Limits(actions_per_hour=1), now=0.0)

    breaker.close(JO)

    assert breaker.reason(JO) == ""


_days = st.lists(
    st.tuples(st.booleans(), st.sampled_from(["A", "B"]), st.floats(-100, 2_000)), max_size=120
)


@given(_days, st.integers(1, 20), st.floats(0, 1), st.floats(0, 1), st.integers(10, 60))
def test_what_is_done_stays_within_every_limit(
    messages: list[tuple[bool, str, float]], rate: int, share: float, symbol: float, window: int
) -> None:
    """In any hour, and in any full window; and what is kept is bounded."""
    limits = Limits(actions_per_hour=rate, share=share, symbol_share=symbol, window=window)
    state, now, latest = State(), 0.0, 0.0
    done: list[tuple[float, str | None]] = []
    for acts, by, wait in messages:
        now += wait
        state = step(state, now, acts=acts, symbols=(by,), limits=limits)
        latest = max(latest, now)
        done.append((latest, by if acts and state.trip is None else None))

        assert len(state.window) <= window
        assert len(state.actions) <= 60

    acted = [at for at, by in done if by is not None]
    for at in acted:
        # Minutes are counted whole: the hour is 59 of them and a part of one.
        assert sum(at - 59 * 60 < each <= at for each in acted) <= rate
    for end in range(min(MIN_WINDOW, window), len(done) + 1):
        last = [by for _, by in done[max(0, end - window) : end]]
        if last[-1] is not None:
            assert sum(by is not None for by in last) <= share * len(last)
            assert last.count(last[-1]) <= symbol * len(last)


@given(_days)
def test_limits_that_allow_everything_never_trip(messages: list[tuple[bool, str, float]]) -> None:
    """A share of all is no share."""
    state = State()
    for acts, by, now in messages:
        state = step(state, now, acts=acts, symbols=(by,), limits=WIDE)

    assert state.trip is None


@pytest.mark.parametrize(
    "limits",
    [
        Limits(actions_per_hour=10_000, share=0.4, symbol_share=1.0),
        Limits(actions_per_hour=10_000, share=1.0, symbol_share=0.4),
    ],
    ids=["share", "symbol_share"],
)
def test_a_share_closes_at_half_of_it(limits: Limits) -> None:
    """It does not flutter about its limit."""
    half = int(limits.window * 0.4 * CALM)
    state = _fed(State(), half + 1, limits, acts=True)
    assert state.trip is not None

    state = _fed(state, limits.window - 1, limits, acts=False, now=HOUR - 1)
    assert state.trip is not None
    assert sum(each is not None for each in state.window) == 1

    state = _fed(
        _fed(State(trip=state.trip), half + 1, limits, acts=True),
        limits.window - half - 1,
        limits,
        acts=False,
        now=HOUR,
    )
    assert state.trip is not None
    assert _fed(state, 1, limits, acts=False, now=HOUR).trip is None
