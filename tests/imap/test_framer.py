"""The framer: where a response ends, and when a stream can not be trusted any more."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.imap.framer import Frame, FrameError, Framer, LiteralChunk, Streamed
from vedette.imap.limits import Limits

SMALL = Limits(line=64, literal=1_000, response=200, stream_above=20, chunk=8, literals=8)


def frames(*segments: bytes, limits: Limits | None = None) -> list[Frame | LiteralChunk]:
    framer = Framer(limits or Limits())
    return [item for segment in segments for item in framer.feed(segment)]


def test_framer_ends_a_line_at_lf_and_drops_the_cr() -> None:
    """A bare LF ends a line as CRLF does."""
    assert frames(b"* 1 EXISTS\r\n* 2 EXISTS\n") == [
        Frame(b"* 1 EXISTS", ()),
        Frame(b"* 2 EXISTS", ()),
    ]


def test_framer_takes_adjacent_and_empty_literals_by_their_count() -> None:
    """A marker may follow a literal at once, and {0} announces nothing but is a literal."""
    stream = b"* 1 FETCH (BODY[1] {3}\r\n)\r\n{0}\r\n{2}\r\nxy)\r\n* OK\r\n"

    assert frames(stream) == [
        Frame(b"* 1 FETCH (BODY[1] {3}\n{0}\n{2}\n)", (b")\r\n", b"", b"xy")),
        Frame(b"* OK", ()),
    ]


def test_framer_reads_leading_zeros_of_a_marker_as_digits() -> None:
    """{007} is seven octets."""
    assert frames(b"* LIST () NIL {007}\r\na\r\nb\r\nc\r\n")[0] == Frame(
        b"* LIST () NIL {007}\n", (b"a\r\nb\r\nc",)
    )


@pytest.mark.parametrize(
    "line",
    [
        b"* OK see {3}",
        b"* BYE {99999999999999999999999}",
        b"* [COPYUID 1 2 3] {3}",
        b"V1 NO no folder named {40}",
        b"+ {5}",
        b"nonsense {7}",
    ],
)
def test_framer_reads_a_marker_at_the_end_of_text_as_text(line: bytes) -> None:
    """Text may end like a marker; the next line is a response all the same."""
    assert frames(line + b"\r\n* 1 EXISTS\r\n") == [Frame(line, ()), Frame(b"* 1 EXISTS", ())]


def test_framer_strips_nul_padding_before_a_response() -> None:
    """NUL octets before a tag are padding."""
    assert frames(b"\0\0V1 OK\r\n\0* LIST () NIL {1}\r\na\r\n") == [
        Frame(b"V1 OK", ()),
        Frame(b"* LIST () NIL {1}\n", (b"a",)),
    ]


def test_framer_streams_a_large_fetch_literal_in_chunks_of_one_size() -> None:
    """However the octets arrive, chunks are cut at the same places and the last is final."""
    body = bytes(range(65, 65 + 21))
    stream = b"* 1 FETCH (UID 7 BODY[] {21}\r\n" + body + b")\r\n"
    expected = [
        LiteralChunk(key=1, data=body[:8], final=False),
        LiteralChunk(key=1, data=body[8:16], final=False),
        LiteralChunk(key=1, data=body[16:], final=True),
        Frame(b"* 1 FETCH (UID 7 BODY[] {21}\n)", (Streamed(1, 21),)),
    ]

    assert frames(stream, limits=SMALL) == expected
    assert frames(*[stream[i : i + 1] for i in range(len(stream))], limits=SMALL) == expected


def test_framer_marks_the_last_chunk_when_the_size_is_a_multiple() -> None:
    """A literal of whole chunks has no empty one at its end."""
    stream = b"* 1 FETCH (BODY[] {24}\r\n" + b"x" * 24 + b")\r\n"

    chunks = frames(stream, limits=SMALL)[:-1]

    assert [item.final for item in chunks if isinstance(item, LiteralChunk)] == [
        False,
        False,
        True,
    ]


def test_framer_streams_what_would_not_fit_into_the_response() -> None:
    """Many small literals of one FETCH stream once the response is full."""
    limits = Limits(line=64, response=75, stream_above=20, chunk=64)
    part = b"BODY[1] {20}\r\n" + b"x" * 20
    stream = b"* 1 FETCH (" + part + b" " + part + b" " + part + b")\r\n"

    frame = frames(stream, limits=limits)[-1]

    assert isinstance(frame, Frame)
    assert frame.literals[0] == b"x" * 20
    assert isinstance(frame.literals[-1], Streamed)


@pytest.mark.parametrize(
    ("stream", "what"),
    [
        (b"x" * 65, "line"),
        (b"x" * 65 + b"\n", "line"),
        (b"* 1 FETCH (BODY[] {1001}\r\n", "literal"),
        (b"* 1 FETCH (BODY[] {99999999999999999999999999}\r\n", "literal"),
        (b"* LIST () NIL {201}\r\n", "response"),
        (b"* LIST () NIL " + b"{0}\r\n" * 9, "literals"),
        (b"* LIST () NIL {1}\r\nx* SEARCH " + b"1 " * 40 + b"\r\n", "line"),
        (b"* LIST () NIL {170}\r\n" + b"x" * 170 + b" more than fits\r\n", "response"),
        ((b"* LIST () NIL " + b"{40}\r\n" + b"x" * 40) + (b"{40}\r\n" + b"x" * 40) * 4, "response"),
    ],
)
def test_framer_refuses_what_exceeds_a_limit(stream: bytes, what: str) -> None:
    """A line, literal or response over its limit violates the frame."""
    with pytest.raises(FrameError, match=what):
        frames(stream, limits=SMALL)


@pytest.mark.parametrize("head", [b"* SEARCH ", b"* esearch ", b"* VANISHED (EARLIER) "])
def test_list_of_uids_may_be_as_long_as_a_response(head: bytes) -> None:
    """S21: a large folder's answer is no attack, up to the bound of a response."""
    line = head + b"1," * 70

    for width in (1, 200):
        segments = [line[i : i + width] for i in range(0, len(line), width)]
        assert frames(*segments, b"\r\n", limits=SMALL) == [Frame(line, ())]
        with pytest.raises(FrameError, match="line"):
            frames(*segments, b"1" * 100, limits=SMALL)


