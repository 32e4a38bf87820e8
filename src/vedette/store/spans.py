"""Where a query about stored events begins and ends, in the order that both stores keep them in.

It knows points and nothing of how they are compared.
"""

from __future__ import annotations

from math import inf
from typing import Final

from vedette.ports.store import EventQuery, Point

#: Events of one look, of whatever type: some milliseconds of a store's one writer, and as many
#: as a step of a walk asks for where it is about every second or third of them.
LOOKED: Final = 2_000


def ends(query: EventQuery) -> tuple[Point, Point]:
    """Return the first and the last point that an event of the query may have, both included."""
    # Numbers are above 0: before the first of an instant, and behind the last before another.
    first = Point(time=-inf if query.start is None else query.start, number=0)
    last = Point(time=inf if query.end is None else query.end, number=0)
    if query.span is None:
        return first, last
    return max(first, query.span.first), min(last, query.span.last)
