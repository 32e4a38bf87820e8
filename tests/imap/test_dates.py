"""Dates of the protocol: read tolerantly, written strictly."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.errors import UsageError
from vedette.imap.dates import read_date_time, write_date, write_date_time


def test_internal_date_keeps_its_offset() -> None:
    """RFC 9051's own example."""
    moment = read_date_time("17-Jul-1996 02:44:25 -0700")

    assert moment == datetime(1996, 7, 17, 9, 44, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "00-Jan-0000 00:00:00 +0000",
        "31-Feb-2026 00:00:00 +0000",
        "01-Jan-0001 00:00:00 +0100",
        "31-Dec-9999 23:59:59 -0100",
        "1-Foo-2026 00:00:00 +0000",
        "1-Jan-2026 25:00:00 +0000",
        "1-Jan-2026 00:00:00 +9999",
        "NIL",
        "",
        "\u0661-Jan-2026 00:00:00 +0000",
    ],
)
def test_impossible_internal_date_is_none(text: str) -> None:
    """P5: a date that can not be is no date, and no error."""
    assert read_date_time(text) is None


def test_leap_second_is_read_as_the_second_before() -> None:
    """A second that datetime does not know is not lost mail."""
    assert read_date_time(" 1-Jan-2017 00:59:60 +0100") is not None


def test_search_date_has_an_english_month() -> None:
    """The locale does not count."""
    assert write_date(date(2026, 3, 1)) == b"1-Mar-2026"


def test_append_date_needs_an_offset() -> None:
    """A moment without a zone is not a moment."""
    with pytest.raises(UsageError):
        write_date_time(datetime(2026, 1, 1))  # noqa: DTZ001 - the case under test


@given(
    st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001 - hypothesis wants naive bounds
    st.integers(-14 * 60, 14 * 60),
)
def test_append_date_is_read_back_as_the_same_moment(moment: datetime, minutes: int) -> None:
    """Writing then reading is the identity, to the second."""
    zoned = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))

    assert read_date_time(write_date_time(zoned).decode()) == zoned