def test_framer_yields_what_came_before_the_violation() -> None:
    """Whole responses before a violation are not lost."""
    items = Framer(SMALL).feed(b"* 1 EXISTS\r\n" + b"x" * 100)

    assert next(items) == Frame(b"* 1 EXISTS", ())
    with pytest.raises(FrameError):
        next(items)


def test_framer_takes_no_memory_for_a_literal_that_is_only_announced() -> None:
    """The announced size alone allocates nothing."""
    framer = Framer(Limits())
    assert list(framer.feed(b"* 1 FETCH (BODY[] {100000000}\r\nabc")) == []

    assert framer._open is not None
    assert bytes(framer._open.chunk) == b"abc"


@pytest.mark.parametrize(
    ("octets", "empty"),
    [(b"", True), (b"* LIST () NIL {2}\r\n", False), (b"* OK\r", False), (b"* OK\r\n", True)],
)
def test_framer_is_empty_between_responses_only(octets: bytes, empty: bool) -> None:  # noqa: FBT001 - a fact of the table
    """A partial line or an open literal is a held byte."""
    framer = Framer(Limits())
    list(framer.feed(octets))

    assert framer.empty is empty


def test_framer_keeps_no_reference_to_the_callers_buffer() -> None:
    """A shared buffer may be overwritten as soon as feed is through."""
    buffer = bytearray(b"* 1 FETCH (BODY[] {4}\r\nab")
    framer = Framer(Limits())
    list(framer.feed(memoryview(buffer)))
    buffer[:] = b"?" * len(buffer)

    assert list(framer.feed(b"cd)\r\n")) == [Frame(b"* 1 FETCH (BODY[] {4}\n)", (b"abcd",))]


pieces = st.sampled_from(
    [
        b"* ",
        b"FETCH (",
        b"1 ",
        b"{3}\r\n",
        b"{30}\r\n",
        b"{0}\r\n",
        b"{2+}\n",
        b"~{5}\r\n",
        b"\r\n",
        b"\r",
        b"\n",
        b"\0",
        b"OK ",
        b"x",
        b"{",
        b"}",
        b'"',
    ]
)


@given(
    st.lists(pieces, max_size=40).map(b"".join) | st.binary(max_size=200),
    st.lists(st.integers(0, 400), max_size=8),
)
def test_framer_gives_the_same_for_any_split(stream: bytes, cuts: list[int]) -> None:
    """The law: what comes out depends on the bytes, not on their segments."""

    def outcome(*segments: bytes) -> tuple[list[Frame | LiteralChunk], str]:
        framer = Framer(SMALL)
        found: list[Frame | LiteralChunk] = []
        try:
            for segment in segments:
                for item in framer.feed(memoryview(segment)):
                    found.append(item)  # noqa: PERF402 - what came before a violation counts
        except FrameError as error:
            return found, str(error)
        return found, ""

    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    segments = [stream[a:b] for a, b in pairwise(places)]

    assert outcome(*segments) == outcome(stream)
    assert outcome(*[stream[i : i + 1] for i in range(len(stream))]) == outcome(stream)
