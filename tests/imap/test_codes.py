"""Response codes: typed where they are known, raw where they are not, text where they are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.imap.codes import AppendUid, Code, CodeName, read_capabilities, split_code
from vedette.imap.sets import UidSet


def code(text: bytes) -> Code:
    found, _ = split_code(text)
    assert found is not None
    return found


def test_code_is_split_from_the_text_for_people() -> None:
    """The bracket is the code, the rest is the server's words."""
    assert split_code(b"[ALERT] Disk almost full ") == (
        Code(name="ALERT"),
        "Disk almost full",
    )


def test_code_may_stand_without_text() -> None:
    """P4: Gmail sends no text after [HIGHESTMODSEQ n]."""
    assert split_code(b"[HIGHESTMODSEQ 9223372036854775807]") == (
        Code(name="HIGHESTMODSEQ", argument=2**63 - 1),
        "",
    )


@pytest.mark.parametrize("text", [b"[oops no end", b"[] empty", b"plain", b"[[x] y", b""])
def test_bracket_that_is_no_code_is_text(text: bytes) -> None:
    """P4: an unbalanced bracket costs nothing."""
    assert split_code(text) == (None, text.decode())


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (b"[UIDNEXT 4392] x", 4392),
        (b"[uidvalidity 3857529045] x", 3857529045),
        (b"[UIDVALIDITY 0] x", None),
        (b"[UIDNEXT] x", None),
        (b"[HIGHESTMODSEQ -1] x", None),
        (b"[HIGHESTMODSEQ 9.3e+06] x", None),
        (b"[UNSEEN 12] x", 12),
    ],
)
def test_code_number_is_read_strictly(text: bytes, number: int | None) -> None:
    """S4, S13: 0, -1 and nonsense read as nothing."""
    assert code(text).number == number


def test_code_flags_may_hold_a_bracket_and_nil_is_not_none() -> None:
    r"""P5, G9: PERMANENTFLAGS NIL means unknown; a keyword may hold ``]``; \* is kept."""
    assert code(rb"[PERMANENTFLAGS (\seen a]b \*)] Limited").words == frozenset(
        {"\\Seen", "a]b", "\\*"}
    )
    assert code(b"[PERMANENTFLAGS ()] none").words == frozenset()
    assert code(b"[PERMANENTFLAGS NIL] ?").words is None


def test_copyuid_tells_where_each_message_went() -> None:
    """RFC 4315: the two sets are paired in order, through ranges of different cut."""
    copied = code(b"[COPYUID 38505 304,319:320 3956:3958] Done").copy_uid

    assert copied is not None
    assert (copied.uid_validity, copied.source) == (38505, UidSet([304, 319, 320]))
    assert copied.destination == UidSet([3956, 3957, 3958])
    assert [copied.destination_of(uid) for uid in (304, 319, 320, 321)] == [3956, 3957, 3958, None]


def test_copyuid_of_unequal_sets_pairs_nothing() -> None:
    """A mapping that can not be right is not made up."""
    copied = code(b"[COPYUID 1 2:4 9]").copy_uid

    assert copied is not None
    assert copied.runs == ()


@pytest.mark.parametrize("text", [b"[COPYUID]", b"[COPYUID 1 2]", b"[COPYUID 0 1 2]"])
def test_broken_copyuid_proves_nothing(text: bytes) -> None:
    """G2: what can not be read is no proof of a move."""
    assert code(text).copy_uid is None


def test_appenduid_tells_the_new_uid() -> None:
    """RFC 4315 section 3."""
    assert code(b"[APPENDUID 38505 3955] ok").append_uid == AppendUid(
        uid_validity=38505, uids=UidSet([3955])
    )
    assert code(b"[APPENDUID 38505 x] ok").append_uid is None


def test_mailboxid_and_modified_are_typed() -> None:
    """RFC 8474 section 4.1, RFC 7162 section 3.1.3."""
    assert code(b"[MAILBOXID (F2212ea87)] Ok").text == "F2212ea87"
    assert code(b"[MAILBOXID NIL!] Ok").text is None
    assert code(b"[MODIFIED 7,9] failed").uids == UidSet([7, 9])


def test_unknown_code_keeps_its_raw_argument() -> None:
    """P14: a vendor's code is a code."""
    assert code(b'[X-REFERRAL "a ] b" (c d)] moved') == Code(
        name="X-REFERRAL", argument=b'"a ] b" (c d)'
    )


def test_code_names_compare_with_the_names_of_codes() -> None:
    """A name is upper case and equals its constant."""
    assert code(b"[throttled] slow").name == CodeName.THROTTLED


def test_capabilities_are_upper_case_and_mend_a_split_literal_plus() -> None:
    """A15: case does not count, and "LITERAL +" was seen."""
    assert read_capabilities(b"IMAP4rev1 Literal + idle") == {"IMAP4REV1", "LITERAL+", "IDLE"}


def test_equal_capability_lists_are_one_object() -> None:
    """Fifty thousand connections to one host share their list."""
    assert read_capabilities(b"IMAP4rev1 IDLE") is read_capabilities(b"IMAP4rev1 IDLE")


def test_huge_capability_list_is_read_but_not_remembered() -> None:
    """The memo can not be filled with a server's rubbish."""
    words = b"X" * 5_000

    assert read_capabilities(words) == {"X" * 5_000}
    assert read_capabilities(words) is not read_capabilities(words)


@given(st.binary(max_size=200))
def test_any_text_splits_into_a_code_or_none(text: bytes) -> None:
    """Splitting never fails."""
    found, words = split_code(text)
    assert found is None or found.name == found.name.upper()
    assert isinstance(words, str)
    split_code(b"[COPYUID " + text + b"]")
    split_code(b"[PERMANENTFLAGS " + text + b"]")
