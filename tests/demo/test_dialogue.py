"""The demo server's conversation, as dialogs: what is sent, what comes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.demo.talk import HELLO, NOW, Talk, maildrop
from vedette.demo import selected
from vedette.demo.dialogue import MAX_NONSENSE, State

PLAIN = "AGFubmEAcGFzcyB3b3Jk"  # NUL anna NUL pass word


def test_the_greeting_tells_the_capabilities() -> None:
    """A client needs no CAPABILITY command before it logs in."""
    (greeting,) = Talk(logged_in=False).greeting
    assert greeting.startswith("* OK [CAPABILITY IMAP4rev1 LITERAL+ SASL-IR AUTH=PLAIN ")


@pytest.mark.parametrize(
    "lines",
    [
        ('a LOGIN anna "pass word"',),
        ("a LOGIN {4+}", "anna {9+}", "pass word"),
        (f"a AUTHENTICATE PLAIN {PLAIN}",),
        ("a AUTHENTICATE PLAIN", PLAIN),
    ],
)
def test_every_way_in_leads_in(lines: tuple[str, ...]) -> None:
    """Quoted, as literals, with and without an initial response."""
    talk = Talk(logged_in=False)
    assert talk.send(*lines)[-1].startswith("a OK [CAPABILITY ")
    assert talk.dialogue.state is State.AUTHENTICATED


def test_the_third_refused_login_ends_the_conversation() -> None:
    """Guessing passwords costs a connection each time."""
    talk = Talk(logged_in=False)
    for _ in range(2):
        assert talk.send("a LOGIN anna wrong") == [
            "a NO [AUTHENTICATIONFAILED] wrong user or password"
        ]
    said = talk.send("a LOGIN nobody wrong")
    assert said[-1].startswith("* BYE")
    assert talk.dialogue.is_over


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("*", "a BAD"),
        ("!!!", "a BAD"),
        ("YQ==", "a BAD"),
        ("Ym9iAGFubmEAcGFzcyB3b3Jk", "a NO [AUTHORIZATIONFAILED]"),
    ],
)
def test_a_bad_answer_to_the_challenge_is_refused(answer: str, says: str) -> None:
    """Given up, no base64, not three parts, and somebody else's mailbox."""
    talk = Talk(logged_in=False)
    assert talk.send("a AUTHENTICATE PLAIN", answer)[-1].startswith(says)
    assert talk.dialogue.state is State.NOT_AUTHENTICATED


@pytest.mark.parametrize("command", ["SELECT INBOX", "UID FETCH 1 FLAGS", "IDLE", "STARTTLS"])
def test_a_stranger_can_only_log_in(command: str) -> None:
    """Commands of later states are BAD before login."""
    assert Talk(logged_in=False).send(f"a {command}")[-1].startswith("a BAD")


def test_examine_tells_everything_that_select_must() -> None:
    """RFC 3501 section 6.3.1, in the order that every client expects."""
    talk = Talk()
    talk.deliver()
    assert talk.send("a EXAMINE inbox") == [
        "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)",
        "* 1 EXISTS",
        "* 1 RECENT",
        "* OK [UNSEEN 1] the first unseen message",
        "* OK [PERMANENTFLAGS ()] what can be set",
        "* OK [UIDVALIDITY 7] UIDs are valid",
        "* OK [UIDNEXT 2] the next UID",
        "a OK [READ-ONLY] examined",
    ]


def test_a_failed_select_leaves_no_mailbox_open() -> None:
    """RFC 3501 section 6.3.1."""
    talk = Talk()
    talk.send("a SELECT INBOX")
    assert talk.send("b SELECT Nowhere") == ["b NO [NONEXISTENT] there is no such mailbox"]
    assert talk.dialogue.state is State.AUTHENTICATED


