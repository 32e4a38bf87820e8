"""The laws of the core: round trips, any split of the same bytes, and no exception ever."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.imap.renderer import render, responses
from tests.imap.talk import Talk, selected
from vedette.imap import (
    Completed,
    Connection,
    Event,
    Fatal,
    FetchItem,
    Idle,
    Limits,
    Malformed,
    Peek,
    Response,
    UidFetch,
    UidSet,
)

TIGHT = Limits(line=300, literal=5_000, response=2_000, stream_above=50, chunk=16, malformed=9)
GREETING = b"* OK [CAPABILITY IMAP4rev1 IDLE] hi\r\n"
LINES = [
    b"* 4 EXISTS\r\n",
    b"* 1 FETCH (UID 7 FLAGS (\\Seen) BODY[] {60}\r\n" + b"* BYE\r\n" * 7 + b"abcd)\r\n",
    b"* 2 FETCH (UID 8 BODY[HEADER] {0}\r\n BODY[TEXT] {3}\r\na\r\n)\n",
    b"+ idling\r\n",
    b"V1 OK [CAPABILITY IMAP4rev1 IDLE] in\r\n",
    b"V2 OK [READ-ONLY] selected {3}\r\n",
    b"V3 NO not idle\r\n",
    b"OLD BAD stale\r\n",
    b"* LIST (\r\n",
    b'* LIST () "/" {4}\r\na"b\\\r\n',
    b"* OK [COPYUID 1 1:3 4:6] moved\r\n",
    b"* BYE shutting down\r\n",
    b"* 5 FETCH (BODY[] {9999}\r\n",
    b"\r\n",
    b"\0",
    b"x" * 301,
    b"* SEARCH " + b"1 " * 400 + b"\r\n",
    b"*  SEARCH " + b"1 " * 400,
]


def seen(events: list[Event]) -> list[object]:
    """Make events comparable: secrets and errors by what they hold."""
    return [
        ("malformed", event.reason, event.raw.reveal())
        if isinstance(event, Malformed)
        else ("fatal", type(event.error), str(event.error), event.error.reply)
        if isinstance(event, Fatal)
        else event
        for event in events
    ]


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(stream), *(place for place in places if place < len(stream))})
    return [stream[a:b] for a, b in pairwise(edges)]


def heard(segments: list[bytes]) -> tuple[list[object], bytes, object]:
    connection = Connection(limits=TIGHT, encrypted=True)
    for segment in segments:
        connection.receive_data(bytearray(segment))
    return seen(connection.events()), connection.data_to_send(), connection.state


@given(
    st.lists(st.sampled_from(LINES) | st.binary(max_size=30), max_size=12).map(b"".join),
    st.lists(st.integers(0, 2_000), max_size=9),
)
def test_any_split_of_the_same_bytes_gives_the_same_events(stream: bytes, cuts: list[int]) -> None:
    """P1: segments mean nothing; the end of the connection comes at the same place too."""
    stream = GREETING + stream
    whole = heard([stream])

    assert heard(cut(stream, cuts)) == whole
    assert heard([stream[i : i + 1] for i in range(len(stream))]) == whole


@given(
    st.lists(st.sampled_from(LINES), max_size=12).map(b"".join),
    st.lists(st.integers(0, 2_000), max_size=9),
)
def test_a_session_with_commands_hears_the_same_for_any_split(
    stream: bytes, cuts: list[int]
) -> None:
    """The law holds while commands are under way, for what is sent in answer as well."""

    def talk(segments: list[bytes]) -> tuple[list[object], bytes, object, bool]:
        connection = selected("IMAP4rev1 IDLE").connection
        connection.send(UidFetch(uids=UidSet.since(1), items=(FetchItem.UID, Peek())))
        connection.send(Idle())
        connection.done()
        for segment in segments:
            connection.receive_data(segment)
        return (
            seen(connection.events()),
            connection.data_to_send(),
            connection.state,
            connection.idling,
        )

    assert talk(cut(stream, cuts)) == talk([stream])


@given(st.lists(st.tuples(responses, st.integers(0, 29)), max_size=6), st.integers(1, 50))
def test_what_a_server_writes_is_what_is_read(
    written: list[tuple[Response, int]], width: int
) -> None:
    """Round trip: every response, in every legal writing, cut anywhere."""
    stream = b"".join(render(response, draw) for response, draw in written)
    talk = Talk()
    talk.server("* OK hi")
    for place in range(0, len(stream), width):
        talk.connection.receive_data(stream[place : place + width])

    assert talk.connection.events() == [response for response, _ in written]


@given(st.lists(st.binary(max_size=60) | st.sampled_from(LINES), max_size=20))
def test_no_bytes_make_the_connection_raise(segments: list[bytes]) -> None:
    """A server can send what it likes; one Fatal at most, and it is the last event."""
    for start in ([], [GREETING]):
        connection = Connection(limits=TIGHT, encrypted=True)
        for segment in [*start, *segments]:
            connection.receive_data(segment)
        connection.receive_eof()
        kinds = [type(event) for event in connection.events()]
        assert kinds[-1] is Fatal
        assert kinds.count(Fatal) == 1


@given(st.lists(st.sampled_from(LINES), max_size=8))
def test_every_command_is_answered_at_most_once(lines: list[bytes]) -> None:
    """No stream of answers completes a command twice."""
    connection = selected("IMAP4rev1 IDLE").connection
    connection.send(UidFetch(uids=UidSet.since(1), items=(FetchItem.UID,)))
    for line in [*lines, b"V3 OK\r\n", *lines, b"V3 OK\r\n"]:
        connection.receive_data(line)
    tags = [event.tag for event in connection.events() if isinstance(event, Completed)]

    assert len(tags) == len(set(tags))
