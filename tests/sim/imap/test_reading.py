"""FETCH and SEARCH, honest and not (RFC 9051 sections 6.4.4, 6.4.5 and 7.5.2)."""

from __future__ import annotations

import email
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sim.imap.chat import PEACE, START, House
from tests.sim.imap.conduct import Conduct
from tests.sim.imap.letter import Letter


def letter(size: int = 600) -> Letter:
    return Letter(token="one", to="joe", size=size, date=START, serial=1)


@pytest.mark.parametrize("size", [0, 300, 301, 2_048, 65_536, 200_001])
def test_a_letter_is_as_long_as_it_says(size: int) -> None:
    """RFC822.SIZE is the number of its octets; each of its lines ends."""
    octets = letter(size).octets()

    assert len(octets) == letter(size).length
    assert size < 300 or len(octets) == size
    assert octets.endswith(b"\r\n")
    assert octets.count(b"\n") == octets.count(b"\r\n")


@given(size=st.integers(0, 2_000), origin=st.integers(0, 2_100), length=st.integers(1, 2_100))
def test_every_part_of_a_letter_is_cut_from_the_whole(size: int, origin: int, length: int) -> None:
    """Octets from an origin are those of the whole message at that place."""
    whole = letter(size)

    assert whole.part(origin, length) == whole.octets()[origin : origin + length]


def test_a_letter_is_a_message() -> None:
    """A reader of mail finds its fields and its text."""
    message = email.message_from_bytes(letter().octets(), policy=email.policy.SMTP)

    assert message["Subject"] == "one"
    assert message["Message-ID"] == "<one@sim.example.org>"
    assert message["Date"].endswith("22:13:20 -0000")
    assert not message.defects


def test_a_partial_fetch_names_its_origin() -> None:
    """The origin stands behind the section; what lies beyond the end is empty."""
    house = House()
    house.deliver("one", size=600)
    terminal = house.joe()
    house.server.conduct = PEACE
    octets = house.server.users["joe"].folders["INBOX"].mails[1].letter.octets()

    terminal.session.receive(b"a UID FETCH 1 (BODY.PEEK[]<590.100>)\r\n")
    assert bytes(terminal.octets).startswith(
        b"* 1 FETCH (UID 1 BODY[]<590> {10}\r\n" + octets[590:] + b")\r\n"
    )
    terminal.heard()
    assert terminal.say("b UID FETCH 1 (BODY.PEEK[]<600.1>)")[0].endswith("BODY[]<600> {0}")


def test_sections_name_what_was_asked_for() -> None:
    """Header, text, chosen fields and the one part; the fields end with an empty line."""
    house = House()
    house.deliver("one")
    terminal = house.joe()

    said = terminal.say("a UID FETCH 1 (BODY.PEEK[HEADER.FIELDS (Subject)])")
    assert said[:3] == [
        "* 1 FETCH (UID 1 BODY[HEADER.FIELDS (Subject)] {16}",
        "Subject: one",
        "",
    ]
    found = house.server.users["joe"].folders["INBOX"].mails[1].letter
    assert f"BODY[HEADER] {{{len(found.header)}}}" in terminal.say("b FETCH 1 BODY.PEEK[HEADER]")[0]
    assert f"BODY[1] {{{len(found.text())}}}" in terminal.say("c FETCH 1 BODY.PEEK[1]")[0]


def test_reading_with_peek_sets_no_flag() -> None:
    r"""BODY.PEEK leaves \Seen alone; BODY sets it, but never in what EXAMINE opened."""
    house = House()
    house.deliver("one")
    mail = house.server.users["joe"].folders["INBOX"].mails[1]
    examined = house.joe()
    examined.say("a FETCH 1 (BODY[])")
    assert not mail.flags
    examined.say("b SELECT INBOX")
    examined.say("c FETCH 1 (BODY.PEEK[])")
    assert not mail.flags

    assert "* 1 FETCH (UID 1 FLAGS (\\Seen))" in examined.say("d FETCH 1 (BODY[])")
    assert mail.flags == {"\\Seen": None}