def test_a_fetch_of_the_whole_body_marks_it_as_read_and_a_peek_does_not() -> None:
    r"""BODY[] sets \Seen and tells so; BODY.PEEK[] never does."""
    talk = Talk()
    talk.deliver()
    talk.send("a SELECT INBOX")
    assert "FLAGS" not in talk.send("b UID FETCH 1 BODY.PEEK[]")[0]
    assert not talk.inbox.get(1).flags  # type: ignore[union-attr]
    said = talk.send("c UID FETCH 1 BODY[]")
    assert said[0] == f"* 1 FETCH (UID 1 BODY[] {{{len(HELLO)}}}"
    assert said[-2] == " FLAGS (\\Seen \\Recent))"


def test_examine_protects_the_flags() -> None:
    r"""In a mailbox opened by EXAMINE nothing can be changed, not even \Seen by BODY[]."""
    talk = Talk()
    talk.deliver()
    talk.send("a EXAMINE INBOX")
    talk.send("b FETCH 1 BODY[]")
    assert talk.send("c STORE 1 FLAGS (\\Seen)")[-1].startswith("c NO")
    assert talk.send("d UID MOVE 1 Junk")[-1].startswith("d NO")
    assert not talk.inbox.get(1).flags  # type: ignore[union-attr]


def test_items_answer_what_they_name() -> None:
    """Sections, fields, partial octets, size and date, each under its own label."""
    talk = Talk()
    talk.deliver()
    talk.send("a EXAMINE INBOX")
    said = talk.send(
        "b UID FETCH 1 (RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS (subject)]"
        " BODY.PEEK[TEXT]<4.3> BODY.PEEK[HEADER.FIELDS.NOT (Subject)])"
    )
    assert said == [
        (
            f'* 1 FETCH (UID 1 RFC822.SIZE {len(HELLO)} INTERNALDATE "20-Nov-2026 09:12:00 +0000"'
            " BODY[HEADER.FIELDS (subject)] {18}"
        ),
        "Subject: Hello",
        "",
        " BODY[TEXT]<4> {3}",
        "are BODY[HEADER.FIELDS.NOT (Subject)] {21}",
        "From: a@x.example",
        "",
        ")",
        "b OK fetched",
    ]


def test_what_is_not_served_is_refused_and_not_invented() -> None:
    """ENVELOPE, BODYSTRUCTURE and parts by number are NO; nonsense is BAD."""
    talk = Talk()
    talk.deliver()
    talk.send("a EXAMINE INBOX")
    for item in ("ENVELOPE", "(UID BODYSTRUCTURE)", "BODY[1]", "FULL"):
        assert talk.send(f"b FETCH 1 {item}")[-1].startswith("b NO [CANNOT]")
    for item in ("BODY[NONSENSE]", "(ALL)", "FLAGS X", "BODY[]<0.0>", "BODY[", "()"):
        assert talk.send(f"b FETCH 1 {item}")[-1].startswith("b BAD")


def test_a_star_range_always_holds_the_last_message() -> None:
    """``9:*`` is the last message even when it is below 9 (RFC 3501 section 6.4.8)."""
    talk = Talk()
    talk.deliver()
    talk.deliver()
    talk.send("a EXAMINE INBOX")
    assert talk.send("b UID FETCH 9:* (UID)")[0] == "* 2 FETCH (UID 2)"
    assert talk.send("c UID FETCH 9 (UID)") == ["c OK fetched"]
    assert talk.send("d FETCH 9 (UID)")[-1].startswith("d BAD")


def test_an_idling_client_is_told_of_what_comes_and_goes() -> None:
    """EXISTS and EXPUNGE are pushed; DONE ends the IDLE, and the next command may follow it."""
    talk = Talk()
    talk.deliver()
    talk.send("a EXAMINE INBOX")
    assert talk.send("b IDLE") == ["+ idling"]
    talk.deliver()
    talk.inbox.expunge(1)
    assert talk.pushes == 2
    assert talk.push() == ["* 1 EXPUNGE", "* 1 EXISTS", "* 1 RECENT"]
    assert talk.send("DONE", "c UID FETCH 2:* (UID)") == [
        "b OK no longer idling",
        "* 1 FETCH (UID 2)",
        "c OK fetched",
    ]


