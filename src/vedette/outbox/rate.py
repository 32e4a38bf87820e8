"""How many attempts may begin now: a token bucket, whose clock is an argument.

It must not know what is attempted.
"""

from __future__ import annotations

from math import floor, inf
from typing import Final

#: What may lack of one attempt: a sum of parts of a second is not exact, and a wait of nothing
#: would be asked for again and again.
_SLACK: Final = 1e-9


class Allowance:
    """The bound of one endpoint: ``rate`` attempts in a second, None for no bound.

    What was not used is kept for a second, or for one attempt where that takes longer: after a
    quiet time so many may begin at once, and never more.
    """

    __slots__ = ("_at", "_kept", "_most", "_rate", "_whole")

    def __init__(self, rate: float | None) -> None:
        self._whole = self._rate = rate
        self._most = 0.0 if rate is None else max(rate, 1.0)
        self._kept = self._most
        self._at = -inf

    def share(self, parts: int, now: float) -> None:
        """Keep to one of so many equal parts of the rate from now on."""
        if self._whole is None:
            return
        left = self._left(now)
        self._rate = self._whole / parts
        self._most = max(self._rate, 1.0)
        self._kept = min(left, self._most)

    def take(self, now: float) -> bool:
        """Use one, if there is one; ``now`` is an instant on a clock that only goes forward."""
        if self._rate is None:
            return True
        if self._left(now) < 1.0 - _SLACK:
            return False
        self._kept = max(self._kept - 1.0, 0.0)
        return True

    def within(self, now: float, seconds: float) -> float:
        """Return how many may begin until ``seconds`` after ``now``; infinity without a bound."""
        if self._rate is None:
            return inf
        return floor(self._left(now) + self._rate * seconds + _SLACK)

    def wait(self, now: float) -> float:
        """Return the seconds until the next one may begin."""
        if self._rate is None:
            return 0.0
        lacking = 1.0 - self._left(now)
        return lacking / self._rate if lacking > _SLACK else 0.0

    def _left(self, now: float) -> float:
        if self._rate is not None and now > self._at:
            self._kept = min(self._kept + (now - self._at) * self._rate, self._most)
            self._at = now
        return self._kept
