"""What a server does against the RFCs, when its conduct says so; and that peace ends it."""

from __future__ import annotations

import random
from dataclasses import fields, replace
from typing import Any

import pytest

from tests.sim.imap.chat import PEACE, House
from tests.sim.imap.conduct import TROUBLES, Conduct, Ending

CHANCES: dict[str, Any] = dict.fromkeys(
    (each.name for each in fields(Conduct) if each.type == "float" and each.name != "autologout"),
    0.03,
)
#: Everything at once, each rarely.
WILD = replace(
    PEACE,
    unrest=5_000.0,
    idle_ends_after=30.0,
    still_here=10.0,
    **CHANCES,
)


def test_peace_has_no_misbehaviour() -> None:
    """Every chance is nothing, but for those that make a server honest or orderly."""
    chances = {
        each.name: getattr(PEACE, each.name)
        for each in fields(Conduct)
        if each.type == "float" and getattr(PEACE, each.name)
    }

    assert chances == {"autologout": 1800.0, "slip_told": 1.0, "upheaval_bye": 1.0}


def test_peace_throws_no_dice() -> None:
    """What never happens is not asked of chance: a peaceful day is the same with any dice."""
    house = House()
    house.server.dice = random.Random(7)
    before = house.server.dice.getstate()
    house.deliver("one", "two")
    terminal = house.joe()
    for command in ("UID FETCH 1:* (UID BODY.PEEK[])", "UID SEARCH ALL", 'LIST "" *', "IDLE"):
        terminal.say(f"a {command}")
    house.server.renumber("joe", "INBOX")

    assert house.server.dice.getstate() == before


@pytest.mark.parametrize("name", ["slow", "silent"])
def test_a_held_session_answers_in_order_afterwards(name: str) -> None:
    """What came meanwhile waits; nothing is lost and nothing overtakes."""
    span = {"slow_by": (5.0, 5.0), "silent_for": (5.0, 5.0)}
    house = House()
    terminal = house.joe()
    changes: dict[str, Any] = {name: 1.0, **span}
    house.server.conduct = replace(PEACE, **changes)
    terminal.session.receive(b"a NOOP\r\nb NO")
    terminal.session.receive(b"OP\r\n")
    house.deliver("one")
    house.time.passes(4.9)
    assert terminal.heard() == []
    house.time.passes(0.1)
    assert terminal.heard() == ["* 1 EXISTS", "a OK NOOP completed."]
    house.time.passes(5.0)

    assert terminal.heard() == ["b OK NOOP completed."]


def test_a_silence_ends_with_its_cause() -> None:
    """A new conduct applies at once: the session answers what it left unanswered."""
    house = House()
    terminal = house.joe()
    house.server.conduct = replace(PEACE, silent=1.0)
    terminal.say("a NOOP")
    house.server.conduct = PEACE

    assert terminal.heard() == ["a OK NOOP completed."]


def test_the_time_of_an_ended_silence_does_not_end_the_next_one() -> None:
    """Each silence has its own time."""
    house = House()
    terminal = house.joe()
    silent = replace(PEACE, silent=1.0, silent_for=(60.0, 60.0))
    house.server.conduct = silent
    terminal.say("a NOOP")
    house.time.passes(30.0)
    house.server.conduct = PEACE
    house.server.conduct = silent
    assert terminal.say("b NOOP") == ["a OK NOOP completed."]
    house.time.passes(59.0)
    assert terminal.heard() == []
    house.time.passes(1.0)

    assert terminal.heard() == ["b OK NOOP completed."]


def test_an_ended_session_hears_nothing_and_says_nothing() -> None:
    """After BYE or a cut link no octet comes, whatever is sent and whatever happens."""
    for conduct, last in (
        (Conduct(bye=1.0), ["* BYE Server shutting down."]),
        (Conduct(cut=1.0), []),
    ):
        house = House()
        terminal = house.joe()
        house.server.conduct = conduct
        assert terminal.say("a NOOP\r\nb NOOP") == last
        assert terminal.is_closed
        house.deliver("one")

        assert terminal.say("c NOOP") == []
        assert house.server.users["joe"].live == 0


def test_a_link_may_stay_open_after_bye() -> None:
    """BYE, and then nothing, not even the end (C8)."""
    house = House(Conduct(bye_lingers=1.0))
    terminal = house.joe()
    house.server.end_sessions(Ending.BYE)

    assert terminal.heard()[0].startswith("* BYE")
    assert not terminal.is_closed
    assert terminal.session.is_over


def test_refusals_name_their_trouble() -> None:
    """Each of the troubles of the conduct comes as a NO; logging out is never refused."""
    house = House(Conduct(refused=1.0))
    terminal = house.joe(opened=None)
    said = {terminal.say("a EXAMINE INBOX")[-1] for _ in range(100)}

    assert said == {f"a NO {trouble}" for trouble in TROUBLES}
    assert terminal.say("z LOGOUT")[-1].startswith("z OK")


def test_an_uneasy_server_ends_sessions_by_chance() -> None:
    """Sooner or later, at no command at all; a later peace keeps what is still there."""
    house = House(Conduct(unrest=600.0))
    terminals = [house.joe() for _ in range(10)]
    house.time.passes(600.0)
    some = sum(each.is_closed for each in terminals)
    assert 0 < some < 10
    house.server.conduct = Conduct(autologout=1e9)
    house.time.passes(100_000.0)

    assert sum(each.is_closed for each in terminals) == some


