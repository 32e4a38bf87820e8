"""Dates as the protocol writes them. It must not know the clock.

RFC 9051 section 9: ``date-time`` (INTERNALDATE, APPEND) and ``date`` (SEARCH). Names of
months are English whatever the locale, so ``strftime`` is not used.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

from vedette.errors import UsageError

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMBERS = {name.lower(): index for index, name in enumerate(_MONTHS, start=1)}
_DATE_TIME = re.compile(
    r" ?([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r" ([+-])([0-9]{2})([0-9]{2})"
)


def read_date_time(text: str) -> datetime | None:
    """Read an INTERNALDATE; None where it is not one, such as ``00-Jan-0000``.

    In UTC it is an instant of the years 1 to 9999 too, which its zone may move it out of.
    """
    found = _DATE_TIME.fullmatch(text.strip(" "))
    if found is None:
        return None
    day, month, year, hour, minute, second, sign, hours, minutes = found.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    try:
        moment = datetime(
            int(year),
            _NUMBERS.get(month.lower(), 0),
            int(day),
            int(hour),
            int(minute),
            min(int(second), 59),  # a leap second has no place in datetime
            tzinfo=timezone(-offset if sign == "-" else offset),
        )
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment


def write_date(day: date) -> bytes:
    """Write a date for SEARCH: ``1-Feb-2026``."""
    return f"{day.day}-{_MONTHS[day.month - 1]}-{day.year:04d}".encode()


def write_date_time(moment: datetime) -> bytes:
    """Write a moment for APPEND; raises UsageError when it has no offset from UTC."""
    offset = moment.utcoffset()
    if offset is None:
        raise UsageError("the internal date of a message needs its offset from UTC")
    minutes = round(offset.total_seconds() / 60)
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    day = f"{moment.day:2d}-{_MONTHS[moment.month - 1]}-{moment.year:04d}"
    return f"{day} {moment:%H:%M:%S} {sign}{hours:02d}{rest:02d}".encode()
