"""Whether an endpoint is still worth trying: one decision after each attempt.

::

    outcome      state                                     becomes
    Delivered    any                                       healthy, enabled
    Gone         any                                       disabled at once
    Refused      fewer than SEVERAL failures in a row      counted
    Refused      SEVERAL or more, the first PATIENCE ago   disabled

The clock of PATIENCE starts with the first failure. Only several of them prove a dead endpoint:
one with an event a week is not disabled for two bad moments.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, assert_never

from vedette.model.delivery import Delivered, EndpointState, Gone, Outcome, Refused

_DAY: Final = 86400.0

#: Failures in a row, with no success between them, that are several.
SEVERAL: Final = 3

#: Seconds of only failures until the endpoint is disabled: five days, past a long weekend and past
#: the whole schedule of a delivery (75 h 35 min).
PATIENCE: Final = 5 * _DAY

#: A reason is for a person's table: longer words of an endpoint are cut.
_REASON: Final = 300


def judge(state: EndpointState, outcome: Outcome, now: float) -> EndpointState:
    """Return how the endpoint is doing after one more outcome at ``now``.

    A success that arrives late, for a parcel that was on its way when the
    endpoint was disabled, enables it again: it plainly works.
    """
    match outcome:
        case Delivered():
            return EndpointState(id=state.id, delivered_at=now)
        case Gone(reason=reason):
            return _disabled(_failed(state, now), reason, now)
        case Refused(reason=reason):
            failed = _failed(state, now)
            if is_hopeless(failed, now):
                return _disabled(failed, f"only failures for days, the last: {reason}", now)
            return failed
        case _:
            assert_never(outcome)


def is_hopeless(state: EndpointState, now: float) -> bool:
    """Whether the failures are several, and have lasted for all our patience."""
    if state.failing_since is None or state.failures < SEVERAL:
        return False
    return now - state.failing_since >= PATIENCE


def recovered(state: EndpointState) -> EndpointState:
    """Return the state of an endpoint that a person enabled again: a clean slate."""
    return EndpointState(id=state.id, delivered_at=state.delivered_at)


def _failed(state: EndpointState, now: float) -> EndpointState:
    return replace(
        state,
        failing_since=now if state.failing_since is None else state.failing_since,
        failures=state.failures + 1,
    )


def _disabled(state: EndpointState, reason: str, now: float) -> EndpointState:
    # The first reason stands: it is the one that a person has to look into.
    if state.disabled_at is not None:
        return state
    return replace(state, disabled_at=now, disabled_reason=reason[:_REASON])
