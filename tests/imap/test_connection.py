"""The connection machine: literals, bodies, and every way in which it ends."""

from __future__ import annotations

import sys

import pytest

from tests.imap.talk import EVERYTHING, Talk, logged_in, selected
from vedette.errors import (
    AuthError,
    LimitError,
    ProtocolError,
    UsageError,
)
from vedette.imap import (
    Completed,
    Exists,
    Fatal,
    Fetch,
    Idle,
    Kind,
    Limits,
    List,
    LiteralChunk,
    Logout,
    Malformed,
    Noop,
    Peek,
    Select,
    State,
    Status,
    Streamed,
    UidFetch,
    UidSet,
    Unknown,
)


def test_command_with_a_literal_holds_those_behind_it() -> None:
    """Until the server's plus nothing else is sent; then all follows at once."""
    talk = logged_in("IMAP4rev1")
    talk.connection.send(Select(mailbox=b"\xff"))
    assert talk.client() == "V2 EXAMINE {1}\r\n"
    talk.connection.receive_data(b"+ go\r\n")

    assert talk.connection.data_to_send() == b"\xff\r\n"


def test_refused_literal_frees_the_queue() -> None:
    """P11: NO instead of a plus ends that command, and the next one goes."""
    talk = logged_in("IMAP4rev1")
    talk.connection.send(List(pattern=b"\xff", reference=b"\xfe"))
    talk.connection.send(Noop())
    assert talk.client() == "V2 LIST {1}\r\n"

    assert talk.answer("V2 BAD no").kind is Kind.BAD
    assert talk.client() == "V3 NOOP\r\n"


@pytest.mark.parametrize(
    ("line", "what"), [("V3 OK", "NOOP"), ("V3 NO", "NOOP"), ("V2 OK", "LIST")]
)
def test_answer_to_what_was_not_sent_is_fatal(line: str, what: str) -> None:
    """P9: a server that answers a command it does not have yet is not to be trusted."""
    talk = logged_in("IMAP4rev1")
    talk.connection.send(List(pattern=b"\xff"))
    talk.connection.send(Noop())
    talk.client()

    error = talk.fatal(line)
    assert isinstance(error, ProtocolError)
    assert what in str(error)


def test_commands_under_way_are_bounded() -> None:
    """A caller that never waits for answers is stopped."""
    talk = logged_in()
    for _ in range(Limits().pipeline):
        talk.connection.send(Noop())

    with pytest.raises(UsageError, match="under way"):
        talk.connection.send(Noop())


def test_command_that_can_not_be_written_changes_nothing() -> None:
    """P10, P11: no byte leaves, no tag is used, the next command works."""
    talk = logged_in()
    with pytest.raises(UsageError):
        talk.connection.send(Select(mailbox=b"X\r\na9 DELETE INBOX"))
    assert talk.client() == ""

    assert talk.connection.send(Select(mailbox=b"X")) == "V2"


def test_unasked_plus_is_passed_over() -> None:
    """A continuation that nobody waits for means nothing."""
    assert selected().server("+ what?") == [Unknown(raw=b"+ what?")]


def test_large_body_streams_before_its_fetch() -> None:
    """A body above 64 KiB never sits in one buffer."""
    talk = selected()
    talk.connection.send(UidFetch(uids=UidSet([7]), items=(Peek(),)))
    body = b"x" * 200_000
    chunks = talk.server(b"* 1 FETCH (UID 7 BODY[] {200000}\r\n" + body + b")")
    fetch = chunks.pop()

    assert isinstance(fetch, Fetch)
    assert fetch.sections[0].data == Streamed(1, 200_000)
    pieces = [chunk for chunk in chunks if isinstance(chunk, LiteralChunk)]
    assert b"".join(piece.data for piece in pieces) == body
    assert [piece.final for piece in pieces] == [False, False, False, True]


def test_body_can_not_forge_responses() -> None:
    """P1: what stands in a literal is never read as a line."""
    forged = b"\r\n* BYE gone\r\nV3 OK done\r\n"
    talk = selected()
    talk.connection.send(UidFetch(uids=UidSet([7]), items=(Peek(),)))

    (fetch,) = talk.server(b"* 1 FETCH (BODY[] {%d}\r\n%s)" % (len(forged), forged))

    assert isinstance(fetch, Fetch)
    assert fetch.sections[0].data == forged


def test_literal_over_its_limit_is_fatal_and_its_octets_are_not_read() -> None:
    """P1: skipping is not possible, so the connection ends before the body is read as lines."""
    talk = Talk(limits=Limits(literal=10))
    talk.server("* OK hi")

    events = talk.server(b"* 1 FETCH (BODY[] {11}", b"* BYE forged", b"V1 OK forged")

    (fatal,) = events
    assert isinstance(fatal, Fatal)
    assert isinstance(fatal.error, ProtocolError)
    assert talk.connection.state is State.CLOSED


