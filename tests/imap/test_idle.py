"""IDLE as a conversation: plus, pushes, DONE, and what may not come between."""

from __future__ import annotations

import pytest

from tests.imap.talk import logged_in, selected
from vedette.errors import (
    UsageError,
)
from vedette.imap import (
    Exists,
    Expunge,
    FetchItem,
    Idle,
    IdleStarted,
    Kind,
    Noop,
    Status,
    UidFetch,
    UidSet,
)

FETCH = UidFetch(uids=UidSet.since(4), items=(FetchItem.UID,))


def test_idle_starts_at_the_plus_and_ends_at_done() -> None:
    """RFC 2177; ``idling`` is true in between."""
    talk = selected()
    tag = talk.connection.send(Idle())
    idling = [talk.connection.idling]

    assert talk.server("+ idling") == [IdleStarted(tag=tag)]
    idling.append(talk.connection.idling)
    talk.connection.done()
    idling.append(talk.connection.idling)
    assert (idling, talk.client()) == ([False, True, False], "V3 IDLE\r\nDONE\r\n")
    assert talk.answer("V3 OK").tag == tag


def test_done_and_the_next_fetch_leave_in_one_piece() -> None:
    """One round trip from the announcement to the message."""
    talk = selected()
    talk.connection.send(Idle())
    talk.client()
    talk.server("+ idling", "* 4 EXISTS")
    talk.connection.done()
    talk.connection.send(FETCH)

    assert talk.client() == "DONE\r\nV4 UID FETCH 4:* (UID)\r\n"


def test_announcements_before_and_with_the_plus_count() -> None:
    """I3: untagged lines count in every state, in one segment or octet by octet."""
    lines = b"* 4 EXISTS\r\n+ idling\r\n* 5 EXISTS\r\n* 1 EXPUNGE\r\n"
    for segments in ([lines], [lines[i : i + 1] for i in range(len(lines))]):
        talk = selected()
        tag = talk.connection.send(Idle())
        for segment in segments:
            talk.connection.receive_data(segment)
        assert talk.connection.events() == [
            Exists(count=4),
            IdleStarted(tag=tag),
            Exists(count=5),
            Expunge(seq=1),
        ]


def test_still_here_does_not_end_idle() -> None:
    """I7: it is a sign of life, nothing more."""
    talk = selected()
    talk.connection.send(Idle())
    talk.server("+")

    assert talk.server("* OK Still here") == [Status(kind=Kind.OK, text="Still here")]
    assert talk.connection.idling


def test_done_before_the_plus_waits_for_it() -> None:
    """I8: the server must not read DONE as a command; what follows waits as well."""
    talk = selected()
    talk.connection.send(Idle())
    talk.connection.done()
    talk.connection.send(FETCH)
    assert talk.client() == "V3 IDLE\r\n"

    talk.server("+ idling")
    assert talk.client() == "DONE\r\nV4 UID FETCH 4:* (UID)\r\n"
    assert not talk.connection.idling


@pytest.mark.parametrize("kind", ["NO", "BAD", "OK"])
def test_tagged_answer_instead_of_the_plus_ends_idle(kind: str) -> None:
    """I8: IDLE is unusable here, and the connection is free for other commands."""
    talk = selected()
    talk.connection.send(Idle())
    talk.connection.done()
    talk.connection.send(Noop())
    talk.client()

    assert talk.answer(f"V3 {kind} no").kind.value == kind
    assert talk.client() == "V4 NOOP\r\n"


def test_only_done_is_sent_in_idle() -> None:
    """I13: no timer can race a NOOP into IDLE."""
    talk = selected()
    talk.connection.send(Idle())
    for _ in range(2):
        with pytest.raises(UsageError, match="done"):
            talk.connection.send(Noop())
        talk.server("+")


def test_done_outside_of_idle_is_an_error() -> None:
    """A DONE that ends nothing would be a bad command."""
    with pytest.raises(UsageError, match="none is under way"):
        selected().connection.done()


def test_second_idle_can_follow_done_at_once() -> None:
    """A renewal is one write, and its plus is its own."""
    talk = selected()
    talk.connection.send(Idle())
    talk.server("+")
    talk.connection.done()
    tag = talk.connection.send(Idle())
    assert talk.client() == "V3 IDLE\r\nDONE\r\nV4 IDLE\r\n"

    assert talk.server("V3 OK", "+")[-1] == IdleStarted(tag=tag)


def test_plus_before_the_answer_to_the_last_idle_counts() -> None:
    """A server that says both in the wrong order is idling all the same."""
    talk = selected()
    talk.connection.send(Idle())
    talk.server("+")
    talk.connection.done()
    talk.connection.send(Idle())
    talk.server("+", "V3 OK")
    talk.client()

    talk.connection.done()
    assert talk.client() == "DONE\r\n"


def test_server_may_end_idle_by_itself() -> None:
    """A tagged OK without DONE: there is nothing to leave any more."""
    talk = selected()
    talk.connection.send(Idle())
    talk.server("+", "V3 OK Idle terminated")

    assert not talk.connection.idling
    talk.connection.send(Noop())


def test_idle_needs_a_folder() -> None:
    """I12: IDLE without SELECT is accepted by servers, and mute."""
    with pytest.raises(UsageError, match="IDLE"):
        logged_in().connection.send(Idle())
