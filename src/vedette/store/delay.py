"""The arithmetic of the ratchet: what counts as time that the service ran, and what is due.

It knows no rows and no clock.
"""

from __future__ import annotations

from typing import Final

from vedette.ports.ratchet import Change, ChangeState

#: Seconds that one step of the uptime counts at most: it is advanced every minute, and what comes
#: after two was not spent running.
LONGEST_STEP: Final = 120.0

#: A request that is in one of these can still be taken back.
OPEN: Final = frozenset({ChangeState.WAITING, ChangeState.GRANTED})


def step(seconds: float) -> float:
    """Return what of some seconds counts as one step of the uptime."""
    return min(max(seconds, 0.0), LONGEST_STEP)


def is_due(change: Change, now: float) -> bool:
    """Whether a change may take effect at ``now``: it was granted, or every clock says so."""
    if change.state is ChangeState.GRANTED:
        return True
    return change.state is ChangeState.WAITING and change.due <= now and change.left <= 0.0
