"""When a delivery is tried again, and when it is given up.

The schedule is the one that Standard Webhooks recommends ("Deliverability and
reliability"): ten attempts over 75 h 35 min. Each wait is drawn at random
between the scheduled one and a little more, so that what failed together does
not come back together, and nothing comes back early.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, assert_never

from vedette.model.delivery import (
    Delivered,
    DeliveryState,
    Gone,
    Outcome,
    Parcel,
    Refused,
    Settlement,
)

_MINUTE: Final = 60.0
_HOUR: Final = 3600.0

#: Seconds before attempts 2, 3, …; attempt 1 is made at once.
WAITS: Final = (
    5.0,
    5 * _MINUTE,
    30 * _MINUTE,
    2 * _HOUR,
    5 * _HOUR,
    10 * _HOUR,
    14 * _HOUR,
    20 * _HOUR,
    24 * _HOUR,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How patient an endpoint's deliveries are.

    ``waits`` are the seconds after attempt 1, 2, …: one attempt more than waits
    is made. ``jitter`` is the largest share of a wait that is added to it.
    ``ceiling`` bounds what an endpoint may ask for with Retry-After, in seconds.
    """

    waits: tuple[float, ...] = WAITS
    jitter: float = 0.1
    ceiling: float = 24 * _HOUR


#: The policy of every endpoint that names none.
STANDARD: Final = Policy()


def after(
    outcome: Outcome, parcel: Parcel, *, now: float, dice: float, policy: Policy = STANDARD
) -> Settlement:
    """Decide what becomes of a parcel after one attempt; ``dice`` is in [0, 1).

    An endpoint that is gone keeps its parcels due: it is disabled, nothing is
    sent to it, and when a person enables it again the backlog is still there.
    Until the endpoint is known to be disabled the wait keeps the parcel from it.
    """
    match outcome:
        case Delivered(detail=detail):
            return _settled(parcel, DeliveryState.DELIVERED, now, detail)
        case Gone(reason=reason):
            due = now + wait(parcel.attempt, None, dice=dice, policy=policy)
            return _settled(parcel, DeliveryState.DUE, due, reason)
        case Refused(reason=reason, retry_after=asked):
            if parcel.attempt > len(policy.waits):
                return _settled(parcel, DeliveryState.FAILED, now, reason)
            due = now + wait(parcel.attempt, asked, dice=dice, policy=policy)
            return _settled(parcel, DeliveryState.DUE, due, reason)
        case _:
            assert_never(outcome)


def wait(attempt: int, asked: float | None, *, dice: float, policy: Policy = STANDARD) -> float:
    """Return the seconds between attempt number ``attempt`` (from 1) and the next.

    ``asked`` is the endpoint's own wish. It may lengthen the wait up to the
    policy's ceiling; it never shortens it.
    """
    scheduled = policy.waits[min(max(attempt, 1), len(policy.waits)) - 1]
    # A wish that is no number, or is negative, is no wish.
    wish = min(asked, policy.ceiling) if asked is not None and asked > 0 else 0.0
    return max(scheduled, wish) * (1.0 + policy.jitter * dice)


def _settled(parcel: Parcel, state: DeliveryState, due: float, reason: str) -> Settlement:
    return Settlement(
        delivery=parcel.delivery,
        state=state,
        due=due,
        attempt=parcel.attempt,
        reason=reason,
    )