def test_mail_before_the_idle_is_told_at_its_start() -> None:
    """What arrives between two commands is not forgotten when the second is IDLE."""
    talk = Talk()
    talk.send("a EXAMINE INBOX")
    talk.deliver()
    assert talk.send("b IDLE") == ["+ idling", "* 1 EXISTS", "* 1 RECENT"]


def test_only_done_ends_an_idle() -> None:
    """Anything else is BAD, and the IDLE is over (RFC 2177)."""
    talk = Talk()
    talk.send("a EXAMINE INBOX", "b IDLE")
    assert talk.send("c NOOP") == ["b BAD IDLE: expected DONE"]
    assert talk.send("d NOOP") == ["d OK done"]


def test_sequence_numbers_stay_during_fetch() -> None:
    """An EXPUNGE by somebody else waits for a command that may tell it (section 7.4.1)."""
    talk = Talk()
    for _ in range(3):
        talk.deliver()
    talk.send("a SELECT INBOX")
    talk.inbox.expunge(1)
    said = talk.send("b FETCH 3 (UID)")
    assert said == ["* 3 FETCH (UID 3)", "b OK fetched"]
    assert talk.send("c FETCH 1:3 (UID)")[-1].startswith("c NO [EXPUNGEISSUED]")
    assert talk.send("d NOOP") == ["* 1 EXPUNGE", "d OK done"]


def test_a_move_tells_where_to_before_it_tells_what_is_gone() -> None:
    """COPYUID untagged, then EXPUNGE, then the answer (RFC 6851 section 4.3)."""
    talk = Talk()
    for _ in range(3):
        talk.deliver()
    talk.send("a SELECT INBOX")
    assert talk.send("b UID MOVE 1,3,9 Junk") == [
        "* OK [COPYUID 8 1,3 1:2] moved",
        "* 3 EXPUNGE",
        "* 1 EXPUNGE",
        "b OK moved",
    ]
    assert len(talk.drop.mailboxes["Junk"]) == 2


def test_a_copy_keeps_flags_and_date() -> None:
    """COPYUID comes in the tagged answer (RFC 4315 section 3)."""
    talk = Talk()
    talk.inbox.append(HELLO, date=NOW - 60, flags=["\\Flagged"])
    talk.send("a EXAMINE INBOX")
    assert talk.send("b COPY 1 Junk") == ["b OK [COPYUID 8 1 1] copied"]
    copy = talk.drop.mailboxes["Junk"].get(1)
    assert copy is not None
    assert (copy.flags, copy.date) == ({"\\Flagged"}, NOW - 60)
    assert talk.send("c COPY 1 Nowhere")[-1].startswith("c NO [TRYCREATE]")


def test_uid_expunge_takes_only_what_is_marked_and_named() -> None:
    """RFC 4315 section 2.1."""
    talk = Talk()
    for _ in range(3):
        talk.deliver()
    talk.send("a SELECT INBOX", "b UID STORE 1:2 +FLAGS.SILENT (\\Deleted)")
    assert talk.send("c UID EXPUNGE 2:3") == ["* 2 EXPUNGE", "c OK expunged"]
    assert talk.inbox.uids() == [1, 3]
    assert talk.send("d CLOSE") == ["d OK closed"]
    assert talk.inbox.uids() == [3]


def test_flags_are_added_taken_away_and_replaced() -> None:
    """Names ignore case and keep one spelling; others who look are told."""
    talk = Talk()
    talk.deliver()
    other = Talk(talk.drop)
    talk.send("a SELECT INBOX")
    other.send("a SELECT INBOX")
    assert talk.send("b STORE 1 +FLAGS (\\seen work)")[0] == (
        "* 1 FETCH (FLAGS (\\Seen work \\Recent))"
    )
    assert other.send("b NOOP")[0] == "* 1 FETCH (UID 1 FLAGS (\\Seen work))"
    talk.send("c STORE 1 -FLAGS (WORK)", "d STORE 1 FLAGS.SILENT (\\Answered)")
    assert talk.inbox.get(1).flags == {"\\Answered"}  # type: ignore[union-attr]
    assert talk.send("e STORE 1 FLAGS (\\Recent)")[-1].startswith("e BAD")


