"""The FETCH response: each field on its own, whatever stands in the others."""

from __future__ import annotations

import pytest

from vedette.imap.fetch import Fetch, Section
from vedette.imap.framer import Frame, Streamed
from vedette.imap.lexer import ParseError
from vedette.imap.limits import Limits
from vedette.imap.parser import read_response


def fetch(items: bytes, *literals: bytes | Streamed) -> Fetch:
    response = read_response(Frame(b"* 12 FETCH " + items, literals), Limits())
    assert isinstance(response, Fetch)
    return response


def test_fetch_reads_every_item_it_knows() -> None:
    """One response with all that watching asks for."""
    read = fetch(
        b'(UID 34 FLAGS (\\Seen $Junk) INTERNALDATE "17-Jul-1996 02:44:25 -0700" RFC822.SIZE 4286 '
        b"MODSEQ (12121231000) EMAILID (M6d99ac3275bb4e) THREADID (T64b478a75b7ea9) "
        b'X-GM-MSGID 1278455344230334865 X-GM-THRID 1266894439832287888 X-GM-LABELS (\\Inbox "a b")'
        b' SAVEDATE "18-Jul-1996 02:44:25 -0700" PREVIEW "Hi" BODY[HEADER] {2}\nBODY[TEXT]<0> "xy")',
        b"A:",
    )

    assert read.section(b"TEXT") is not None
    assert read == Fetch(
        seq=12,
        uid=34,
        flags=frozenset({"\\Seen", "$Junk"}),
        internal_date="17-Jul-1996 02:44:25 -0700",
        size=4286,
        modseq=12121231000,
        email_id="M6d99ac3275bb4e",
        thread_id="T64b478a75b7ea9",
        gm_message_id=1278455344230334865,
        gm_thread_id=1266894439832287888,
        gm_labels=(b"\\Inbox", b"a b"),
        preview="Hi",
        save_date="18-Jul-1996 02:44:25 -0700",
        sections=(
            Section(name=b"HEADER", data=b"A:"),
            Section(name=b"TEXT", origin=0, data=b"xy"),
        ),
    )


@pytest.mark.parametrize(
    ("item", "field"),
    [
        (b"RFC822.SIZE -1", "size"),
        (b"RFC822.SIZE 9.3736e+06", "size"),
        (b"RFC822.SIZE 99999999999999999999999", "size"),
        (b"RFC822.SIZE NIL", "size"),
        (b"MODSEQ (-1)", "modseq"),
        (b"MODSEQ (0)", "modseq"),
        (b"MODSEQ ()", "modseq"),
        (b"MODSEQ NIL", "modseq"),
        (b"THREADID NIL", "thread_id"),
        (b"THREADID (NIL)", "thread_id"),
        (b"EMAILID ()", "email_id"),
        (b"INTERNALDATE NIL", "internal_date"),
        (b"INTERNALDATE (x)", "internal_date"),
        (b"FLAGS NIL", "flags"),
        (b"FLAGS \\Seen", "flags"),
        (b"X-GM-MSGID 1_000", "gm_message_id"),
        (b"X-GM-LABELS NIL", "gm_labels"),
        (b"X-GM-LABELS x", "gm_labels"),
        (b"PREVIEW NIL", "preview"),
        (b"BODYSTRUCTURE NIL", "body_structure"),
    ],
)
def test_bad_value_costs_its_field_only(item: bytes, field: str) -> None:
    """P3, P5: numbers, NIL and nonsense; the items around it are read."""
    read = fetch(b"(UID 34 " + item + b" BODY[] {2}\n)", b"ok")

    assert getattr(read, field) is None
    assert (read.uid, read.section(b"")) == (34, Section(name=b"", data=b"ok"))


@pytest.mark.parametrize("uid", [b"0", b"-1", b"4294967296", b'"x"', b"NIL"])
def test_bad_uid_leaves_a_response_without_a_uid(uid: bytes) -> None:
    """S11: what has no UID is recognised by that, not by an exception."""
    assert fetch(b"(UID " + uid + b" FLAGS ())").uid is None


def test_defects_name_what_could_not_be_read() -> None:
    """A person can see which item was broken; NIL is not broken."""
    assert fetch(b"(UID 34 RFC822.SIZE -1 MODSEQ (x) PREVIEW NIL)").defects == (
        "RFC822.SIZE",
        "MODSEQ",
    )


def test_item_without_a_value_does_not_swallow_the_next() -> None:
    """An item that lost its value is skipped alone."""
    read = fetch(b"(X-NEW UID 34 FLAGS (\\Seen) MODSEQ)")

    assert (read.uid, read.flags) == (34, frozenset({"\\Seen"}))


