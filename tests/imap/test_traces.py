"""Whole traces, of the RFCs and of real servers: every line is read, and none is unknown."""

from __future__ import annotations

from tests.imap.talk import Talk, logged_in
from vedette.imap import (
    AskStatus,
    Completed,
    Connection,
    Enable,
    ESearch,
    Event,
    Fetch,
    FetchItem,
    Greeting,
    Idle,
    InUids,
    Kind,
    Login,
    Logout,
    Peek,
    Resync,
    SearchReturn,
    Select,
    State,
    Status,
    StatusField,
    StatusItem,
    UidFetch,
    UidMove,
    UidSearch,
    UidSet,
    Vanished,
)
from vedette.secret import Secret


def kinds(events: list[Event]) -> str:
    return " ".join(type(event).__name__ for event in events)


def test_trace_of_rfc9051_section_8() -> None:
    """The RFC's own sample connection, with our commands in the place of its client's."""
    talk = Talk()
    talk.server("* OK [CAPABILITY STARTTLS AUTH=SCRAM-SHA-256 LOGINDISABLED IMAP4rev2] IMAP4rev2")
    talk.connection._session.learn(frozenset({"IMAP4REV2"}))
    talk.connection.send(Login(user="mrc", password=Secret("secret")))
    talk.server("V1 OK Success")
    talk.connection.send(Select(mailbox=b"inbox", read_only=False))
    opened = talk.server(
        "* 18 EXISTS",
        r"* FLAGS (\Answered \Flagged \Deleted \Seen \Draft)",
        "* OK [UIDVALIDITY 3857529045] UIDs valid",
        r'* LIST () "/" INBOX ("OLDNAME" ("inbox"))',
        "V2 OK [READ-WRITE] SELECT completed",
    )
    talk.connection.send(UidFetch(uids=UidSet([12]), items=(Peek(section=b"HEADER"),)))
    header = b"Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\nFrom: Terry Gray <gray@cac>\r\n\r\n"
    (fetch, _) = talk.server(
        b"* 12 FETCH (BODY[HEADER] {%d}\r\n%s UID 12)" % (len(header), header),
        "V3 OK FETCH completed",
    )
    talk.connection.send(Logout())
    last = talk.server("* BYE IMAP4rev2 server terminating connection", "V4 OK LOGOUT completed")
    talk.connection.receive_eof()

    assert kinds(opened) == "Exists Flags Status ListItem Completed"
    assert isinstance(fetch, Fetch)
    assert (fetch.uid, fetch.sections[0].data) == (12, header)
    assert kinds(last) == "Status Completed"
    assert talk.connection.state is State.CLOSED


def test_trace_of_rfc7162_quick_resynchronisation() -> None:
    """QRESYNC: what vanished and what changed come between SELECT and its answer."""
    talk = logged_in()
    talk.connection.send(Enable(names=("QRESYNC",)))
    talk.server("* ENABLED QRESYNC", "V2 OK")
    resync = Resync(
        uid_validity=67890007, modseq=90060115194045000, known_uids=UidSet.span(41, 211)
    )
    talk.connection.send(Select(mailbox=b"INBOX", qresync=resync))
    talk.client()
    events = talk.server(
        "* OK [CLOSED]",
        "* 100 EXISTS",
        "* OK [UIDVALIDITY 67890007] UIDVALIDITY",
        "* OK [UIDNEXT 600] Predicted next UID",
        "* OK [HIGHESTMODSEQ 90060115205545359] Highest mailbox mod-sequence",
        "* OK [UNSEEN 7] There are some unseen messages in the mailbox",
        r"* FLAGS (\Answered \Flagged \Draft \Deleted \Seen)",
        r"* OK [PERMANENTFLAGS (\Answered \Flagged \Draft \Deleted \Seen \*)] Permanent flags",
        "* VANISHED (EARLIER) 41,43:116,118,120:211,214:540",
        r"* 49 FETCH (UID 117 FLAGS (\Seen \Answered) MODSEQ (90060115194045001))",
        r"* 50 FETCH (UID 119 FLAGS (\Draft $MDNSent) MODSEQ (90060115194045308))",
        "V3 OK [READ-ONLY] mailbox selected",
    )

    numbers = [event.code.number for event in events if isinstance(event, Status) and event.code]
    assert numbers == [None, 67890007, 600, 90060115205545359, 7, None]
    (vanished,) = [event for event in events if isinstance(event, Vanished)]
    assert (vanished.earlier, len(vanished.uids), 42 in vanished.uids) == (True, 495, False)
    assert [event.modseq for event in events if isinstance(event, Fetch)] == [
        90060115194045001,
        90060115194045308,
    ]


