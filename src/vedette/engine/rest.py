"""When an endpoint is left in peace, and how many attempts it may have at once.

After failures in a row, or when the endpoint asks for it (Retry-After), nothing
is sent for a while, then one parcel as a probe. A rest uses up no attempts, so
an outage does not burn the schedule of a long backlog. Time and dice are
arguments; it must not know what is sent.
"""

from __future__ import annotations

from vedette.backoff import Backoff

#: Failures in a row before a rest, at least; all that was in flight together counts as one look.
REST_AFTER = 5
#: The rests: long enough to spare a dead host, short enough that a backlog moves soon after it
#: came back.
REST = Backoff(first=1.0, ceiling=30.0)
#: The longest rest that an endpoint gets by its own wish, in seconds. The delivery itself waits
#: as long as was asked; the others look again after this.
MAX_WISH = 3600.0


class Rest:
    """The breaker of one endpoint. ``until`` is an instant on the loop's clock."""

    __slots__ = ("_concurrency", "_failures", "_rests", "until")

    def __init__(self, concurrency: int) -> None:
        self.until = 0.0
        self._concurrency = concurrency
        self._failures = 0  # in a row
        self._rests = 0  # in a row

    @property
    def probing(self) -> bool:
        """Whether the next attempt is a probe, and goes alone."""
        return self._rests > 0

    def slots(self, now: float) -> int:
        """Return how many attempts may be in flight: none, one as a probe, or all."""
        if now < self.until:
            return 0
        return 1 if self._rests else self._concurrency

    def worked(self) -> None:
        """Learn that an attempt was taken, or that a person wants no more rest."""
        self._failures = self._rests = 0
        self.until = 0.0

    def failed(self, now: float, *, asked: float | None, dice: float) -> bool:
        """Learn of a failure and of the endpoint's wish in seconds; return whether it rests."""
        self._failures += 1
        if asked is not None and asked > 0:
            self.until = max(self.until, now + min(asked, MAX_WISH))
        # What was in flight together failed together: that is one sign, not many.
        if now >= self.until and self._failures >= max(REST_AFTER, self._concurrency):
            self._rests += 1
            self.until = now + REST.wait(self._rests, dice)
        return now < self.until