def test_a_number_beyond_the_last_is_bad() -> None:
    """Numbers must be there; UIDs need not (RFC 9051 sections 6.4.9 and 9)."""
    house = House()
    house.deliver("one")
    terminal = house.joe()

    assert terminal.say("a FETCH 2 (UID)")[-1].startswith("a BAD")
    assert terminal.say("b UID FETCH 2:9 (UID)") == ["b OK Fetch completed."]


def test_what_is_gone_but_not_told_is_no_row() -> None:
    """EXPUNGEISSUED says so (RFC 5530); the conduct may have NIL in its place (S10)."""
    house = House()
    house.deliver("one", "two")
    terminal = house.joe()
    house.server.expunge("joe", "INBOX", 1)
    assert terminal.say("a FETCH 1:2 (UID BODY.PEEK[])")[0].startswith("* 2 FETCH (UID 2")
    house.server.conduct = Conduct(gone_as_nil=1.0)

    said = terminal.say("b UID FETCH 1 (BODY.PEEK[])")
    assert said == [
        "* 1 FETCH (UID 1 BODY[] NIL)",
        "* 1 EXPUNGE",
        "b OK [EXPUNGEISSUED] Some are gone.",
    ]


def test_criteria_are_asked_of_each_message() -> None:
    """By UID, date, size, flag and field, with NOT and OR."""
    house = House()
    house.deliver("one")
    house.time.passes(3 * 86_400.0)
    house.deliver("two", size=9_000)
    house.server.flag_some("joe", "INBOX", 2)
    house.deliver("three")
    terminal = house.joe()

    for criteria, found in (
        ("ALL", " 1 2 3"),
        ("UID 2:3 SINCE 16-Nov-2023", " 2 3"),
        ("BEFORE 16-Nov-2023", " 1"),
        ("LARGER 5000", " 2"),
        ("UNSEEN", " 3"),
        ("NOT SEEN", " 3"),
        ("OR UID 1 SUBJECT three", " 1 3"),
        ("HEADER Message-ID <two@sim.example.org>", " 2"),
        ("UID 3 UID 1", ""),
        ("(SEEN LARGER 5000)", " 2"),
    ):
        assert terminal.say(f"a UID SEARCH {criteria}")[0] == f"* SEARCH{found}", criteria


def test_an_extended_search_returns_what_was_asked_for() -> None:
    """MIN, MAX, COUNT and ALL, with the tag of the command (RFC 4731)."""
    house = House()
    house.deliver("one", "two", "three", "four")
    house.server.expunge("joe", "INBOX", 3)
    terminal = house.joe()

    assert terminal.say("a UID SEARCH RETURN (MIN MAX COUNT ALL) ALL")[0] == (
        '* ESEARCH (TAG "a") UID MIN 1 MAX 4 COUNT 3 ALL 1:2,4'
    )
    assert terminal.say("b SEARCH RETURN () UID 4")[0] == '* ESEARCH (TAG "b") ALL 3'


@pytest.mark.parametrize(
    ("conduct", "rows"),
    [
        (Conduct(row_omitted=1.0), []),
        (Conduct(fetch_empty=1.0), []),
        (Conduct(row_doubled=1.0), ["* 1 FETCH (UID 1 FLAGS () BODY[]<0> {3}"] * 2),
        (Conduct(row_bodiless=1.0), ["* 1 FETCH (UID 1 FLAGS ())"]),
        (
            Conduct(row_split=1.0),
            ["* 1 FETCH (UID 1 FLAGS ())", "* 1 FETCH (UID 1 BODY[]<0> {3}"],
        ),
        (Conduct(partial_ignored=1.0), ["* 1 FETCH (UID 1 FLAGS () BODY[] {600}"]),
        (
            Conduct(row_nobody=1.0),
            ["* 1 FETCH (UID 1 FLAGS () BODY[]<0> {3}", "* 0 FETCH (FLAGS ())"],
        ),
    ],
)
def test_rows_can_be_spoilt(conduct: Conduct, rows: list[str]) -> None:
    """Left out, doubled, split, without the body, whole, or of nobody; the answer is OK."""
    house = House(conduct)
    house.deliver("one")
    said = house.joe().say("a UID FETCH 1 (FLAGS BODY.PEEK[]<0.3>)")

    assert [line for line in said if line.startswith("* ")] == rows
    assert said[-1] == "a OK Fetch completed."