def test_malformed_response_costs_itself() -> None:
    """The responses around it are read, and its octets do not print."""
    before, malformed, after = selected().server(
        "* 4 EXISTS", '* LIST () "/" "hidden', "* 5 EXISTS"
    )

    assert (before, after) == (Exists(count=4), Exists(count=5))
    assert isinstance(malformed, Malformed)
    assert malformed.raw.reveal() == b'* LIST () "/" "hidden'
    assert "hidden" not in repr(malformed)


@pytest.mark.parametrize("line", ["* LIST (", "OLD NO x", "Server Unavailable.", "+ x"])
def test_endless_nonsense_is_fatal(line: str) -> None:
    """P13: a stream of errors is not data; one good response starts the count anew."""
    talk = selected()
    talk.server(*[line] * 999)
    talk.server("* 4 EXISTS")
    talk.server(*[line] * 999)

    error = talk.fatal(line)
    assert isinstance(error, ProtocolError)
    assert "1000 responses" in str(error)


def test_bare_line_of_text_is_passed_on() -> None:
    """A18: Microsoft's ``Server Unavailable.`` stands without a tag."""
    assert selected().server("Server Unavailable.") == [Unknown(raw=b"Server Unavailable.")]


def test_empty_lines_mean_nothing() -> None:
    """Some servers send one between responses."""
    assert selected().server("", "* 4 EXISTS", "\0") == [Exists(count=4)]


def test_bye_fails_what_is_under_way_with_its_words() -> None:
    """C8, I14: nothing waits for the tag of a command after BYE, and nothing more is read."""
    talk = selected()
    talk.connection.send(Noop())

    events = talk.server("* BYE IMAP session state is inconsistent, please relogin.", "* BYE x")

    assert [type(event) for event in events] == [Status, Fatal]
    assert isinstance(events[-1], Fatal)
    assert events[-1].error.reply == "IMAP session state is inconsistent, please relogin."
    assert talk.connection.state is State.CLOSED


def test_logout_ends_in_good_order() -> None:
    """BYE and the end of the stream are what a LOGOUT asked for."""
    talk = selected()
    talk.connection.send(Logout())

    events = talk.server("* BYE see you", "V3 OK bye", "* BYE again")
    talk.connection.receive_eof()

    assert [type(event) for event in events] == [Status, Completed, Status]
    assert talk.connection.events() == []
    assert talk.connection.state is State.CLOSED


def test_nothing_follows_a_logout() -> None:
    """The session is over for the client as soon as it said so."""
    talk = selected()
    talk.connection.send(Logout())

    with pytest.raises(UsageError, match="logout"):
        talk.connection.send(Noop())


def test_end_during_a_fetch_is_a_failure() -> None:
    """P13: a stream that ends in a literal is not a short message."""
    talk = selected()
    talk.connection.send(UidFetch(uids=UidSet([7]), items=(Peek(),)))
    talk.server(b"* 1 FETCH (UID 7 BODY[] {100}")
    talk.connection.receive_eof()

    (fatal,) = talk.connection.events()
    assert isinstance(fatal, Fatal)
    assert "during UID FETCH" in str(fatal.error)


def test_closed_connection_takes_and_gives_nothing() -> None:
    """After Fatal: no event, no byte, no command."""
    talk = selected()
    talk.connection.send(Noop())
    talk.connection.receive_eof()
    talk.connection.events()

    assert talk.server("* 5 EXISTS") == []
    talk.connection.receive_eof()
    assert (talk.connection.events(), talk.client(), talk.connection.in_flight) == ([], "", ())
    with pytest.raises(UsageError, match="closed"):
        talk.connection.send(Noop())


def test_limits_of_a_login_are_not_wrong_passwords() -> None:
    """A1: the class of the error is the server's code, not the command."""
    error = Talk().fatal("* BYE [LIMIT] Maximum number of connections exceeded")

    assert isinstance(error, LimitError)
    assert not isinstance(error, AuthError)


def test_idle_connection_is_small() -> None:
    """Fifty thousand of them have to fit: less than 2 KiB each, all its parts included."""

    def weight(thing: object, seen: set[int]) -> int:
        if id(thing) in seen or isinstance(thing, (type, Limits)):
            return 0
        seen.add(id(thing))
        names = getattr(type(thing), "__slots__", ())
        held = [getattr(thing, name) for name in names if hasattr(thing, name)]
        held += list(thing) if isinstance(thing, (tuple, list)) else []
        return sys.getsizeof(thing) + sum(weight(inner, seen) for inner in held)

    talk = selected(EVERYTHING)
    talk.connection.send(Idle())
    talk.client()
    talk.server("+ idling")

    assert weight(talk.connection, {id(talk.connection.capabilities)}) < 2_048


def test_idle_connection_is_as_small_after_a_large_fetch() -> None:
    """No buffer stays behind what passed through."""
    talk = selected()
    talk.server(b"* 1 FETCH (BODY[] {1000000}\r\n" + b"x" * 1_000_000 + b")")

    assert talk.connection._framer.empty
    assert talk.connection._events is None