def test_a_departure_can_be_told_as_a_smaller_number() -> None:
    """EXISTS shrinks, and no EXPUNGE says which (I5)."""
    house = House(Conduct(exists_shrinks=1.0))
    house.deliver("one", "two")
    terminal = house.joe()
    house.server.expunge("joe", "INBOX", 1)

    assert terminal.say("a NOOP")[0] == "* 1 EXISTS"


def test_a_status_can_be_stale() -> None:
    """It repeats what an honest one told before."""
    house = House()
    house.deliver("one")
    terminal = house.joe(opened=None)
    honest = terminal.say("a STATUS INBOX (MESSAGES UIDNEXT)")[0]
    house.deliver("two")
    house.server.conduct = Conduct(status_stale=1.0)

    assert terminal.say("a STATUS INBOX (MESSAGES UIDNEXT)")[0] == honest
    house.server.conduct = PEACE
    assert terminal.say("a STATUS INBOX (MESSAGES)")[0] == '* STATUS "INBOX" (MESSAGES 2)'


@pytest.mark.parametrize(
    ("conduct", "said"),
    [
        (Conduct(status_missing=1.0), []),
        (Conduct(status_empty=1.0), ['* STATUS "INBOX" ()']),
        (Conduct(uid_next_missing=1.0), ['* STATUS "INBOX" (MESSAGES 0 UIDVALIDITY 1700000001)']),
        (Conduct(uid_validity_missing=1.0), ['* STATUS "INBOX" (MESSAGES 0 UIDNEXT 1)']),
    ],
)
def test_a_status_can_lack_its_numbers(conduct: Conduct, said: list[str]) -> None:
    """No answer, an empty one, or one without the number that matters (S4)."""
    terminal = House(conduct).joe(opened=None)

    assert terminal.say("a STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY)")[:-1] == said


def test_opening_can_lack_its_numbers() -> None:
    """Neither UIDNEXT nor UIDVALIDITY is told (S4)."""
    house = House(Conduct(uid_next_missing=1.0, uid_validity_missing=1.0))
    said = " ".join(house.joe(opened=None).say("a EXAMINE INBOX"))

    assert "UIDNEXT" not in said
    assert "UIDVALIDITY" not in said


def test_uid_next_can_run_ahead() -> None:
    """It is told too high; the next UID is the true one (S6)."""
    house = House(Conduct(uid_next_ahead=1.0))
    said = house.joe(opened=None).say("a EXAMINE INBOX")

    assert "* OK [UIDNEXT 1] Predicted next UID" not in said
    assert house.deliver("one") == [1]


def test_uids_can_have_a_hole() -> None:
    """Some are left out, for good (S6)."""
    house = House()
    house.deliver("one")
    house.server.conduct = Conduct(uid_gap=1.0)

    assert house.deliver("two")[0] > 2


def test_a_listing_can_be_empty_or_short() -> None:
    """Nothing at all, or all but some; INBOX is left out only with all others (S17)."""
    house = House(Conduct(list_empty=1.0), "Other")
    terminal = house.joe(opened=None)
    assert terminal.say('a LIST "" *') == ["a OK List completed."]
    house.server.conduct = Conduct(list_omits=1.0)

    assert terminal.say('a LIST "" *')[:-1] == ['* LIST (\\HasNoChildren) "/" "INBOX"']


def test_others_change_flags_all_the_time() -> None:
    """Noise of other clients comes with the answers (I16)."""
    house = House(Conduct(flag_noise=1.0))
    house.deliver("one")

    assert house.joe().say("a NOOP")[0] == "* 1 FETCH (UID 1 FLAGS ())"


def test_a_message_is_expunged_under_a_fetch() -> None:
    """It goes after the set was read, and before its row (S10)."""
    house = House()
    house.deliver("one")
    terminal = house.joe()
    house.server.conduct = Conduct(slip_out=1.0)

    assert terminal.say("a UID FETCH 1 (UID)") == [
        "* 1 EXPUNGE",
        "a OK [EXPUNGEISSUED] Some are gone.",
    ]


def test_what_slips_in_can_be_told_by_nothing() -> None:
    """The arrival is in the history and in the folder, and no EXISTS comes (I4)."""
    house = House()
    terminal = house.joe()
    terminal.say("i IDLE")
    house.server.conduct = Conduct(slip_in=1.0, slip_told=0.0)

    assert terminal.say("DONE") == ["i OK Idle completed."]
    house.server.conduct = PEACE
    assert terminal.say("a NOOP") == ["a OK NOOP completed."]
    assert terminal.say("b UID SEARCH ALL")[0] == "* SEARCH 1 2"


def test_equal_dice_make_equal_days() -> None:
    """The whole output and the history follow from the seed and what was said."""

    def day() -> tuple[bytes, object]:
        house = House(WILD, "Junk", seed=5)
        terminal = house.stranger()
        for turn in range(60):
            terminal.session.receive(b"l LOGIN joe pass\r\no EXAMINE INBOX\r\n")
            house.server.deliver("joe", "INBOX", f"m{turn}")
            terminal.session.receive(b"f UID FETCH 1:* (UID BODY.PEEK[]<0.9>)\r\ni IDLE\r\n")
            house.time.passes(40.0)
            terminal.session.receive(b"DONE\r\n")
            if terminal.session.is_over:
                octets = terminal.octets
                terminal = house.stranger()
                terminal.octets[:0] = octets
        return bytes(terminal.octets), house.server.history

    assert day() == day()
