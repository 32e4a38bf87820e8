"""What single providers were seen to do, each as the catalogue has it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.sim.imap.chat import PEACE, START, House
from tests.sim.imap.conduct import Conduct


def test_folders_stay_shut_until_the_client_said_its_name() -> None:
    """163.com refuses every SELECT before ID (A16)."""
    terminal = House(Conduct(id_required=True)).joe(opened=None)

    assert "Unsafe Login" in terminal.say("a EXAMINE INBOX")[-1]
    terminal.say('b ID ("name" "x")')
    assert terminal.say("c EXAMINE INBOX")[-1].startswith("c OK")


def test_a_login_can_lead_nowhere() -> None:
    """Microsoft 365 says OK, and BAD to everything behind it (A4)."""
    terminal = House(Conduct(not_connected=1.0)).joe(opened=None)

    assert terminal.say("a EXAMINE INBOX") == [
        "a BAD EXAMINE: User is authenticated but not connected."
    ]
    assert terminal.say("z LOGOUT")[-1].startswith("z OK")


def test_capabilities_can_be_told_only_to_who_asks() -> None:
    """Neither the greeting nor the OK to a login has the code (A15)."""
    terminal = House(Conduct(capability_untold=1.0)).stranger()

    assert terminal.say("a LOGIN joe pass") == ["a OK Logged in"]
    assert terminal.say("b CAPABILITY")[0].startswith("* CAPABILITY IMAP4rev1")


@pytest.mark.parametrize(
    ("conduct", "said"),
    [
        (Conduct(bare_line=1.0), "Server Unavailable. 15"),
        (Conduct(stale_tag=1.0), "OLD NO [UNAVAILABLE] This answers nothing."),
        (Conduct(alert=1.0), "* OK [ALERT] The system goes down for maintenance soon."),
    ],
)
def test_lines_that_answer_nothing_come_before_the_answer(conduct: Conduct, said: str) -> None:
    """The command is carried out all the same (A5, A18)."""
    house = House()
    terminal = house.joe()
    house.server.conduct = conduct

    assert terminal.say("a NOOP") == [said, "a OK NOOP completed."]


def test_a_tagged_answer_can_lack_its_text() -> None:
    """The tag and the condition are left, and the code where there is one (P4)."""
    house = House()
    terminal = house.joe()
    house.server.conduct = Conduct(text_missing=1.0)

    assert terminal.say("a NOOP") == ["a OK"]
    assert terminal.say("b EXAMINE INBOX")[-1] == "b OK [READ-ONLY]"


def test_news_can_come_before_the_plus() -> None:
    """The client that waits for the plus must not miss it (I3)."""
    house = House(Conduct(plus_last=1.0))
    terminal = house.joe()
    house.deliver("one")

    assert terminal.say("i IDLE") == ["* 1 EXISTS", "+ idling"]


def test_uid_next_can_go_back() -> None:
    """GMX tells a lower one than before; the next UID is the true one (S5)."""
    house = House()
    house.deliver(*"abcdefgh")
    house.server.conduct = Conduct(uid_next_back=1.0)
    terminal = house.joe(opened=None)
    opened = [line for _ in range(50) for line in terminal.say("a EXAMINE INBOX")]
    told = {line for line in opened if "UIDNEXT" in line}

    assert len(told) > 3
    assert house.deliver("i") == [9]


def test_an_index_that_is_lost_brings_a_new_validity_and_the_same_uids() -> None:
    """As when Dovecot's uidlist is deleted (S2); UIDNEXT stays too."""
    house = House(Conduct(validity_jumps=1.0))
    house.deliver("one", "two", "three")
    house.server.expunge("joe", "INBOX", 2)
    before = house.server.users["joe"].folders["INBOX"].uid_validity
    terminal = house.joe()

    assert house.server.users["joe"].folders["INBOX"].uid_validity > before
    assert terminal.say("a UID SEARCH ALL")[0] == "* SEARCH 1 3"
    assert house.deliver("four") == [4]


def test_an_announced_message_can_be_out_of_reach_for_a_while() -> None:
    """EXISTS counts it; FETCH and SEARCH leave it out, until they do not (S8)."""
    house = House(Conduct(row_veiled=1.0, row_veiled_for=(5.0, 5.0)))
    terminal = house.joe()
    terminal.say("i IDLE")
    house.deliver("one")
    assert terminal.say("DONE")[0] == "* 1 EXISTS"
    assert terminal.say("a UID FETCH 1:* (UID)") == ["a OK Fetch completed."]
    assert terminal.say("b UID SEARCH ALL")[0] == "* SEARCH"
    house.time.passes(5.0)

    assert terminal.say("c UID FETCH 1:* (UID)")[0] == "* 1 FETCH (UID 1)"
    assert house.server.history[0].visible_at == START


def test_a_message_can_have_nonsense_for_facts() -> None:
    """NIL and -1 where they must not be, at every look; UID and body are right (P3, P5)."""
    house = House(replace(PEACE, mail_spoilt=1.0), "Other")
    house.deliver("one")
    house.server.conduct = PEACE
    house.server.move("joe", "INBOX", "Other")
    terminal = house.joe(opened="Other")

    said = terminal.say("a UID FETCH 1 (UID INTERNALDATE RFC822.SIZE BODY.PEEK[]<0.4>)")
    assert said[0] == "* 1 FETCH (UID 1 INTERNALDATE NIL RFC822.SIZE -1 BODY[]<0> {4}"


def test_rows_can_come_in_any_order() -> None:
    """All of them come, and each once."""
    house = House(Conduct(rows_shuffled=1.0))
    house.deliver(*"abcdefgh")
    rows = house.joe().say("a UID FETCH 1:* (UID)")[:-1]

    assert rows != sorted(rows)
    assert sorted(rows) == [f"* {n} FETCH (UID {n})" for n in range(1, 9)]


def test_one_question_can_get_two_answers() -> None:
    """The numbers are spread over two SEARCH responses."""
    house = House(Conduct(search_split=1.0))
    house.deliver(*"abcdefgh")
    answers = house.joe().say("a UID SEARCH ALL")[:-1]

    assert len(answers) == 2
    assert " ".join(answers).replace("* SEARCH", "").split() == [str(n) for n in range(1, 9)]


def test_a_listed_folder_can_be_a_phantom() -> None:
    """It stands in the list, and can not be opened (S17)."""
    terminal = House(Conduct(list_phantom=1.0)).joe(opened=None)

    assert '* LIST (\\HasNoChildren) "/" "Phantom"' in terminal.say('a LIST "" *')
    assert terminal.say("b EXAMINE Phantom")[-1].startswith("b NO")
