"""A header is read by offset, within its bounds, past what is no field."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.mime.letter import raw
from vedette import mime
from vedette.mime import Defect, Limits, headers


def scanned(data: bytes, limits: Limits | None = None) -> tuple[headers.Header, set[Defect]]:
    defects: set[Defect] = set()
    return headers.scan(data, 0, limits or Limits(), defects), defects


def test_a_field_is_its_name_as_written_and_its_raw_value_unfolded() -> None:
    """Folded lines belong to it; the body starts after the empty line."""
    data = raw("Subject: a\n b\n\tc\nX-Y:d\n\nbody")

    header, defects = scanned(data)

    assert header.fields == [("Subject", "a b\tc"), ("X-Y", "d")]
    assert data[header.body :] == b"body"
    assert header.ended
    assert defects == set()


def test_a_giant_field_does_not_hide_the_others() -> None:
    """It is cut, the sender behind it is read, and the body is found."""
    message = mime.read(b"Subject: " + b"a" * 1_000_000 + b"\r\nFrom: a@example.com\r\n\r\nHello")

    assert len(b" " + message.subject.encode()) == Limits().field_bytes
    assert message.from_[0].address == "a@example.com"
    assert message.text.plain == "Hello"
    assert Defect.HEADER_CUT in message.defects


def test_a_flood_of_fields_hides_neither_sender_nor_structure() -> None:
    """Past the budget the essential fields are still read, and no others."""
    flood = "".join(f"X-{n}: {'a' * 900}\n" for n in range(100))
    data = raw(f"{flood}From: a@example.com\nContent-Type: text/html\nX-Last: b\n\n<p>Hi")

    message = mime.read(data)

    assert message.from_[0].address == "a@example.com"
    assert message.text.html == "<p>Hi"
    assert "X-Last" not in dict(message.headers)
    assert Defect.HEADER_CUT in message.defects


def test_no_more_fields_are_read_than_the_limit() -> None:
    """The body is found behind them."""
    header, defects = scanned(raw("a: b\n" * 10 + "\nbody"), Limits(headers=3))

    assert len(header.fields) == 3
    assert header.body == len("a: b\r\n" * 10 + "\r\n")
    assert defects == {Defect.HEADER_CUT}


def test_the_raw_header_that_is_told_is_bounded() -> None:
    """It is kept for readers of their own, not to carry a megabyte into each event."""
    message = mime.read(b"Subject: " + b"a" * 1_000_000 + b"\r\n\r\n")

    assert len(message.raw_header) == Limits().header_bytes


@pytest.mark.parametrize("line", ["no colon here", "two words: x", ": no name", "\x07: bell"])
def test_a_line_that_is_no_field_is_passed_over_when_fields_follow(line: str) -> None:
    """Scanners and proxies leave such lines."""
    header, defects = scanned(raw(f"Subject: a\n{line}\nFrom: b\n\nbody"))

    assert [name for name, _value in header.fields] == ["Subject", "From"]
    assert defects == {Defect.HEADER_JUNK}


def test_lines_that_are_no_fields_end_the_header_after_some() -> None:
    """More than a few are a body that quotes mail."""
    junk = "nothing\nFrom: x\n" * 10

    header, defects = scanned(raw(f"Subject: a\n{junk}"))

    assert len(header.fields) == 6
    assert Defect.HEADER_UNENDED in defects


def test_a_message_that_starts_with_its_body_has_no_header() -> None:
    """All of it is the text."""
    message = mime.read(b"Hello there\r\n")

    assert message.headers == ()
    assert message.text.plain == "Hello there\n"
    assert Defect.HEADER_MISSING in message.defects


@pytest.mark.parametrize(
    "before", ["From jane@example.com Tue Feb  3 09:15:00 2026\n", ">From jane Tue\n", "\ufeff"]
)
def test_what_mailbox_files_put_before_a_message_is_no_field(before: str) -> None:
    """The mbox line, its quoted form, and a byte order mark."""
    header, defects = scanned(raw(f"{before}Subject: a\n\n"))

    assert header.fields == [("Subject", "a")]
    assert defects == set()


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r\r\n"])
def test_the_empty_line_is_known_by_its_line_feed(end: bytes) -> None:
    """CRLF, LF, and the doubled CR of broken relays."""
    header, _defects = scanned(b"Subject: a" + end + end + b"body")

    assert header.ended
    assert header.body == len(b"Subject: a" + end + end)
    assert header.first["subject"] == "a"


def test_addresses_of_repeated_fields_count_together() -> None:
    """A flood of To fields is cut as one long one is."""
    message = mime.read(raw("To: a@x.org\n" * 3 + "\n"), limits=Limits(addresses=2))

    assert len(message.to) == 2
    assert Defect.ADDRESSES_CUT in message.defects


def test_repeated_fields_are_all_there_in_order() -> None:
    """The first is the one that is shown."""
    header, _defects = scanned(raw("To: a\nX: y\nTO: b\n\n"))

    assert header.all("to") == ["a", "b"]
    assert header.all("x") == ["y"]
    assert header.all("cc") == []
    assert header.first["to"] == "a"


#: What headers are made of, sound and odd, so that both ways of reading meet every border.
_PIECES = st.sampled_from(
    ["Subject", "to", "X-Y", ":", " :", ": ", " ", "\t", "\r\n", "\r\n ", "\r\n\t", "\n", "\n ", "\r",
     "a", "b c", "ü", "\x00", "\x7f", "--b", "--b--", ">From x", "From jane Tue", "\r\n\r\n"]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=30).map(lambda pieces: "".join(pieces).encode()))
@example(b"Subject: a \r\n b \r\nX-Y: \r\n\r\nbody")
@example(b"Subject: a\r\n--b: c\r\n\r\nbody")
def test_a_header_without_oddities_is_read_as_any_other(data: bytes) -> None:
    """The fast way says the same as the way that reads whatever comes, or leaves it to that."""
    limits, defects = Limits(), set[Defect]()
    delimiters = {b"--b"}

    plain = headers._scan_plain(data, 0, limits, delimiters)
    any_ = headers._scan_any(data, 0, limits, defects, delimiters)

    if plain is not None:
        assert (plain.body, plain.ended, plain.fields) == (any_.body, any_.ended, any_.fields)
        assert (plain.first, plain.repeated) == (any_.first, any_.repeated)
        assert defects == set()