def test_an_append_says_where_the_message_is() -> None:
    """APPENDUID, and EXISTS first where the mailbox is open."""
    talk = Talk()
    talk.send("a SELECT INBOX")
    assert talk.send('b APPEND INBOX (\\Seen) "01-Feb-2026 10:00:00 +0100" {5}') == [
        "+ send the literal"
    ]
    assert talk.send("hello") == ["* 1 EXISTS", "* 1 RECENT", "b OK [APPENDUID 7 1] appended"]
    assert talk.send("c UID FETCH 1 (INTERNALDATE)")[0] == (
        '* 1 FETCH (UID 1 INTERNALDATE " 1-Feb-2026 09:00:00 +0000")'
    )
    assert talk.send("d APPEND Nowhere {1+}", "x")[-1].startswith("d NO [TRYCREATE]")


def test_too_much_nonsense_ends_the_conversation() -> None:
    """Who speaks another protocol is not listened to for ever."""
    talk = Talk(logged_in=False)
    said = talk.send(*["GET / HTTP/1.1"] * MAX_NONSENSE)
    assert said[-1].startswith("* BYE")
    assert talk.dialogue.is_over
    assert talk.send("a NOOP") == []


def test_logout_says_bye_first() -> None:
    """RFC 3501 section 6.1.3."""
    assert Talk().send("a LOGOUT") == ["* BYE until next time", "a OK done"]


def test_id_is_answered_and_must_come_in_pairs() -> None:
    """RFC 2971; the value may be NIL, the name may not."""
    talk = Talk()
    said = talk.send('a ID ("name" "test" "os" NIL)')
    assert said[0].startswith('* ID ("name" "vedette-demo" "version" ')
    assert talk.send("b ID NIL")[-1].startswith("b OK")
    assert talk.send('c ID ("name")')[-1].startswith("c BAD")
    assert talk.send('d ID (NIL "x")')[-1].startswith("d BAD")


@given(st.data())
def test_any_split_of_a_conversation_gives_the_same_answers(data: st.DataObject) -> None:
    """The network may cut where it likes, within words, line ends and literals."""
    octets = (
        b'a LOGIN {4+}\r\nanna "pass word"\r\nb APPEND INBOX {5+}\r\nhe\r\no\r\n'
        b"c SELECT INBOX\r\nd UID FETCH 1:* (FLAGS BODY.PEEK[])\r\ne IDLE\r\nDONE\r\nf LOGOUT\r\n"
    )
    whole = Talk(logged_in=False).raw(octets)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(octets)), max_size=12)))
    talk = Talk(logged_in=False)
    said = [
        line
        for first, last in zip([0, *cuts], [*cuts, len(octets)], strict=True)
        for line in talk.raw(octets[first:last])
    ]
    assert said == whole
    assert said[-1] == "f OK done"


@given(st.binary(max_size=200))
def test_no_octets_make_the_conversation_fail(octets: bytes) -> None:
    """Whatever comes, logged in or not, is answered or waited for; nothing is raised."""
    for logged_in in (False, True):
        talk = Talk(maildrop(), logged_in=logged_in)
        talk.raw(octets + b"\r\n")
        for line in talk.raw(b"z NOOP\r\n"):
            assert "\n" not in line


def test_an_answer_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """One FETCH can not make the server hold a whole maildrop twice."""
    monkeypatch.setattr(selected, "MAX_ANSWER", 2 * len(HELLO))
    talk = Talk()
    for _ in range(5):
        talk.deliver()
    talk.send("a EXAMINE INBOX")
    assert talk.send("b FETCH 1 BODY.PEEK[]")[-1] == "b OK fetched"
    assert talk.send("c FETCH 1:* BODY.PEEK[]")[-1].startswith("c NO [LIMIT]")
