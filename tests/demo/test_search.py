"""SEARCH at the demo server: what the criteria choose, and in which form it is told."""

from __future__ import annotations

import pytest

from tests.demo.talk import NOW, Talk


def test_searches_answer_in_the_form_that_was_asked_for() -> None:
    """SEARCH lists numbers or UIDs; RETURN gives ESEARCH with the command's tag."""
    talk = Talk()
    for _ in range(4):
        talk.deliver()
    talk.inbox.expunge(2)
    talk.send("a EXAMINE INBOX")
    assert talk.send("b SEARCH ALL")[0] == "* SEARCH 1 2 3"
    assert talk.send("c UID SEARCH ALL")[0] == "* SEARCH 1 3 4"
    assert talk.send("d UID SEARCH RETURN (ALL) UID 2:*")[0] == '* ESEARCH (TAG "d") UID ALL 3:4'
    assert talk.send("e UID SEARCH RETURN (MIN MAX COUNT) ALL")[0] == (
        '* ESEARCH (TAG "e") UID MIN 1 MAX 4 COUNT 3'
    )
    assert talk.send("f UID SEARCH RETURN () UID 2")[0] == '* ESEARCH (TAG "f") UID'


@pytest.mark.parametrize(
    ("criteria", "found"),
    [
        ("SINCE 20-Nov-2026", "1 2"),
        ("SINCE 21-Nov-2026", ""),
        ("BEFORE 21-Nov-2026 SEEN", "2"),
        ("ON 20-Nov-2026 UNSEEN", "1"),
        ("SUBJECT hELLO", "1"),
        ("OR FROM b@x NOT SEEN", "1 2"),
        ("(SEEN KEYWORD Work)", "2"),
        ("UNKEYWORD work", "1"),
        ('HEADER Message-ID "<2@x>"', "2"),
        ('HEADER message-id ""', "2"),
        ("BODY nothing", "2"),
        ("TEXT you?", "1"),
        ("LARGER 60", "2"),
        ("SMALLER 60", "1"),
        ("SENTON 1-Feb-2026", "2"),
        ("RECENT", "1 2"),
        ("NEW", "1"),
        ("OLD", ""),
        ("2:* UID 1:2", "2"),
        ("CHARSET UTF-8 SUBJECT {5+}\r\nHello", "1"),
    ],
)
def test_criteria_choose_what_they_say(criteria: str, found: str) -> None:
    """Each criterion of RFC 3501 section 6.4.4, against two messages."""
    talk = Talk()
    talk.deliver()
    other = (
        b"From: b@x.example\r\nMessage-ID: <2@x>\r\nDate: Sun, 1 Feb 2026 10:00:00 +0000\r\n"
        b"\r\nnothing much\r\n"
    )
    talk.inbox.append(other, date=NOW, flags=["\\Seen", "work"])
    talk.send("a EXAMINE INBOX")
    assert talk.send(f"b SEARCH {criteria}")[0] == f"* SEARCH {found}".rstrip()


def test_an_unknown_charset_is_told_which_are_known() -> None:
    """RFC 3501 section 7.1, BADCHARSET."""
    talk = Talk()
    talk.send("a EXAMINE INBOX")
    said = talk.send("b SEARCH CHARSET KOI8-R ALL")
    assert said == ["b NO [BADCHARSET (US-ASCII UTF-8)] unknown charset"]


def test_criteria_nest_no_deeper_than_a_person_writes() -> None:
    """A long row of NOT is refused, in whatever form, and costs nothing."""
    talk = Talk()
    talk.send("a EXAMINE INBOX")
    for criteria in ("NOT " * 5000 + "ALL", "(" * 5000 + "ALL" + ")" * 5000):
        assert talk.send(f"b SEARCH {criteria}")[-1].startswith("b BAD")