def test_trace_of_gmail() -> None:
    """Gmail: capabilities before the OK, a code without text, labels, MOVE with COPYUID."""
    talk = Talk()
    talk.server("* OK Gimap ready for requests from 192.0.2.1 x12mb12345678wrx")
    talk.connection.send(Login(user="u@gmail.com", password=Secret("abcd efgh")))
    talk.server(
        "* CAPABILITY IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 UIDPLUS "
        "COMPRESS=DEFLATE ENABLE MOVE CONDSTORE ESEARCH UTF8=ACCEPT LIST-EXTENDED LIST-STATUS "
        "LITERAL- SPECIAL-USE APPENDLIMIT=35651584",
        "V1 OK u@gmail.com authenticated (Success)",
    )
    talk.connection.send(Select(mailbox=b"INBOX", read_only=False, condstore=True))
    talk.server(
        r"* FLAGS (\Answered \Flagged \Draft \Deleted \Seen $NotPhishing $Phishing)",
        r"* OK [PERMANENTFLAGS (\Answered \Flagged \Draft \Deleted \Seen \*)] Flags permitted.",
        "* OK [UIDVALIDITY 1] UIDs valid.",
        "* 5 EXISTS",
        "* 0 RECENT",
        "* OK [UIDNEXT 31] Predicted next UID.",
        "* OK [HIGHESTMODSEQ 12345]",
        "V2 OK [READ-WRITE] INBOX selected. (Success)",
    )
    talk.connection.send(UidFetch(uids=UidSet.since(30), items=(FetchItem.GM_LABELS, Peek())))
    (row, _) = talk.server(
        r'* 5 FETCH (X-GM-LABELS ("\\Important" "\\Inbox" "a b") UID 30 MODSEQ (12345) BODY[] "x")',
        "V3 OK Success",
    )
    talk.connection.send(UidMove(uids=UidSet([30]), mailbox=b"[Gmail]/Spam"))
    moved = talk.server(
        "* OK [COPYUID 3 30 17] (Success)", "* 5 EXPUNGE", "* 4 EXISTS", "V4 OK (Success)"
    )

    assert talk.connection.has("MOVE")
    assert isinstance(row, Fetch)
    assert (row.gm_labels, row.modseq) == ((b"\\Important", b"\\Inbox", b"a b"), 12345)
    assert kinds(moved) == "Status Expunge Exists Completed"
    assert talk.client().endswith('V4 UID MOVE 30 "[Gmail]/Spam"\r\n')


def test_trace_of_dovecot_watched_over_a_day() -> None:
    """IDLE with its signs of life, a burst, a renewal in one write, and a server's end."""
    talk = logged_in()
    talk.connection.send(Select(mailbox=b"INBOX"))
    talk.server("* 4 EXISTS", "* 0 RECENT", "V2 OK [READ-ONLY] Examine completed (0.001 secs).")
    talk.connection.send(Idle())
    quiet = talk.server("+ idling", "* OK Still here", "* OK Still here")
    burst = talk.server("* 5 EXISTS", "* 1 RECENT", "* 2 EXPUNGE", "* 6 EXISTS")
    talk.client()
    talk.connection.done()
    uids = UidSet.since(9)
    talk.connection.send(UidFetch(uids=uids, items=(FetchItem.UID, FetchItem.FLAGS)))
    talk.connection.send(Idle())
    written = talk.client()
    caught = talk.server(
        "V3 OK Idle completed (120.001 + 120.000 secs).",
        r"* 5 FETCH (UID 9 FLAGS ())",
        r"* 6 FETCH (UID 10 FLAGS (\Seen))",
        "V4 OK Fetch completed (0.001 + 0.000 secs).",
        "+ idling",
    )

    assert kinds(quiet) == "IdleStarted Status Status"
    assert kinds(burst) == "Exists Recent Expunge Exists"
    assert written == "DONE\r\nV4 UID FETCH 9:* (UID FLAGS)\r\nV5 IDLE\r\n"
    assert kinds(caught) == "Completed Fetch Fetch Completed IdleStarted"
    assert str(talk.fatal("* BYE Server shutting down.")).endswith("Server shutting down.")


def test_trace_of_an_old_server_that_knows_little() -> None:
    """No code, no text, no IDLE: STATUS and a plain SEARCH still tell what is new."""
    connection = Connection(encrypted=True)
    talk = Talk()
    talk.connection = connection
    (greeting,) = talk.server("* OK")
    talk.connection.send(Login(user="u", password=Secret("p")))
    talk.server("V1 OK")
    talk.connection.send(AskStatus(mailbox=b"Sent Items", fields=(StatusField.UIDNEXT,)))
    (status, _) = talk.server("* STATUS Sent Items (UIDNEXT 0) ", "V2 OK")
    talk.connection.send(Select(mailbox=b"Sent Items"))
    talk.server("* 3 EXISTS", "V3 OK")
    talk.connection.send(
        UidSearch(criteria=(InUids(uids=UidSet.since(7)),), returns=(SearchReturn.ALL,))
    )
    (found, answer) = talk.server("* SEARCH 7 9 ", "V4 OK")

    assert isinstance(greeting, Greeting)
    assert status == StatusItem(name=b"Sent Items")
    assert not isinstance(found, ESearch)
    assert isinstance(answer, Completed)
    assert answer.kind is Kind.OK
    assert not connection.capabilities_known