def test_a_fetch_can_be_refused_after_its_rows() -> None:
    """All rows and a NO, as Microsoft 365 answers when one of them is gone (S8)."""
    house = House(Conduct(fetch_no_at_end=1.0))
    house.deliver("one")

    assert house.joe().say("a UID FETCH 1 (UID)") == [
        "* 1 FETCH (UID 1)",
        "a NO Some of the requested messages no longer exist.",
    ]


def test_a_link_can_end_in_the_middle_of_a_row() -> None:
    """A part of it comes, and the end (S7)."""
    house = House(Conduct(fetch_cut=1.0))
    house.deliver("one")
    terminal = house.joe()
    terminal.session.receive(b"a UID FETCH 1 (BODY.PEEK[])\r\n")

    assert terminal.is_closed
    assert b"a OK" not in terminal.octets


def test_a_search_can_find_nothing_although_there_is_something() -> None:
    """An empty answer and OK, in both forms."""
    house = House(Conduct(search_empty=1.0))
    house.deliver("one")
    terminal = house.joe()

    assert terminal.say("a UID SEARCH UID 1:*") == ["* SEARCH", "a OK Search completed."]
    assert terminal.say("b UID SEARCH RETURN (ALL) UID 1:*")[0] == '* ESEARCH (TAG "b") UID'


def test_an_extended_question_can_get_a_plain_answer() -> None:
    """``* SEARCH`` where ESEARCH was asked for (P9)."""
    house = House(Conduct(esearch_plain=1.0))
    house.deliver("one")

    assert house.joe().say("a UID SEARCH RETURN (ALL) ALL")[0] == "* SEARCH 1"


def test_a_late_uid_is_taken_at_once_and_shown_later() -> None:
    """UIDNEXT counts it, and a higher UID is seen before it (S9)."""
    house = House(Conduct(uid_late=1.0, uid_late_by=(60.0, 60.0)))
    house.deliver("one")
    house.server.conduct = PEACE
    assert house.deliver("two") == [2]
    terminal = house.joe()

    assert terminal.say("a STATUS INBOX (MESSAGES UIDNEXT)")[0] == (
        '* STATUS "INBOX" (MESSAGES 1 UIDNEXT 3)'
    )
    assert terminal.say("b UID SEARCH ALL")[0] == "* SEARCH 2"
    house.time.passes(60.0)
    assert terminal.say("c NOOP")[0] == "* 2 EXISTS"
    assert terminal.say("d UID SEARCH ALL")[0] == "* SEARCH 1 2"
    assert [each.visible_at for each in house.server.history] == [START + 60, START]


def test_a_uid_can_be_taken_and_never_shown() -> None:
    """The history has it, without a time at which it was seen."""
    house = House(Conduct(uid_lost=1.0))
    house.deliver("one")
    house.time.passes(100_000.0)

    assert house.server.history[0].visible_at is None
    assert "* 0 EXISTS" in house.joe(opened=None).say("a EXAMINE INBOX")


def test_size_of_a_folder_is_the_sum_of_its_messages() -> None:
    """STATUS=SIZE is of RFC 8438."""
    house = House()
    house.deliver("one", "two", size=700)

    assert house.joe().say("a STATUS INBOX (SIZE)")[0] == '* STATUS "INBOX" (SIZE 1400)'


def test_server_names_of_messages_go_with_them() -> None:
    """EMAILID and X-GM-MSGID stay through a move (RFC 8474 section 4)."""
    house = House(Conduct(), "Other")
    house.deliver("one")
    here = house.joe().say("a UID FETCH 1 (EMAILID X-GM-MSGID)")[0]
    house.server.move("joe", "INBOX", "Other")

    assert house.joe(opened="Other").say("a UID FETCH 1 (EMAILID X-GM-MSGID)")[0] == here
