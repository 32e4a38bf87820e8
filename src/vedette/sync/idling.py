"""How long an IDLE may last on a host, learnt from the drops it suffers.

Servers and the boxes between close quiet links after 2, 5, 10 or 29 minutes
(catalogue I11), and some of them silently. A host starts at ten minutes, grows
while it holds, and shrinks below the length at which it dropped.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

#: RFC 9051 section 6.3.13: renew at least every 29 minutes.
CEILING = 29 * 60.0
#: GMX is the shortest silent dropper that the start length must survive.
START = 10 * 60.0
#: Below this a renewal costs more than it gives; such a host is polled in effect.
FLOOR = 30.0
#: Two drops this much alike have a cause in their length; others are restarts and bad lines.
ALIKE = 0.2
#: What was learnt is doubted after a day: one silent reconnect, or the length is won back.
DOUBT = 86_400.0


@dataclass(frozen=True, slots=True)
class IdleLength:
    """The length of an IDLE in seconds, and the length that is known to be too long.

    ``suspect`` is the length of the last drop, and ``learnt_at`` the instant at
    which ``too_long`` was learnt.
    """

    seconds: float = START
    too_long: float | None = None
    suspect: float | None = None
    learnt_at: float = 0.0

    def held(self, lasted: float, now: float) -> IdleLength:
        """Return the length after an IDLE was quiet for ``lasted`` seconds and was renewed."""
        doubtful = self.too_long is not None and now - self.learnt_at >= DOUBT
        known = replace(self, too_long=None) if doubtful else self
        if lasted < known.seconds:
            return known
        ceiling = CEILING if known.too_long is None else min(CEILING, known.too_long * 0.8)
        return replace(known, seconds=max(known.seconds, min(ceiling, known.seconds * 1.25)))

    def dropped(self, lasted: float, now: float) -> IdleLength:
        """Return the length after the link died when it had been quiet for ``lasted`` seconds."""
        if lasted < FLOOR:
            return self
        if self.suspect is None or abs(lasted - self.suspect) > ALIKE * lasted:
            return replace(self, suspect=lasted)
        too_long = lasted if self.too_long is None else min(lasted, self.too_long)
        seconds = max(FLOOR, min(self.seconds, too_long * 0.8))
        return IdleLength(seconds, too_long, lasted, now)
