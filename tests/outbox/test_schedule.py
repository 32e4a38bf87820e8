"""The schedule of retries: the published one, never early, honest to Retry-After."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.model.delivery import Delivered, DeliveryState, Gone, Parcel, Refused, Settlement
from vedette.model.ids import EndpointId, EventId
from vedette.outbox.schedule import STANDARD, WAITS, Policy, after, wait

PARCEL = Parcel(
    delivery=7,
    endpoint=EndpointId("hook"),
    event=EventId("e"),
    type="message.received",
    lane=b"INBOX",
    body=b"{}",
    attempt=1,
    queued_at=0.0,
)
DICE = st.floats(0.0, 1.0, exclude_max=True)
ATTEMPTS = st.integers(1, 20)
WISHES = st.none() | st.floats(allow_nan=True, allow_infinity=True)


def test_the_schedule_is_the_published_one() -> None:
    """Ten attempts: at once, then 5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h apart."""
    hours = [2, 5, 10, 14, 20, 24]

    assert (5.0, 300.0, 1800.0, *(3600.0 * each for each in hours)) == WAITS
    # 75 h 35 min 5 s from the first to the last, without jitter.
    assert sum(WAITS) == 75 * 3600 + 35 * 60 + 5


def test_a_refused_parcel_lives_through_the_whole_schedule() -> None:
    """Attempt after attempt is due later, and the tenth refusal is the end."""
    now, settlements = 1000.0, []
    for attempt in range(1, 11):
        parcel = replace(PARCEL, attempt=attempt)
        settlements.append(after(Refused(reason="503"), parcel, now=now, dice=0.0))
        now = settlements[-1].due

    assert [each.state for each in settlements] == [DeliveryState.DUE] * 9 + [DeliveryState.FAILED]
    assert [each.attempt for each in settlements] == list(range(1, 11))
    assert now == 1000.0 + sum(WAITS)


def test_a_delivered_parcel_is_done() -> None:
    """Success settles it, with the endpoint's own words kept."""
    assert after(Delivered(detail="204"), PARCEL, now=9.0, dice=0.5) == Settlement(
        delivery=7, state=DeliveryState.DELIVERED, due=9.0, attempt=1, reason="204"
    )


@pytest.mark.parametrize("attempt", [1, 10, 15])
def test_a_parcel_of_a_gone_endpoint_is_kept(attempt: int) -> None:
    """The endpoint is disabled, and its backlog waits for the day it is enabled again."""
    settlement = after(Gone(reason="410"), replace(PARCEL, attempt=attempt), now=9.0, dice=0.5)

    assert (settlement.state, settlement.reason) == (DeliveryState.DUE, "410")
    assert settlement.due > 9.0


@given(attempt=ATTEMPTS, wish=WISHES, dice=DICE)
def test_no_wait_is_shorter_than_the_schedule(
    attempt: int, wish: float | None, dice: float
) -> None:
    """Neither the dice nor an endpoint's wish brings a retry forward."""
    assert wait(attempt, wish, dice=dice) >= WAITS[min(attempt, len(WAITS)) - 1]


@given(attempt=ATTEMPTS, wish=WISHES, dice=DICE)
def test_no_wait_is_longer_than_ceiling_and_jitter(
    attempt: int, wish: float | None, dice: float
) -> None:
    """An endpoint can not send a parcel into the far future, or to no instant at all."""
    longest = max(STANDARD.ceiling, *WAITS) * (1 + STANDARD.jitter)
    seconds = wait(attempt, wish, dice=dice)

    assert math.isfinite(seconds)
    assert seconds <= longest


@given(attempt=ATTEMPTS, wish=st.floats(0.1, STANDARD.ceiling), dice=DICE)
def test_a_wish_within_the_ceiling_is_honoured(attempt: int, wish: float, dice: float) -> None:
    """Who asks for an hour is left alone for an hour."""
    assert wait(attempt, wish, dice=dice) >= wish


@given(attempt=ATTEMPTS, wish=WISHES, low=DICE, high=DICE)
def test_waits_follow_the_dice_and_nothing_else(
    attempt: int, wish: float | None, low: float, high: float
) -> None:
    """The same dice give the same wait, larger ones no shorter wait."""
    low, high = sorted((low, high))

    assert wait(attempt, wish, dice=low) == wait(attempt, wish, dice=low)
    assert wait(attempt, wish, dice=low) <= wait(attempt, wish, dice=high)


@given(attempt=st.integers(1, 19), dice=DICE)
def test_waits_grow_with_the_attempts(attempt: int, dice: float) -> None:
    """Patience never gets shorter."""
    assert wait(attempt, None, dice=dice) <= wait(attempt + 1, None, dice=dice)


def test_wishes_of_many_parcels_are_spread() -> None:
    """After one Retry-After the backlog does not come back in one moment."""
    assert wait(1, 3600.0, dice=0.9) - wait(1, 3600.0, dice=0.0) > 300.0


def test_a_policy_sets_the_number_of_attempts() -> None:
    """One attempt more than waits."""
    policy = Policy(waits=(1.0,), jitter=0.0)
    first = after(Refused(reason="no"), PARCEL, now=0.0, dice=0.0, policy=policy)
    second = after(
        Refused(reason="no"), replace(PARCEL, attempt=2), now=1.0, dice=0.0, policy=policy
    )

    assert (first.state, first.due) == (DeliveryState.DUE, 1.0)
    assert second.state is DeliveryState.FAILED
