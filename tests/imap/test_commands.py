"""Commands on the wire: what each looks like, and what can not be said at all."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.imap.splitter import Line, split_commands
from vedette import imap
from vedette.errors import UsageError
from vedette.imap import (
    Append,
    AskCapability,
    AskId,
    AskNamespace,
    AskStatus,
    ByDate,
    ByEmailId,
    ByGmailMessageId,
    ByHeader,
    ByKeyword,
    ByNumber,
    Command,
    Create,
    DateKey,
    Either,
    Enable,
    EventGroup,
    Every,
    FetchItem,
    FromNumber,
    Idle,
    InUids,
    List,
    Login,
    Mark,
    Noop,
    Not,
    Notify,
    NotifyEvent,
    NumberKey,
    Peek,
    Resync,
    Saved,
    Scope,
    SearchReturn,
    Select,
    StatusField,
    StoreMode,
    UidCopy,
    UidExpunge,
    UidFetch,
    UidLabel,
    UidMove,
    UidSearch,
    UidSet,
    UidStore,
    Unselect,
    any_of,
)
from vedette.imap.encoder import Encoder
from vedette.secret import Secret

NEW = (NotifyEvent.MESSAGE_NEW, NotifyEvent.MESSAGE_EXPUNGE)
UIDS = UidSet([1, 2, 3, 7])


def parts(command: Command, *, free: int = 2**63, utf8: bool = False) -> list[bytes]:
    out = Encoder("T", command.verb, free_literal=free, utf8=utf8, maximum=8_000)
    command.write(out)
    return out.finish()


def wire(command: Command, *, utf8: bool = False) -> str:
    (line,) = parts(command, utf8=utf8)
    return line.removesuffix(b"\r\n").removeprefix(b"T ").decode()


WIRES: list[tuple[Command, str]] = [
    (AskCapability(), "CAPABILITY"),
    (Noop(), "NOOP"),
    (Idle(), "IDLE"),
    (Unselect(), "UNSELECT"),
    (AskNamespace(), "NAMESPACE"),
    (AskId(fields=(("name", "v"), ("version", "1"))), 'ID ("name" "v" "version" "1")'),
    (Enable(names=("QRESYNC", "UTF8=ACCEPT")), "ENABLE QRESYNC UTF8=ACCEPT"),
    (Login(user='d\\u "x"', password=Secret("p")), 'LOGIN "d\\\\u \\"x\\"" "p"'),
    (List(), 'LIST "" "*"'),
    (
        List(pattern=b"%", special_use=True, status=(StatusField.UIDNEXT, StatusField.MAILBOXID)),
        'LIST "" "%" RETURN (SPECIAL-USE STATUS (UIDNEXT MAILBOXID))',
    ),
    (Select(mailbox=b"INBOX"), 'EXAMINE "INBOX"'),
    (Select(mailbox=b"a", read_only=False, condstore=True), 'SELECT "a" (CONDSTORE)'),
    (
        Select(mailbox=b"a", qresync=Resync(uid_validity=67890007, modseq=9)),
        'EXAMINE "a" (QRESYNC (67890007 9))',
    ),
    (
        Select(mailbox=b"a", qresync=Resync(uid_validity=5, modseq=9, known_uids=UIDS)),
        'EXAMINE "a" (QRESYNC (5 9 1:3,7))',
    ),
    (AskStatus(mailbox=b"a b", fields=(StatusField.MESSAGES,)), 'STATUS "a b" (MESSAGES)'),
    (Create(mailbox=b"Q"), 'CREATE "Q"'),
    (Create(mailbox=b"Q", use="\\Junk"), 'CREATE "Q" (USE (\\Junk))'),
    (
        Append(
            mailbox=b"Q",
            message=b"x\r\n",
            flags=("\\Seen", "$a"),
            internal_date=datetime(2026, 3, 1, 9, 5, tzinfo=UTC),
        ),
        'APPEND "Q" (\\Seen $a) " 1-Mar-2026 09:05:00 +0000" {3+}\r\nx\r\n',
    ),
    (
        UidFetch(uids=UidSet.since(5), items=(FetchItem.FLAGS, Peek(partial=(0, 65536)))),
        "UID FETCH 5:* (FLAGS BODY.PEEK[]<0.65536>)",
    ),
    (
        UidFetch(uids=UIDS, items=(FetchItem.UID,), changed_since=4, vanished=True),
        "UID FETCH 1:3,7 (UID) (CHANGEDSINCE 4 VANISHED)",
    ),
    (
        UidFetch(uids=UIDS, items=(Peek(section=b"HEADER"),), changed_since=4),
        "UID FETCH 1:3,7 (BODY.PEEK[HEADER]) (CHANGEDSINCE 4)",
    ),
    (
        UidStore(uids=UIDS, flags=("\\Seen",), mode=StoreMode.ADD, silent=True, unchanged_since=0),
        "UID STORE 1:3,7 (UNCHANGEDSINCE 0) +FLAGS.SILENT (\\Seen)",
    ),
    (UidStore(uids=UIDS, flags=(), mode=StoreMode.REPLACE), "UID STORE 1:3,7 FLAGS ()"),
    (UidCopy(uids=UIDS, mailbox=b"Q"), 'UID COPY 1:3,7 "Q"'),
    (UidMove(uids=UIDS, mailbox=b"Q"), 'UID MOVE 1:3,7 "Q"'),
    (UidMove(uids=Saved.RESULT, mailbox=b"Q"), 'UID MOVE $ "Q"'),
    (UidCopy(uids=Saved.RESULT, mailbox=b"Q"), 'UID COPY $ "Q"'),
    (UidFetch(uids=Saved.RESULT, items=(FetchItem.FLAGS,)), "UID FETCH $ (FLAGS)"),
    (
        UidStore(uids=Saved.RESULT, flags=("$x",), mode=StoreMode.REMOVE),
        "UID STORE $ -FLAGS ($x)",
    ),
    (
        UidLabel(uids=UIDS, labels=(b"a", b"b &AOQ- c")),
        'UID STORE 1:3,7 +X-GM-LABELS ("a" "b &AOQ- c")',
    ),
    (UidLabel(uids=Saved.RESULT, labels=(b"a",), add=False), 'UID STORE $ -X-GM-LABELS ("a")'),
    (
        UidSearch(
            criteria=(
                any_of([Every(criteria=(InUids(uids=UIDS), Mark.SEEN)), Mark.DELETED, Mark.ALL]),
            ),
            returns=(SearchReturn.SAVE,),
        ),
        "UID SEARCH RETURN (SAVE) OR (UID 1:3,7 SEEN) OR DELETED ALL",
    ),
    (UidExpunge(uids=UIDS), "UID EXPUNGE 1:3,7"),
    (UidSearch(criteria=(Mark.ALL,)), "UID SEARCH ALL"),
    (
        UidSearch(criteria=(InUids(uids=UIDS), FromNumber(number=102))),
        "UID SEARCH UID 1:3,7 102:*",
    ),
    (
        UidSearch(
            criteria=(InUids(uids=UIDS), ByDate(key=DateKey.SINCE, day=date(2026, 2, 1))),
            returns=(SearchReturn.MAX, SearchReturn.ALL),
        ),
        "UID SEARCH RETURN (MAX ALL) UID 1:3,7 SINCE 1-Feb-2026",
    ),
    (
        UidSearch(
            criteria=(
                Not(criterion=ByKeyword(name="$a")),
                Either(first=ByKeyword(name="b", present=False), second=Mark.SEEN),
                ByNumber(key=NumberKey.MODSEQ, value=2**60),
                ByEmailId(email_id="M1"),
                ByGmailMessageId(message_id=2**64 - 1),
                ByHeader(name="Message-ID", value="<a@b>"),
            )
        ),
        (
            "UID SEARCH NOT KEYWORD $a OR UNKEYWORD b SEEN MODSEQ 1152921504606846976 EMAILID M1 "
            'X-GM-MSGID 18446744073709551615 HEADER "Message-ID" "<a@b>"'
        ),
    ),
    (Notify(), "NOTIFY NONE"),
    (
        Notify(
            groups=(
                EventGroup(
                    scope=Scope.SELECTED, events=NEW, fetch=(FetchItem.UID, FetchItem.FLAGS)
                ),
                EventGroup(scope=Scope.INBOXES, events=()),
                EventGroup(scope=Scope.SUBTREE, mailboxes=(b"a", b"b c"), events=NEW),
            ),
            status=True,
        ),
        (
            "NOTIFY SET STATUS (selected (MessageNew (UID FLAGS) MessageExpunge)) (inboxes NONE) "
            '(subtree ("a" "b c") (MessageNew MessageExpunge))'
        ),
    ),
]


@pytest.mark.parametrize(("command", "expected"), WIRES, ids=lambda value: str(value)[:50])
def test_command_is_written_as_the_rfc_has_it(command: Command, expected: str) -> None:
    """Known answers, one per command and form."""
    assert wire(command) == expected


@pytest.mark.parametrize(("command", "expected"), WIRES, ids=lambda value: str(value)[:50])
def test_a_strict_server_reads_one_command(command: Command, expected: str) -> None:
    """The independent splitter agrees that each is one command."""
    assert len(split_commands(b"".join(parts(command)))) == 1


def test_a_choice_of_fifty_nests_no_deeper_than_a_server_bears() -> None:
    """Each of them stands once in the command, and six ORs lie in one another at most."""
    criteria = [ByKeyword(name=f"k{number}") for number in range(50)]
    text = wire(UidSearch(criteria=(any_of(criteria),)))

    assert [word for word in text.split() if word.startswith("k")] == [
        each.name for each in criteria
    ]
    assert text.count("OR ") == 49
    assert "OR OR OR OR OR OR OR" not in text


@pytest.mark.parametrize(
    "build",
    [
        lambda: any_of([]),
        lambda: wire(UidSearch(criteria=(Every(criteria=()),))),
        lambda: wire(UidLabel(uids=UIDS, labels=())),
    ],
)
def test_what_would_name_nothing_is_not_said(build: Callable[[], object]) -> None:
    """No empty choice, no empty parentheses, no empty list of labels."""
    with pytest.raises(UsageError):
        build()


def test_search_names_its_charset_for_eight_bit_text_only() -> None:
    """RFC 9051 section 6.4.4; with UTF8=ACCEPT naming one is forbidden (RFC 6855)."""
    nested = Not(criterion=Either(first=ByHeader(name="S", value="ü"), second=Mark.SEEN))
    search = UidSearch(criteria=(nested,))

    assert wire(search).startswith("UID SEARCH CHARSET UTF-8 NOT OR")
    assert wire(search, utf8=True) == 'UID SEARCH NOT OR HEADER "S" "ü" SEEN'


@pytest.mark.parametrize(
    "make",
    [
        lambda: parts(UidFetch(uids=UidSet(), items=(FetchItem.UID,))),
        lambda: parts(UidFetch(uids=UIDS, items=())),
        lambda: parts(UidFetch(uids=UIDS, items=(FetchItem.UID,), vanished=True)),
        lambda: parts(UidFetch(uids=UIDS, items=(FetchItem.UID,), changed_since=0)),
        lambda: parts(UidSearch(criteria=())),
        lambda: parts(AskId(fields=())),
        lambda: parts(AskId(fields=(("name", "ü"),))),
        lambda: parts(Enable(names=())),
        lambda: parts(AskStatus(mailbox=b"a", fields=())),
        lambda: Peek(section=b"HEADER] BODY["),
        lambda: Peek(section=b"HEADER.FIELDS ()"),
        lambda: Peek(section=b"MIME"),
        lambda: Peek(section=b"1\r\n"),
        lambda: Peek(partial=(0, 0)),
        lambda: Peek(partial=(-1, 5)),
        lambda: EventGroup(scope=Scope.MAILBOXES, events=NEW),
        lambda: EventGroup(scope=Scope.INBOXES, mailboxes=(b"a",), events=NEW),
        lambda: EventGroup(scope=Scope.SELECTED, events=(NotifyEvent.MAILBOX_NAME,)),
        lambda: EventGroup(scope=Scope.INBOXES, events=NEW[:1]),
        lambda: EventGroup(scope=Scope.INBOXES, events=(NotifyEvent.FLAG_CHANGE,)),
        lambda: EventGroup(scope=Scope.INBOXES, events=NEW, fetch=(FetchItem.UID,)),
        lambda: parts(
            Notify(
                groups=(
                    EventGroup(scope=Scope.SELECTED, events=NEW),
                    EventGroup(scope=Scope.SELECTED_DELAYED, events=NEW),
                )
            )
        ),
    ],
)
def test_what_no_server_could_read_can_not_be_said(make: object) -> None:
    """An illegal command is an error of ours, before anything is sent."""
    assert callable(make)
    with pytest.raises(UsageError):
        make()


def test_criteria_nest_to_a_bound() -> None:
    """A runaway filter is an error, not a recursion."""
    criterion: Not | Mark = Mark.ALL
    for _ in range(5_000):
        criterion = Not(criterion=criterion)

    with pytest.raises(UsageError, match="deeper"):
        parts(UidSearch(criteria=(criterion,)))


def test_nothing_destructive_or_marking_has_a_command() -> None:
    """G5, G10, C14: no CLOSE, no bare EXPUNGE, no COMPRESS, no BODY without PEEK."""
    commands = [each for _, each in inspect.getmembers(imap, inspect.isclass)]
    verbs = {
        each.verb
        for each in commands
        if issubclass(each, Command) and isinstance(getattr(each, "verb", None), str)
    }

    assert verbs.isdisjoint({"CLOSE", "EXPUNGE", "COMPRESS", "DELETE", "RENAME", "STORE", "FETCH"})
    assert Peek().wire.startswith(b"BODY.PEEK[")
    assert not any(item.value.startswith(("RFC822 ", "BODY[")) for item in FetchItem)


def build(kind: int, text: str) -> Command:
    raw = text.encode("utf-8", "surrogatepass")
    choices: list[Command] = [
        Login(user=text, password=Secret(text)),
        Select(mailbox=raw),
        AskStatus(mailbox=raw, fields=(StatusField.UIDNEXT,)),
        List(pattern=raw, reference=raw),
        Create(mailbox=raw, use=text),
        UidMove(uids=UIDS, mailbox=raw),
        UidCopy(uids=UIDS, mailbox=raw),
        UidStore(uids=UIDS, flags=(text,), mode=StoreMode.ADD),
        UidSearch(criteria=(ByHeader(name=text, value=text), ByKeyword(name=text))),
        UidSearch(criteria=(ByHeader(name="Subject", value=text),)),
        UidSearch(criteria=(ByEmailId(email_id=text),)),
        Enable(names=(text,)),
        AskId(fields=((text, text),)),
        Append(mailbox=raw, message=raw),
        Append(mailbox=b"a", message=raw, flags=(text,)),
        Notify(groups=(EventGroup(scope=Scope.MAILBOXES, mailboxes=(raw, raw), events=NEW),)),
        UidLabel(uids=UIDS, labels=(raw, raw)),
        UidSearch(
            criteria=(Every(criteria=(ByHeader(name=text, value=text), ByKeyword(name=text))),)
        ),
    ]
    return choices[kind % len(choices)]


hostile = st.text(st.sampled_from('a "\\\r\n\0(){}*%3+~ü\x7f\t]&-') | st.characters(), max_size=30)


@given(st.integers(0, 17), hostile, st.sampled_from([0, 4_096, 2**63]), st.booleans())
def test_any_text_in_any_argument_is_exactly_one_command(
    kind: int,
    text: str,
    free: int,
    utf8: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    """P10: the law of the choke point, read back by a splitter that knows nothing of it."""
    try:
        sent = b"".join(parts(build(kind, text), free=free, utf8=utf8))
    except UsageError:
        return
    (line,) = split_commands(sent, utf8=utf8)

    assert isinstance(line, Line)
    assert line.tag == b"T"


@given(hostile, st.booleans())
def test_folder_name_arrives_as_it_was_given(text: str, utf8: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    """S18: the server reads the very octets that the client was given."""
    raw = text.encode("utf-8", "surrogatepass")
    try:
        sent = b"".join(parts(UidMove(uids=UIDS, mailbox=raw), utf8=utf8))
    except UsageError:
        assert any(octet in raw for octet in b"\r\n\0") or len(raw) > 7_000
        return

    assert split_commands(sent, utf8=utf8)[0].words == [b"UID", b"MOVE", b"1:3,7", raw]
