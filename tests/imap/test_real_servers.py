"""The core against real servers of two makes: what it says is understood, what they say is read."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tests.imap.wire import Wire, of_kind
from tests.support.courier import Courier
from tests.support.dovecot import Dovecot
from vedette.errors import UsageError
from vedette.imap import (
    Append,
    AskId,
    AskNamespace,
    AskStatus,
    ByDate,
    ByHeader,
    Completed,
    Create,
    DateKey,
    Enable,
    ESearch,
    Event,
    EventGroup,
    Exists,
    Fetch,
    FetchItem,
    Idle,
    IdleStarted,
    Kind,
    List,
    ListItem,
    LiteralChunk,
    Logout,
    Malformed,
    Namespace,
    Notify,
    NotifyEvent,
    Peek,
    Scope,
    SearchReturn,
    Select,
    Status,
    StatusField,
    StatusItem,
    StoreMode,
    Streamed,
    UidFetch,
    UidMove,
    UidSearch,
    UidSet,
    UidStore,
    Unknown,
    Unselect,
    encode_name,
)

pytestmark = pytest.mark.server

NOTE = b"Message-ID: <note@example.org>\r\nSubject: {3}\r\n\r\n* BYE not really\r\nV9 OK {9}\r\n"
NAMES = ["Entwürfe", "A&B", 'a"b\\c', "[x]", "💬", "Ünïcode/Süb", "100%", "two  spaces"]
MESSAGES = (NotifyEvent.MESSAGE_NEW, NotifyEvent.MESSAGE_EXPUNGE)


def done(events: list[Event]) -> Completed:
    """Return the answer that ends the events, which has to be OK."""
    last = events[-1]
    assert isinstance(last, Completed)
    assert last.kind is Kind.OK, last
    return last


def test_dovecot_understands_a_whole_session(dovecot: Dovecot, user: str) -> None:
    """Login, ID, NAMESPACE, ENABLE, LIST-STATUS, SELECT, SEARCH, FETCH, STORE, MOVE, LOGOUT."""
    dovecot.deliver(user, NOTE)
    with Wire("127.0.0.1", dovecot.port) as wire:
        wire.log_in(user, dovecot.password)
        done(wire.ask(AskId(fields=(("name", "vedette"), ("version", "1")))))
        (names,) = of_kind(wire.ask(AskNamespace()), Namespace)
        wire.ask(Enable(names=("QRESYNC",)))
        folders = wire.ask(List(special_use=True, status=(StatusField.UIDNEXT,)))
        opened = wire.ask(Select(mailbox=b"INBOX", read_only=False))
        search = UidSearch(
            criteria=(ByDate(key=DateKey.SINCE, day=date(2020, 1, 1)),),
            returns=(SearchReturn.MAX, SearchReturn.ALL),
        )
        (found,) = of_kind(wire.ask(search), ESearch)
        items = (FetchItem.FLAGS, FetchItem.INTERNALDATE, FetchItem.SIZE, FetchItem.MODSEQ)
        (row,) = of_kind(wire.ask(UidFetch(uids=UidSet([1]), items=(*items, Peek()))), Fetch)
        wire.ask(UidStore(uids=UidSet([1]), flags=("$a",), mode=StoreMode.ADD))
        moved = done(wire.ask(UidMove(uids=UidSet([1]), mailbox=b"Junk")))
        done(wire.ask(Unselect()))
        wire.ask(Logout())

    assert names.personal[0].delimiter == b"/"
    assert "QRESYNC" in wire.connection.enabled
    assert any("\\junk" in item.attributes for item in of_kind(folders, ListItem))
    assert {item.name for item in of_kind(folders, StatusItem)} >= {b"INBOX", b"Junk"}
    assert done(opened).code is not None
    assert (found.max, found.all) == (1, UidSet([1]))
    assert row.section(b"") is not None
    assert (row.uid, row.flags, row.defects) == (1, frozenset({"\\Recent"}), ())
    data = row.sections[0].data
    assert isinstance(data, bytes)
    assert data.endswith(NOTE)
    codes = [status.code for status in of_kind(wire.heard, Status)] + [moved.code]
    proofs = [code.copy_uid for code in codes if code is not None and code.copy_uid is not None]
    assert proofs[0].destination_of(1) == 1
    assert not of_kind(wire.heard, Unknown)
    assert not of_kind(wire.heard, Malformed)


def test_dovecot_pushes_and_done_and_fetch_share_a_write(dovecot: Dovecot, user: str) -> None:
    """From the announcement to the message in one round trip."""
    with Wire("127.0.0.1", dovecot.port) as wire:
        wire.log_in(user, dovecot.password)
        wire.ask(Select(mailbox=b"INBOX"))
        wire.connection.send(Idle())
        wire.wait(IdleStarted)
        dovecot.deliver(user, NOTE)
        assert wire.wait(Exists).count == 1
        wire.connection.done()
        tag = wire.connection.send(UidFetch(uids=UidSet.since(1), items=(Peek(),)))
        written = wire.send()
        wire.wait(Completed, lambda event: event.tag == tag)

    assert written.startswith(b"DONE\r\n")
    assert written.count(b"\r\n") == 2
    (row,) = of_kind(wire.heard, Fetch)
    assert row.uid == 1


def test_dovecot_answers_beyond_the_end_with_its_last_message(dovecot: Dovecot, user: str) -> None:
    """S1: it does, and the set that was asked for filters it."""
    dovecot.deliver(user, NOTE)
    asked = UidSet.since(999)
    with Wire("127.0.0.1", dovecot.port) as wire:
        wire.log_in(user, dovecot.password)
        wire.ask(Select(mailbox=b"INBOX"))
        rows = of_kind(wire.ask(UidFetch(uids=asked, items=(FetchItem.UID,))), Fetch)

    assert [row.uid for row in rows] == [1]
    assert [row.uid for row in rows if row.uid in asked] == []


def test_dovecot_is_not_asked_to_move_from_a_folder_opened_for_reading(
    dovecot: Dovecot, user: str
) -> None:
    """S20: it would move; so nothing is sent."""
    dovecot.deliver(user, NOTE)
    with Wire("127.0.0.1", dovecot.port) as wire:
        wire.log_in(user, dovecot.password)
        wire.ask(Select(mailbox=b"INBOX"))
        with pytest.raises(UsageError):
            wire.connection.send(UidMove(uids=UidSet([1]), mailbox=b"Junk"))

    assert [each.folder for each in dovecot.holdings(user)] == ["INBOX"]


@pytest.mark.parametrize("name", NAMES)
def test_dovecot_gives_back_the_name_that_was_made(dovecot: Dovecot, user: str, name: str) -> None:
    """S18: wire bytes survive CREATE, LIST, STATUS and EXAMINE."""
    made = encode_name(name)
    with Wire("127.0.0.1", dovecot.port) as wire:
        wire.log_in(user, dovecot.password)
        done(wire.ask(Create(mailbox=made)))
        names = [item.name for item in of_kind(wire.ask(List()), ListItem)]
        (status,) = of_kind(
            wire.ask(AskStatus(mailbox=made, fields=(StatusField.MESSAGES,))), StatusItem
        )
        done(wire.ask(Select(mailbox=made)))

    assert made in names
    assert (status.name, status.messages) == (made, 0)


def test_dovecot_streams_a_large_message_and_takes_one(dovecot: Dovecot, user: str) -> None:
    """5 MB go in as one literal and come out in chunks, octet for octet."""
    large = b"Subject: x\r\n\r\n" + b"0123456789abcde\r\n" * 300_000
    moment = datetime(2026, 3, 1, 9, 5, tzinfo=UTC)
    with Wire("127.0.0.1", dovecot.port) as wire:
        wire.log_in(user, dovecot.password)
        done(wire.ask(Append(mailbox=b"INBOX", message=large, internal_date=moment)))
        wire.ask(Select(mailbox=b"INBOX"))
        events = wire.ask(
            UidFetch(uids=UidSet([1]), items=(FetchItem.INTERNALDATE, Peek(section=b"")))
        )

    (row,) = of_kind(events, Fetch)
    assert isinstance(row.sections[0].data, Streamed)
    assert b"".join(chunk.data for chunk in of_kind(events, LiteralChunk)) == large


def test_dovecot_takes_the_notify_that_is_sent(dovecot: Dovecot, user: str) -> None:
    """RFC 5465: one connection hears of another folder."""
    groups = (
        EventGroup(scope=Scope.SELECTED, events=MESSAGES, fetch=(FetchItem.UID, FetchItem.FLAGS)),
        EventGroup(scope=Scope.PERSONAL, events=MESSAGES),
    )
    with Wire("127.0.0.1", dovecot.port) as wire:
        wire.log_in(user, dovecot.password)
        wire.ask(Select(mailbox=b"INBOX"))
        done(wire.ask(Notify(groups=groups, status=True)))
        dovecot.deliver(user, NOTE, folder="Junk")
        told = wire.wait(StatusItem, lambda event: event.name == b"Junk" and event.messages == 1)

    assert told.uid_next == 2


def test_dovecot_finds_eight_bit_text(dovecot: Dovecot, user: str) -> None:
    """A literal within SEARCH, with its charset named."""
    dovecot.deliver(user, "Subject: Grüße\r\n\r\nx\r\n".encode())
    with Wire("127.0.0.1", dovecot.port) as wire:
        wire.log_in(user, dovecot.password)
        wire.ask(Select(mailbox=b"INBOX"))
        criteria = (ByHeader(name="Subject", value="Grü"),)
        events = wire.ask(UidSearch(criteria=criteria, returns=(SearchReturn.COUNT,)))

    assert of_kind(events, ESearch)[0].count == 1


def test_courier_understands_a_session_too(courier: Courier, user: str) -> None:
    """A second make: login, LIST, EXAMINE and FETCH."""
    courier.deliver(user, NOTE.replace(b"\r\n", b"\n"))
    with Wire("127.0.0.1", courier.port) as wire:
        wire.log_in(user, courier.password)
        names = [item.name for item in of_kind(wire.ask(List()), ListItem)]
        wire.ask(Select(mailbox=b"INBOX"))
        (row,) = of_kind(
            wire.ask(UidFetch(uids=UidSet.since(1), items=(FetchItem.FLAGS, Peek()))), Fetch
        )

    assert b"INBOX" in names
    assert row.sections[0].data == NOTE
    assert not of_kind(wire.heard, Malformed)
