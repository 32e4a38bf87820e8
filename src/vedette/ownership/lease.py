"""How long an instance may believe that it owns what it owned.

The database judges by its own clock when an instance is dead; the instance judges by its own
monotonic clock when to stop, five seconds before. No two clocks are ever compared: a heartbeat
reached the database after it was sent, so what counts from the sending ends first. What a
machine that slept does after its time is refused by the epoch, which is the guard; this is what
makes it rare. It must not know what is owned.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

#: Seconds between two heartbeats: 4 rows a second for 20 instances.
BEAT = 5.0
#: Seconds after a heartbeat, by the database's clock, until an instance counts as dead: two
#: heartbeats may be lost, and 99 % of the mailboxes of a dead one are to idle again in 20 s.
TTL = 15.0
#: Seconds before that at which an instance stops by itself: a commit under way has its deadline
#: in them, and goodbyes are said.
MARGIN = 5.0
#: Seconds until a heartbeat without an answer is given up, and until the next is tried after a
#: failure: two more go before the instance has to stop.
PATIENCE = 2.0
RETRY = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """What an instance holds of its own row, on its monotonic clock.

    ``until`` is when it must stop; ``since`` is since when it has been held without a break.
    """

    since: float = inf
    until: float = -inf

    def beaten(self, sent: float) -> Lease:
        """Return the lease after a heartbeat that was sent at ``sent`` was written."""
        broken = sent >= self.until
        return Lease(since=sent if broken else self.since, until=sent + TTL - MARGIN)

    def is_held(self, now: float) -> bool:
        """Tell whether anything may still be done in its name."""
        return now < self.until

    def may_bury(self, now: float) -> bool:
        """Tell whether this instance may call others dead.

        When the database was away, nobody could write a heartbeat. Who comes back first would
        find all others dead, and take over everything: each must have had the time to beat.
        """
        return self.is_held(now) and now - self.since >= TTL