def test_value_without_a_name_is_skipped() -> None:
    """A stray list between items costs nothing else."""
    assert fetch(b"((stray) UID 34)").uid == 34


def test_unknown_items_are_skipped_with_their_values() -> None:
    """P14, P12: vendor items, BINARY and literal8 are tolerated."""
    read = fetch(b"(XAOL.SPAM (a (b c)) BINARY[1] ~{3}\nBINARY.SIZE[1] 3 UID 34)", b"\0\0\0")

    assert (read.uid, read.sections, read.defects) == (34, (), ())


def test_nil_empty_and_absent_bodies_are_three_things() -> None:
    """M10, S10: NIL is gone, "" is empty, nothing was not sent."""
    assert fetch(b"(UID 2 BODY[] NIL)").section(b"") == Section(name=b"", data=None)
    assert fetch(b'(UID 2 BODY[] "")').section(b"") == Section(name=b"", data=b"")
    assert fetch(b"(UID 2)").section(b"") is None


@pytest.mark.parametrize("body", [b"BODY[] 5", b"BODY[] (a b)"])
def test_body_that_is_no_string_is_a_defect(body: bytes) -> None:
    """A number or list in the place of a body is not taken for one."""
    read = fetch(b"(" + body + b" UID 2)")

    assert (read.sections, read.defects, read.uid) == ((), ("BODY[]",), 2)


def test_section_names_are_upper_case_with_their_origin() -> None:
    """The name is what was asked, whatever case the server answers in."""
    read = fetch(b'(body[1.2.mime]<512> "x" BODY[HEADER.FIELDS (Subject)] "y")')

    assert [(each.name, each.origin) for each in read.sections] == [
        (b"1.2.MIME", 512),
        (b"HEADER.FIELDS (SUBJECT)", None),
    ]


def test_old_whole_message_items_are_sections() -> None:
    """RFC 3501's RFC822 items are read as the sections that they are."""
    read = fetch(b'(RFC822 "a" RFC822.HEADER "b" RFC822.TEXT "c")')

    assert [each.name for each in read.sections] == [b"", b"HEADER", b"TEXT"]


def test_streamed_literal_stands_in_its_section() -> None:
    """A large body is named by its key and size."""
    assert fetch(b"(UID 2 BODY[] {70000}\n)", Streamed(1, 70_000)).sections[0].data == Streamed(
        1, 70_000
    )


def test_body_structure_is_a_tree_and_advisory() -> None:
    """P6: what servers get wrong is passed on as it is, and streamed parts are nothing."""
    read = fetch(b'(BODYSTRUCTURE ("text" "plain" NIL NIL "7bit" -1 {9}\n) UID 2)', Streamed(1, 9))

    assert read.body_structure == (b"text", b"plain", None, None, b"7bit", b"-1", None)
    assert read.uid == 2


def test_courier_row_zero_is_read() -> None:
    """S11: the sequence number is no key, so 0 costs nothing."""
    response = read_response(Frame(b"* 0 FETCH (UID 5)", ()), Limits())

    assert isinstance(response, Fetch)
    assert (response.seq, response.uid) == (0, 5)


@pytest.mark.parametrize("text", [b"* 1 FETCH", b"* 1 FETCH x", b"* 1 FETCH (UID 5"])
def test_fetch_without_items_can_not_be_read(text: bytes) -> None:
    """A response that is no list of items is malformed."""
    with pytest.raises(ParseError):
        read_response(Frame(text, ()), Limits())


def test_split_rows_merge_and_the_later_wins() -> None:
    """S11: a server may tell about one message in several rows."""
    first = fetch(b'(UID 7 FLAGS () RFC822.SIZE 9 BODY[HEADER] "h" BODY[TEXT] "old")')
    later = fetch(b'(UID 7 FLAGS (\\Seen) BODY[TEXT] "new" MODSEQ (-1))')

    merged = first.merged(later)

    assert (merged.uid, merged.flags, merged.size) == (7, frozenset({"\\Seen"}), 9)
    assert [(each.name, each.data) for each in merged.sections] == [
        (b"HEADER", b"h"),
        (b"TEXT", b"new"),
    ]
    assert merged.defects == ("MODSEQ",)


def test_section_does_not_print_its_octets() -> None:
    """Mail does not leak into logs through a repr."""
    assert "secret" not in repr(fetch(b'(BODY[] "secret")'))
