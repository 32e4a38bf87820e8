"""The open folder: what may be sent to it, and when there is none."""

from __future__ import annotations

import pytest

from tests.imap.talk import logged_in, selected
from vedette.errors import (
    UsageError,
)
from vedette.imap import (
    Create,
    Enable,
    FetchItem,
    Idle,
    Kind,
    List,
    Resync,
    Saved,
    Select,
    State,
    StoreMode,
    UidExpunge,
    UidFetch,
    UidLabel,
    UidMove,
    UidSearch,
    UidSet,
    UidStore,
    Unselect,
)
from vedette.imap.search import Mark, SearchReturn

FETCH = UidFetch(uids=UidSet.since(4), items=(FetchItem.UID,))


def test_select_opens_for_reading_unless_asked() -> None:
    """S20: EXAMINE by default."""
    assert selected().connection.read_only
    assert not selected(read_only=False).connection.read_only
    assert selected().connection.selected == b"INBOX"


@pytest.mark.parametrize(
    "command",
    [
        UidMove(uids=UidSet([1]), mailbox=b"Q"),
        UidStore(uids=UidSet([1]), flags=("\\Seen",), mode=StoreMode.ADD),
        UidExpunge(uids=UidSet([1])),
    ],
)
def test_writing_command_never_leaves_a_read_only_folder(
    command: UidMove | UidStore | UidExpunge,
) -> None:
    """S20: Dovecot really moves in EXAMINE, so the client holds itself back."""
    talk = selected()
    with pytest.raises(UsageError, match="reading only"):
        talk.connection.send(command)
    assert talk.client() == ""

    writable = selected(read_only=False)
    writable.connection.send(command)
    assert writable.client().startswith("V3 UID ")


def test_folder_that_becomes_read_only_is_believed() -> None:
    """S20: an untagged [READ-ONLY] counts as soon as it is said."""
    talk = selected(read_only=False)
    talk.server("* OK [READ-ONLY] taken away")

    with pytest.raises(UsageError, match="reading only"):
        talk.connection.send(UidExpunge(uids=UidSet([1])))


@pytest.mark.parametrize("lines", [["* OK [READ-ONLY] x", "V2 OK"], ["V2 OK [READ-ONLY] x"]])
def test_select_that_is_cut_down_is_read_only(lines: list[str]) -> None:
    """S20: in the tagged answer or in a line before it; the next SELECT starts anew."""
    talk = logged_in()
    talk.connection.send(Select(mailbox=b"a", read_only=False))
    talk.server(*lines)
    assert talk.connection.read_only

    talk.connection.send(Select(mailbox=b"b", read_only=False))
    assert talk.answer("V3 OK [READ-WRITE] yours").kind is Kind.OK
    assert not talk.connection.read_only


def test_failed_select_leaves_nothing_selected() -> None:
    """RFC 9051 section 6.3.2: the old folder is gone whatever becomes of the new one."""
    talk = selected(read_only=False)
    talk.connection.send(Select(mailbox=b"gone"))
    with pytest.raises(UsageError, match="folder has changed"):
        talk.connection.send(FETCH)
    talk.server("V3 NO [NONEXISTENT] no such folder")

    assert (talk.connection.state, talk.connection.selected) == (State.AUTHENTICATED, None)
    assert talk.connection.read_only


def test_unselect_leaves_the_folder() -> None:
    """G5: and nothing is expunged by it."""
    talk = selected()
    talk.connection.send(Unselect())
    talk.server("V3 OK")

    assert (talk.connection.state, talk.connection.selected) == (State.AUTHENTICATED, None)


def test_commands_need_what_the_server_offers() -> None:
    """What would be answered BAD is refused here, once capabilities are known."""
    talk = selected("IMAP4rev1")
    for command in (
        Idle(),
        Unselect(),
        UidSearch(criteria=(Mark.ALL,), returns=(SearchReturn.MAX,)),
        List(special_use=True),
        Select(mailbox=b"a", condstore=True),
        Create(mailbox=b"a", use="\\Junk"),
    ):
        with pytest.raises(UsageError, match="needs"):
            talk.connection.send(command)


def test_rev2_has_its_extensions_built_in() -> None:
    """IMAP4rev2 need not list IDLE, and QRESYNC includes CONDSTORE."""
    connection = selected("IMAP4rev2 QRESYNC").connection

    assert all(map(connection.has, ("IDLE", "MOVE", "UIDPLUS", "ESEARCH", "CONDSTORE")))
    assert not connection.has("NOTIFY")
    connection.send(Idle())


def test_qresync_has_to_be_enabled_first() -> None:
    """RFC 7162 section 3.2.3; S13: an ENABLE without an ENABLED line enabled nothing."""
    talk = logged_in()
    resync = Select(mailbox=b"a", qresync=Resync(uid_validity=1, modseq=1))
    talk.connection.send(Enable(names=("QRESYNC",)))
    talk.server("V2 OK")
    with pytest.raises(UsageError, match="enabled first"):
        talk.connection.send(resync)

    talk.connection.send(Enable(names=("QRESYNC",)))
    talk.server("* ENABLED QRESYNC", "V3 OK")
    assert talk.connection.enabled == {"QRESYNC"}
    talk.connection.send(resync)


def test_commands_follow_a_select_in_one_write() -> None:
    """RFC 9051 section 5.5: what a folder is opened for need not wait for its answer."""
    talk = logged_in()
    talk.connection.send(Select(mailbox=b"INBOX", read_only=False))
    talk.connection.send(UidMove(uids=UidSet([1]), mailbox=b"Q"), behind=True)
    talk.connection.send(Select(mailbox=b"INBOX"), behind=True)

    said = talk.client()
    assert [line.split()[1] for line in said.splitlines()] == ["SELECT", "UID", "EXAMINE"]
    talk.server("* OK [READ-WRITE] x", "V2 OK x", "V3 OK x", "V4 OK [READ-ONLY] x")
    assert talk.connection.read_only


def test_nothing_that_writes_follows_an_examine() -> None:
    """S20: the folder that is being opened counts, and not the one before."""
    talk = selected(read_only=False)
    talk.connection.send(Select(mailbox=b"INBOX"))
    with pytest.raises(UsageError, match="reading only"):
        talk.connection.send(UidExpunge(uids=UidSet([1])), behind=True)


def test_a_folder_that_was_cut_down_does_not_cut_down_the_next() -> None:
    """S20: [READ-ONLY] belongs to the opening that it was said of."""
    talk = logged_in()
    talk.connection.send(Select(mailbox=b"a", read_only=False))
    talk.connection.send(Select(mailbox=b"b", read_only=False), behind=True)
    talk.server("* OK [READ-ONLY] x", "V2 OK x")
    assert talk.connection.read_only
    talk.server("V3 OK x")

    assert not talk.connection.read_only


@pytest.mark.parametrize(
    ("command", "lacks"),
    [
        (UidMove(uids=Saved.RESULT, mailbox=b"Q"), "SEARCHRES"),
        (UidSearch(criteria=(Mark.ALL,), returns=(SearchReturn.SAVE,)), "SEARCHRES"),
        (UidLabel(uids=UidSet([1]), labels=(b"a",)), "X-GM-EXT-1"),
    ],
)
def test_what_is_saved_and_labelled_needs_a_server_that_can(
    command: UidMove | UidSearch | UidLabel, lacks: str
) -> None:
    """RFC 5182, and Gmail's own extension: a server without them would answer BAD."""
    talk = selected(read_only=False)
    with pytest.raises(UsageError, match=lacks):
        talk.connection.send(command)
