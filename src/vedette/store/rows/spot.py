"""Where a list of entries or decisions begins: the instant and the number that all are below.

It knows no driver and no SQL.
"""

from __future__ import annotations

from math import inf
from typing import Final

from vedette.ports.journal import Spot

#: The largest number of a row: all of an instant are below it.
_LAST: Final = 2**63 - 1


def top(until: float | None, below: Spot | None) -> tuple[float, int]:
    """Return the pair that ``(at, seq)`` is below for what is before an instant and a spot."""
    # No row has the number 0: what is below it is of an earlier instant.
    end = (inf, _LAST) if until is None else (until, 0)
    return end if below is None else min(end, (below.at, below.seq))
