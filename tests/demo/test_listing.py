"""LIST, LSUB, STATUS, CREATE and DELETE, as dialogs."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from tests.demo.talk import Talk
from vedette.demo.listing import matches


def test_special_uses_are_always_told() -> None:
    """RFC 6154 section 2: a plain LIST may tell them, and this one does."""
    assert Talk().send('a LIST "" *') == [
        '* LIST (\\HasNoChildren) "/" "INBOX"',
        '* LIST (\\HasNoChildren \\Junk) "/" "Junk"',
        "a OK that is all",
    ]


def test_only_special_uses_when_only_they_are_asked_for() -> None:
    """The selection option of RFC 6154, and the return option of RFC 5258."""
    talk = Talk()
    assert talk.send('a LIST (SPECIAL-USE) "" * RETURN (SUBSCRIBED)') == [
        '* LIST (\\HasNoChildren \\Subscribed \\Junk) "/" "Junk"',
        "a OK that is all",
    ]
    assert talk.send('b LIST (RECURSIVEMATCH) "" *')[-1].startswith("b BAD")
    assert talk.send('c LIST (NONSENSE) "" *')[-1].startswith("c BAD")


def test_parents_of_chosen_mailboxes_are_named_with_their_reason() -> None:
    """CHILDINFO of RFC 5258 section 3.5."""
    talk = Talk()
    talk.drop.create("Old/Spam", use="\\Junk")
    said = talk.send('a LIST (SPECIAL-USE RECURSIVEMATCH) "" %')
    assert '* LIST (\\HasChildren) "/" "Old" ("CHILDINFO" ("SPECIAL-USE"))' in said


def test_an_empty_pattern_asks_for_the_delimiter() -> None:
    """RFC 3501 section 6.3.8."""
    assert Talk().send('a LIST "" ""')[0] == '* LIST (\\Noselect) "/" ""'


def test_several_patterns_name_each_mailbox_once() -> None:
    """RFC 5258 section 3; INBOX in any case."""
    said = Talk().send('a LIST "" (inbox % J*)')
    assert [line.split()[-1] for line in said[:-1]] == ['"INBOX"', '"Junk"']


@given(st.text("ab/*%", max_size=8), st.text("ab/", max_size=8))
def test_patterns_match_as_their_regular_expression_does(pattern: str, name: str) -> None:
    """``*`` is anything, ``%`` is anything but the delimiter."""
    expression = "".join({"*": ".*", "%": "[^/]*"}.get(sign, re.escape(sign)) for sign in pattern)
    assert matches(pattern, name) is (re.fullmatch(expression, name) is not None)


def test_status_tells_the_numbers_that_were_asked_for() -> None:
    """In their order; unknown ones are BAD, unknown mailboxes NO."""
    talk = Talk()
    talk.deliver()
    said = talk.send("a STATUS inbox (UIDNEXT MESSAGES UNSEEN RECENT UIDVALIDITY)")
    assert said[0] == '* STATUS "INBOX" (UIDNEXT 2 MESSAGES 1 UNSEEN 1 RECENT 1 UIDVALIDITY 7)'
    assert talk.send("b STATUS INBOX (MOOD)")[-1].startswith("b BAD")
    assert talk.send("c STATUS Nowhere (MESSAGES)")[-1].startswith("c NO [NONEXISTENT]")


def test_mailboxes_are_made_with_those_above_and_deleted_from_below() -> None:
    """RFC 3501 sections 6.3.3 and 6.3.4, with the codes of RFC 5530."""
    talk = Talk()
    assert talk.send("a CREATE x/y/") == ["a OK created"]
    assert talk.send("b CREATE x")[-1].startswith("b NO [ALREADYEXISTS]")
    assert talk.send("c DELETE x")[-1].startswith("c NO [HASCHILDREN]")
    assert talk.send("d DELETE x/y", "e DELETE x") == ["d OK deleted", "e OK deleted"]
    assert talk.send("f DELETE INBOX")[-1].startswith("f NO [CANNOT]")
    for name in ('""', "a//b", '"a*"', "/"):
        assert talk.send(f"g CREATE {name}")[-1].startswith("g NO [CANNOT]")


def test_a_mailbox_made_again_has_another_uidvalidity() -> None:
    """Or its UIDs would name other messages (RFC 3501 section 2.3.1.1)."""
    talk = Talk()
    first = talk.drop.mailboxes["Junk"].uid_validity
    talk.send("a DELETE Junk", "b CREATE Junk")
    assert talk.drop.mailboxes["Junk"].uid_validity > first


def test_a_mailbox_in_use_is_not_deleted() -> None:
    """RFC 5530, INUSE."""
    talk = Talk()
    other = Talk(talk.drop)
    other.send("a EXAMINE Junk")
    assert talk.send("a DELETE Junk")[-1].startswith("a NO [INUSE]")
    other.send("b UNSELECT")
    assert talk.send("b DELETE Junk") == ["b OK deleted"]


def test_what_is_not_done_here_is_refused_in_words() -> None:
    """RENAME and UNSUBSCRIBE are commands of IMAP4rev1: NO, not BAD."""
    talk = Talk()
    assert talk.send("a RENAME Junk Spam")[-1].startswith("a NO [CANNOT]")
    assert talk.send("b UNSUBSCRIBE Junk")[-1].startswith("b NO [CANNOT]")
    assert talk.send("c SUBSCRIBE Junk")[-1].startswith("c OK")
    assert talk.send('d LSUB "" *')[:2] == ['* LSUB () "/" "INBOX"', '* LSUB () "/" "Junk"']


def test_a_name_with_octets_above_ascii_is_no_name() -> None:
    """Mailbox names are modified UTF-7 (RFC 3501 section 5.1.3)."""
    assert Talk().raw(b"a CREATE {2+}\r\n\xc3\xa4\r\n")[-1].startswith("a BAD")
