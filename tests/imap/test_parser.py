"""Untagged responses: every type, as the RFCs write it and as servers do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.imap.codes import Code
from vedette.imap.fetch import Fetch
from vedette.imap.framer import Frame
from vedette.imap.lexer import ParseError
from vedette.imap.limits import Limits
from vedette.imap.parser import read_response
from vedette.imap.responses import (
    Capability,
    Enabled,
    ESearch,
    Exists,
    Expunge,
    Flags,
    Id,
    Kind,
    ListItem,
    Namespace,
    NamespaceItem,
    Recent,
    Response,
    Search,
    Status,
    StatusItem,
    Unknown,
    Vanished,
)
from vedette.imap.sets import UidSet


def read(text: bytes, *literals: bytes) -> Response:
    return read_response(Frame(text, literals), Limits())


INBOX = StatusItem(name=b"INBOX")

KNOWN: list[tuple[bytes, Response]] = [
    (b"* OK", Status(kind=Kind.OK)),
    (b"* ok [ALERT] hi", Status(kind=Kind.OK, code=Code(name="ALERT"), text="hi")),
    (b"* BYE Autologout", Status(kind=Kind.BYE, text="Autologout")),
    (b"* CAPABILITY IMAP4rev1 idle", Capability(names=frozenset({"IMAP4REV1", "IDLE"}))),
    (b"* ENABLED", Enabled(names=frozenset())),
    (b"* ENABLED QRESYNC", Enabled(names=frozenset({"QRESYNC"}))),
    (b"* 23 EXISTS", Exists(count=23)),
    (b"* 23  exists ", Exists(count=23)),
    (b"* 5 RECENT", Recent(count=5)),
    (b"* 44 EXPUNGE", Expunge(seq=44)),
    (b"* VANISHED 405,407", Vanished(uids=UidSet([405, 407]), earlier=False)),
    (b"* VANISHED (EARLIER) 41,43:44", Vanished(uids=UidSet([41, 43, 44]), earlier=True)),
    (rb"* FLAGS (\answered $MDN)", Flags(names=frozenset({"\\Answered", "$MDN"}))),
    (b"* FLAGS NIL", Flags(names=None)),
    (b"* SEARCH", Search(numbers=())),
    (b"* SEARCH 2 84 882 ", Search(numbers=(2, 84, 882))),
    (b"* SEARCH 2 5 (MODSEQ 917162500)", Search(numbers=(2, 5), modseq=917162500)),
    (
        b'* ESEARCH (TAG "A285") UID MIN 7 MAX 3800 COUNT 4 ALL 7,9:10,3800 MODSEQ 9',
        ESearch(
            tag="A285",
            uid=True,
            min=7,
            max=3800,
            count=4,
            all=UidSet([7, 9, 10, 3800]),
            modseq=9,
        ),
    ),
    (b'* ESEARCH (TAG "A1") UID', ESearch(tag="A1", uid=True)),
    (b"* ESEARCH (X) UID COUNT 1", ESearch(tag=None, uid=True, count=1)),
    (b"* ESEARCH COUNT 0", ESearch(tag=None, uid=False, count=0)),
    (
        b'* NAMESPACE (("" "/")) NIL (("#shared/" "/" "X" ("a"))("#pub." NIL))',
        Namespace(
            personal=(NamespaceItem(prefix=b"", delimiter=b"/"),),
            shared=(
                NamespaceItem(prefix=b"#shared/", delimiter=b"/"),
                NamespaceItem(prefix=b"#pub.", delimiter=None),
            ),
        ),
    ),
    (b"* NAMESPACE NIL", Namespace()),
    (b'* ID ("name" "Dovecot" "os" NIL)', Id(fields=(("name", "Dovecot"), ("os", None)))),
    (b"* ID NIL", Id()),
]

LISTS: list[tuple[bytes, tuple[bytes, ...], ListItem]] = [
    (
        rb'* LIST (\HasNoChildren \Junk) "/" "Spam"',
        (),
        ListItem(name=b"Spam", delimiter=b"/", attributes=frozenset({"\\hasnochildren", "\\junk"})),
    ),
    (b"* LIST () NIL inbox", (), ListItem(name=b"inbox", delimiter=None, attributes=frozenset())),
    (b'* LIST (NIL) "" NIL', (), ListItem(name=b"NIL", delimiter=None, attributes=frozenset())),
    (
        b'* LIST () "." {7}\n',
        (b'a"b\\c\td',),
        ListItem(name=b'a"b\\c\td', delimiter=b".", attributes=frozenset()),
    ),
    (
        rb'* LIST () "\\" "a\"b\\c"',
        (),
        ListItem(name=b'a"b\\c', delimiter=b"\\", attributes=frozenset()),
    ),
    (
        b'* LIST () "/" "Entw\xc3\xbcrfe" ("CHILDINFO" ("SUBSCRIBED") "OLDNAME" ("Drafts"))',
        (),
        ListItem(
            name="Entwürfe".encode(),
            delimiter=b"/",
            attributes=frozenset(),
            old_name=b"Drafts",
            child_info=("SUBSCRIBED",),
        ),
    ),
    (
        b'* LSUB () "." [x] junk',
        (),
        ListItem(name=b"[x]", delimiter=b".", attributes=frozenset()),
    ),
]

STATUSES: list[tuple[bytes, StatusItem]] = [
    (
        (
            b'* STATUS "INBOX" (MESSAGES 231 UIDNEXT 44292 UIDVALIDITY 1 UNSEEN 0 HIGHESTMODSEQ 7 '
            b"SIZE 99999999999 MAILBOXID (F22) X-VENDOR (1 2))"
        ),
        StatusItem(
            name=b"INBOX",
            messages=231,
            uid_next=44292,
            uid_validity=1,
            unseen=0,
            highest_modseq=7,
            size=99999999999,
            mailbox_id="F22",
        ),
    ),
    (b'* STATUS "INBOX" ()', INBOX),
    (b"* STATUS INBOX (MESSAGES 3 ) ", StatusItem(name=b"INBOX", messages=3)),
    (b"* STATUS INBOX (UIDNEXT 0 UIDVALIDITY 0 HIGHESTMODSEQ 0)", INBOX),
    (b"* STATUS INBOX (MESSAGES -1 UIDNEXT 9.3e6 MAILBOXID NIL)", INBOX),
    (b"* STATUS Sent Items (UNSEEN 2)", StatusItem(name=b"Sent Items", unseen=2)),
]


@pytest.mark.parametrize(("text", "response"), KNOWN, ids=lambda value: str(value)[:40])
def test_response_is_read_into_its_type(text: bytes, response: Response) -> None:
    """Known answers: the RFCs' examples, and what P4, P5, P9 and S13 add to them."""
    assert read(text) == response


