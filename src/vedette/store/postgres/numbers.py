"""The numbers of events and deliveries, and the days that stand in them.

A number is the day of its row, counted from the Unix epoch in UTC, shifted up by ``SHIFT`` bits,
plus a count that never comes twice. So a number alone says in which partition its row lies. It
knows arithmetic, and asks the database for the count.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from vedette.store.postgres.connection import Connection
from vedette.store.postgres.statements import sql

_NUMBERS: Final = sql("numbers")

#: Bits of the count: at 10,000 numbers a second they last for two hundred years.
SHIFT: Final = 46

#: Seconds of a day; a day in UTC has no other length here, as in Unix time.
DAY: Final = 86_400

#: The days that a number can have end in 2328; the day after the last has a first number, too.
#: What is dated outside lies in the nearest.
_LAST: Final = (1 << (63 - SHIFT)) - 2

_EPOCH: Final = date(1970, 1, 1)


def day_of(instant: float) -> int:
    """Return the day of an instant. Raises ValueError for NaN."""
    return int(min(max(float(instant), 0.0), _LAST * DAY)) // DAY


def first(day: int) -> int:
    """Return the lowest number of a day."""
    return day << SHIFT


def of(day: int, count: int) -> int:
    """Return the number of a day with this count."""
    return (day << SHIFT) | count


def name(day: int) -> str:
    """Return how a day is spelled in the name of a table: ``20261121``."""
    return f"{_EPOCH + timedelta(days=day):%Y%m%d}"


def named(text: str) -> int:
    """Return the day that ``name`` spelled so. Raises ValueError."""
    return (datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).date() - _EPOCH).days


async def take(connection: Connection, count: int) -> list[int]:
    """Return so many counts, each larger than every one that was taken before."""
    return [row[0] for row in await connection.fetch(_NUMBERS, count)] if count else []
