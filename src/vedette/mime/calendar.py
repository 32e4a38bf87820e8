"""Calendar parts (RFC 5545, RFC 6047): what was asked, when, by whom.

The library behind it raises on much that mail holds; nothing of that gets out.
Recurrences are not expanded. It must not know the rest of the message.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from importlib import import_module
from typing import Any

from vedette.mime import words
from vedette.mime.defects import Defect
from vedette.mime.message import CalendarEvent

# A meeting of a whole company; more attendees say nothing more.
_MOST_ATTENDEES = 500
# An invitation has 30 lines, and some more for each attendee; the library takes 9 us for each.
_MOST_LINES = 3000
# RFC 5545 section 3.1 folds at 75 octets; no field of an invitation needs more than this.
_LONGEST = 1000


@lru_cache(maxsize=1)
def _library() -> Any:
    # Loaded on first use: it costs some 15 MB and 100 ms, and most mail has no calendar.
    return import_module("icalendar")


def read(data: str, most: int, defects: set[Defect]) -> tuple[CalendarEvent, ...]:
    """Return at most ``most`` events of one calendar part; never raises."""
    if data.count("\n") > _MOST_LINES:
        defects.add(Defect.CALENDAR)
        return ()
    try:
        calendar = _library().Calendar.from_ical(data)
        return tuple(_events(calendar, most))
    except Exception:  # noqa: BLE001 -- the library promises no set of errors for bad input
        defects.add(Defect.CALENDAR)
        return ()


def _events(calendar: Any, most: int) -> Iterator[CalendarEvent]:
    method = _text(calendar.get("METHOD"))
    for count, event in enumerate(calendar.walk("VEVENT")):
        if count == most:
            return
        attendees = event.get("ATTENDEE") or []
        if not isinstance(attendees, list):
            attendees = [attendees]
        yield CalendarEvent(
            method=method.upper() if method else None,
            uid=_text(event.get("UID")),
            summary=_text(event.get("SUMMARY")),
            start=_moment(event.get("DTSTART")),
            end=_moment(event.get("DTEND")),
            organizer=_mailbox(event.get("ORGANIZER")),
            attendees=tuple(
                found for each in attendees[:_MOST_ATTENDEES] if (found := _mailbox(each))
            ),
            sequence=_number(event.get("SEQUENCE")),
            status=_text(event.get("STATUS")),
        )


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, list):
        value = value[0] if value else ""
    return words.clean(str(value))[:_LONGEST] or None


def _mailbox(value: Any) -> str | None:
    text = _text(value)
    if text and text[:7].lower() == "mailto:":
        text = text[7:]
    return text or None


def _number(value: Any) -> int | None:
    text = _text(value)
    return int(text) if text and text.isdecimal() and len(text) < len("1000000000") else None


def _moment(value: Any) -> str | None:
    found = getattr(value, "dt", None)
    return found.isoformat() if isinstance(found, date) else None