@pytest.mark.parametrize(("text", "literals", "item"), LISTS, ids=lambda value: str(value)[:40])
def test_list_keeps_the_name_as_the_wire_has_it(
    text: bytes, literals: tuple[bytes, ...], item: ListItem
) -> None:
    """S18, S19: atoms, quotes, literals, 8-bit, NIL as name and as delimiter."""
    assert read(text, *literals) == item


@pytest.mark.parametrize(("text", "item"), STATUSES, ids=lambda value: str(value)[:40])
def test_status_item_reads_what_is_there(text: bytes, item: StatusItem) -> None:
    """S4: absent, 0, -1 and nonsense are None; so is nothing else."""
    assert read(text) == item


def test_copyuid_without_ok_is_a_status() -> None:
    """P4, G2: some servers leave the OK out."""
    response = read(b"* [COPYUID 1 2 3] Done")

    assert isinstance(response, Status)
    assert response.code is not None
    assert response.code.copy_uid is not None
    assert (response.kind, response.text) == (Kind.OK, "Done")


@pytest.mark.parametrize("text", [b"* XAOL-SPAM (a", b"* 5 XEXISTS", b"*", b"* ", b"* {5} x"])
def test_unknown_response_is_kept_for_a_look(text: bytes) -> None:
    """P14: what is not known is passed over with its first octets."""
    assert read(text) == Unknown(raw=text)


def test_unknown_response_is_cut_short() -> None:
    """Nobody needs 64 KiB of it."""
    response = read(b"* X " + b"y" * 5_000)

    assert isinstance(response, Unknown)
    assert len(response.raw) == 1_024


@pytest.mark.parametrize(
    "text",
    [
        b"* 4294967296 EXISTS",
        b"* 0 EXPUNGE",
        b"* VANISHED",
        b"* VANISHED (EARLIER)",
        b"* VANISHED 0:5",
        b"* FLAGS",
        b"* FLAGS x",
        b"* LIST",
        b"* LIST () NIL",
        b"* LIST x NIL y",
        b"* LIST () (a) y",
        b"* LIST () NIL (a)",
        b"* STATUS INBOX",
        b"* STATUS (a) (MESSAGES 1)",
        b"* STATUS (MESSAGES 1)",
        b"* SEARCH 1 x",
        b"* SEARCH 1 -2",
        b"* ESEARCH ALL 1:*",
        b"* NAMESPACE ((x)) NIL NIL",
        b'* ID ("name"',
        b"* SEARCH " + b"1 " * 100_001,
    ],
    ids=lambda text: text.decode()[:30],
)
def test_response_that_can_not_be_read_is_refused(text: bytes) -> None:
    """A malformed response is an error of its own, for it alone."""
    with pytest.raises(ParseError):
        read(text)


def test_id_is_asked_by_name_in_any_case() -> None:
    """Servers spell their fields as they like."""
    response = read(b'* ID ("Name" "x" "b" (1))')

    assert isinstance(response, Id)
    assert (response.get("name"), response.get("vendor")) == ("x", None)


WORDS = [b"* ", b"1 ", b"FETCH ", b"LIST ", b"STATUS ", b"ESEARCH ", b"VANISHED ", b"ID ", b"NIL "]
WORDS += [
    b"(",
    b")",
    b'"',
    b"a ",
    b"UID ",
    b"BODY[] ",
    b"{1}\n",
    b"FLAGS ",
    b"MODSEQ ",
    b"[",
    b"] ",
]
WORDS += [b"OK ", b"COPYUID ", b"1:3 ", b"ALL ", b"NAMESPACE ", b"SEARCH ", b"\\", b"\xff"]


@given(st.lists(st.sampled_from(WORDS), max_size=30).map(b"".join) | st.binary(max_size=100))
def test_any_frame_is_read_or_refused(text: bytes) -> None:
    """The parser raises nothing but its own error."""
    text = b"* " + text
    try:
        response = read(text, *[b"x"] * text.count(b"\n"))
    except ParseError:
        return
    assert response is not None


@given(st.integers(1, 2**32 - 1), st.sets(st.sampled_from(["\\Seen", "\\Draft", "$a", "é"])))
def test_flags_of_a_message_survive(uid: int, flags: set[str]) -> None:
    """What a server writes about flags is what is read."""
    text = f"* 1 FETCH (FLAGS ({' '.join(flags)}) UID {uid})".encode()

    assert read(text) == Fetch(seq=1, uid=uid, flags=frozenset(flags))
