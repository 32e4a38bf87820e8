"""How fast a caller may ask: a bucket of tokens for each, that fills again at a steady rate.

It must not know who callers are, nor the time: that is an argument.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

#: Callers that are remembered. One that is forgotten has a full bucket, which it has earned: it
#: asked longest ago.
MAX_CALLERS: Final = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Pace:
    """Buckets of ``burst`` tokens that fill with ``rate`` tokens a second."""

    def __init__(self, *, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def go_over(self, *, rate: float, burst: int) -> None:
        """Have another pace from now on; what is in the buckets stays, up to what they hold."""
        self._rate, self._burst = rate, float(burst)

    def take(self, caller: str, now: float) -> float:
        """Take a token; return 0.0, or the seconds until there is one and take none."""
        bucket = self._bucket(caller, now)
        if bucket.tokens >= 1.0:
            bucket.tokens -= 1.0
            return 0.0
        return (1.0 - bucket.tokens) / self._rate

    def wait(self, caller: str, now: float) -> float:
        """Return the seconds until there is a token, without taking it."""
        return max(0.0, 1.0 - self._bucket(caller, now).tokens) / self._rate

    def _bucket(self, caller: str, now: float) -> _Bucket:
        bucket = self._buckets.get(caller)
        if bucket is None:
            while len(self._buckets) >= MAX_CALLERS:
                self._buckets.popitem(last=False)
            bucket = self._buckets[caller] = _Bucket(self._burst, now)
        self._buckets.move_to_end(caller)
        grown = bucket.tokens + max(0.0, now - bucket.at) * self._rate
        bucket.tokens, bucket.at = min(self._burst, grown), now
        return bucket
