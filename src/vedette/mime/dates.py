"""The Date field as ISO 8601, or nothing.

It must not know the time of day: a date in the year 2050 is a fact about the mail.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
# RFC 5322 section 4.3; military letters are to be read as unknown, that is UTC.
_ZONES = {
    "ut": 0, "utc": 0, "gmt": 0, "z": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5,
    "mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "cet": 1, "cest": 2, "bst": 1, "jst": 9,
}  # fmt: skip
_CLOCK = r"(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2}))?(?:[.,]\d{1,9})?"
_ZONE = r"(?:\s*([+-]\d{1,2}:?\d{2})|\s*([A-Za-z]{1,5})\b)?"
_RFC = re.compile(
    rf"(?:[^\W\d]{{2,12}}\.?,?\s*)?(\d{{1,2}})[\s-]+([A-Za-z]{{3}})[a-z]{{0,6}}\.?[\s,-]+(\d{{2,4}}),?\s+{_CLOCK}{_ZONE}"
)
_ASCTIME = re.compile(
    rf"(?:[A-Za-z]{{3}},?\s+)?([A-Za-z]{{3}})[a-z]{{0,6}}\s+(\d{{1,2}}),?\s+(?:{_CLOCK}\s+(\d{{4}})|(\d{{4}}),?\s+{_CLOCK}){_ZONE}"
)
_ISO = re.compile(rf"(\d{{4}})-(\d{{1,2}})-(\d{{1,2}})[T\s]+{_CLOCK}{_ZONE}")
# A date has 31 characters; a comment may follow.
_LONGEST = 200
_CENTURY = 100
_PIVOT = 50  # RFC 5322 section 4.3: two digits below 50 are this century
_DAY = timedelta(hours=24)


def parse(value: str) -> str | None:
    """Return ISO 8601 with an offset for a Date field, ``None`` if it is no date."""
    value = value[:_LONGEST].strip()
    if match := _RFC.match(value):
        day, month, year, hour, minute, second, offset, zone = match.groups()
        number = _MONTHS.get(month.lower())
    elif match := _ISO.match(value):
        year, month, day, hour, minute, second, offset, zone = match.groups()
        number = int(month)
    elif match := _ASCTIME.match(value):
        month, day, h1, m1, s1, y1, y2, h2, m2, s2, offset, zone = match.groups()
        number = _MONTHS.get(month.lower())
        year, hour, minute, second = (y1, h1, m1, s1) if y1 else (y2, h2, m2, s2)
    else:
        return None
    if number is None:
        return None
    seconds = min(int(second or 0), 59)  # a leap second has no place in ISO clocks
    try:
        moment = datetime(
            _year(year),
            number,
            int(day),
            int(hour),
            int(minute),
            seconds,
            tzinfo=_zone(offset, zone),
        )
    except ValueError:
        return None
    return moment.isoformat()


def _year(text: str) -> int:
    """Read a year of two, three or four digits (RFC 5322 section 4.3)."""
    year = int(text)
    if year < _PIVOT and len(text) < len("1999"):
        return year + 2000
    return year + 1900 if len(text) < len("1999") and year < _CENTURY * 10 else year


@lru_cache(maxsize=128)  # there are some forty zones
def _zone(offset: str | None, name: str | None) -> timezone:
    if offset:
        digits = offset[1:].replace(":", "").rjust(4, "0")
        delta = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        if delta >= _DAY:
            return UTC
        return timezone(-delta if offset[0] == "-" else delta)
    return timezone(timedelta(hours=_ZONES.get((name or "").lower(), 0)))
