"""How long an IDLE may last on a host, learnt from the drops it suffers.

Servers and the boxes between close quiet links after 2, 5, 10 or 29 minutes
(catalogue I11), and some of them silently. A host starts at ten minutes, grows
while it holds, and shrinks below the length at which it dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

#: RFC 9051 section 6.3.13: renew at least every 29 minutes.
CEILING = 29 * 60.0
#: GMX is the shortest silent dropper that the start length must survive.
START = 10 * 60.0
#: Below this a renewal costs more than it gives; such a host is polled in effect.
FLOOR = 30.0


@dataclass(frozen=True, slots=True)
class IdleLength:
    """The length of an IDLE in seconds, and the length that is known to be too long."""

    seconds: float = START
    too_long: float | None = None

    def held(self, lasted: float) -> IdleLength:
        """Return the length after an IDLE that lived for ``lasted`` seconds and was renewed."""
        if lasted < self.seconds:
            return self
        ceiling = CEILING if self.too_long is None else min(CEILING, self.too_long * 0.8)
        return IdleLength(min(ceiling, self.seconds * 1.25), self.too_long)

    def dropped(self, lasted: float) -> IdleLength:
        """Return the length after the link died when it had been quiet for ``lasted`` seconds."""
        if lasted < FLOOR:
            return self
        too_long = lasted if self.too_long is None else min(lasted, self.too_long)
        return IdleLength(max(FLOOR, min(self.seconds, too_long * 0.8)), too_long)
