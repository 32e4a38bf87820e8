"""Calendar parts are told; what the library can not read is a defect and no more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mime.letter import multipart, typed
from vedette import mime
from vedette.mime import CalendarEvent, Defect, calendar

INVITATION = """BEGIN:VCALENDAR
VERSION:2.0
METHOD:REQUEST
BEGIN:VEVENT
UID:7@example.com
SUMMARY:Lunch\\, at noon
DTSTART:20260203T120000Z
DTEND:20260203T130000Z
ORGANIZER;CN=Jane:mailto:jane@example.com
ATTENDEE;RSVP=TRUE:mailto:joe@example.org
ATTENDEE:MAILTO:ann@example.org
SEQUENCE:2
STATUS:CONFIRMED
END:VEVENT
END:VCALENDAR
"""


def test_an_invitation_is_told() -> None:
    """Who asks whom, for when, and which version of it."""
    (event,) = mime.read(typed("text/calendar; method=REQUEST", INVITATION)).calendar

    assert event == CalendarEvent(
        method="REQUEST",
        uid="7@example.com",
        summary="Lunch, at noon",
        start="2026-02-03T12:00:00+00:00",
        end="2026-02-03T13:00:00+00:00",
        organizer="jane@example.com",
        attendees=("joe@example.org", "ann@example.org"),
        sequence=2,
        status="CONFIRMED",
    )


def test_a_whole_day_is_a_date() -> None:
    """It has no clock and no zone."""
    text = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART;VALUE=DATE:20260203\nEND:VEVENT\nEND:VCALENDAR\n"

    (event,) = calendar.read(text, 10, set())

    assert event.start == "2026-02-03"


@pytest.mark.parametrize(
    "text",
    ["", "BEGIN:VCALENDAR", "END:VCALENDAR", "BEGIN:VEVENT\n" * 500, "\x01", INVITATION[:200]],
)
def test_a_calendar_that_is_none_is_a_defect(text: str) -> None:
    """The message is told without it."""
    defects: set[Defect] = set()

    assert calendar.read(text, 10, defects) == ()
    assert defects == {Defect.CALENDAR}


def test_events_beyond_the_limit_are_not_told() -> None:
    """The budget holds for all calendar parts of a message together."""
    event = "BEGIN:VEVENT\nUID:1\nEND:VEVENT\n"
    data = typed("text/calendar", f"BEGIN:VCALENDAR\n{event * 30}END:VCALENDAR\n")

    assert len(mime.read(data).calendar) == mime.Limits().calendar_events


def test_calendars_after_the_last_event_that_is_told_are_not_read() -> None:
    """Not even a broken one is a defect then."""
    part = f"Content-Type: text/calendar\n\n{INVITATION}"

    message = mime.read(multipart(part, part), limits=mime.Limits(calendar_events=1))

    assert len(message.calendar) == 1


def test_a_calendar_beyond_its_bytes_is_a_defect() -> None:
    """Half a calendar is none."""
    message = mime.read(typed("text/calendar", INVITATION), limits=mime.Limits(calendar_bytes=100))

    assert message.calendar == ()
    assert Defect.CALENDAR in message.defects


@given(st.text(alphabet='BEGIN:VCALEDRT;=\n 0123456789Z-+,\\"', max_size=200))
def test_no_text_makes_the_calendar_raise(text: str) -> None:
    """The library raises on some of them; nothing of that gets out."""
    calendar.read(f"BEGIN:VCALENDAR\nBEGIN:VEVENT\n{text}\nEND:VEVENT\nEND:VCALENDAR", 5, set())
