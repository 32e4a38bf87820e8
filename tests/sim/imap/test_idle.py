"""IDLE, honest and not (RFC 2177)."""

from __future__ import annotations

from tests.sim.imap.chat import PEACE, House
from tests.sim.imap.conduct import Conduct, Ending


def test_idle_tells_at_once() -> None:
    """Arrivals, departures and flags come while they happen."""
    house = House()
    house.deliver("one")
    terminal = house.joe()

    assert terminal.say("i IDLE") == ["+ idling"]
    assert terminal.session.is_idling
    house.deliver("two")
    assert terminal.heard() == ["* 2 EXISTS"]
    house.server.expunge("joe", "INBOX", 1)
    assert terminal.heard() == ["* 1 EXPUNGE"]
    house.server.flag_some("joe", "INBOX")
    assert terminal.heard() == ["* 1 FETCH (UID 2 FLAGS (\\Seen))"]
    assert terminal.say("DONE") == ["i OK Idle completed."]
    assert not terminal.session.is_idling


def test_idle_begins_with_what_came_before_it() -> None:
    """What arrived after the last answer is told behind the plus."""
    house = House()
    terminal = house.joe()
    house.deliver("one")

    assert terminal.say("i IDLE") == ["+ idling", "* 1 EXISTS"]


def test_done_and_a_command_may_come_in_one_segment() -> None:
    """The IDLE is answered first, then the command."""
    house = House()
    terminal = house.joe()
    terminal.say("i IDLE")
    house.deliver("one")
    terminal.heard()

    assert terminal.say("DONE\r\nf UID FETCH 1:* (UID)") == [
        "i OK Idle completed.",
        "* 1 FETCH (UID 1)",
        "f OK Fetch completed.",
    ]


def test_another_line_than_done_ends_an_idle_badly() -> None:
    """The command is lost, and so is the IDLE."""
    terminal = House().joe()
    terminal.say("i IDLE")

    assert terminal.say("a NOOP")[-1].startswith("i BAD")
    assert not terminal.session.is_idling


def test_idle_without_an_open_folder_is_mute() -> None:
    """It is accepted, and there is nothing to tell (I12)."""
    house = House()
    terminal = house.joe(opened=None)
    assert terminal.say("i IDLE") == ["+ idling"]
    house.deliver("one")

    assert terminal.octets == b""


def test_a_lying_idle_says_nothing_until_it_is_honest() -> None:
    """The arrival is told by the answer to DONE, or at once when the conduct changes (I1)."""
    house = House(Conduct(idle_mute=1.0))
    first, second = house.joe(), house.joe()
    first.say("i IDLE")
    second.say("i IDLE")
    house.deliver("one")

    assert first.octets == b""
    assert first.say("DONE") == ["* 1 EXISTS", "i OK Idle completed."]
    house.server.conduct = PEACE
    assert second.heard() == ["* 1 EXISTS"]


def test_a_view_can_be_stale_until_the_folder_is_opened_anew() -> None:
    """Neither IDLE nor NOOP, FETCH or SEARCH show it; EXAMINE does (I1)."""
    house = House(Conduct(stale_view=1.0))
    terminal = house.joe()
    house.deliver("one")

    assert terminal.say("a NOOP") == ["a OK NOOP completed."]
    assert terminal.say("b UID SEARCH ALL")[0] == "* SEARCH"
    assert terminal.say("c UID FETCH 1:* (UID)") == ["c OK Fetch completed."]
    assert "* 1 EXISTS" in terminal.say("d EXAMINE INBOX")


def test_an_announcement_can_be_lost() -> None:
    """Nothing tells of the message, but who asks for it gets it."""
    house = House(Conduct(exists_lost=1.0))
    terminal = house.joe()
    terminal.say("i IDLE")
    house.deliver("one")

    assert terminal.say("DONE") == ["i OK Idle completed."]
    assert terminal.say("a UID FETCH 1:* (UID)")[0] == "* 1 FETCH (UID 1)"


def test_an_announcement_can_be_late() -> None:
    """It comes after its time, in the same IDLE."""
    house = House(Conduct(exists_late=1.0, exists_late_by=(5.0, 5.0)))
    terminal = house.joe()
    terminal.say("i IDLE")
    house.deliver("one")
    house.time.passes(4.9)
    assert terminal.octets == b""
    house.time.passes(0.1)

    assert terminal.heard() == ["* 1 EXISTS"]


def test_only_noop_and_opening_may_tell() -> None:
    """Such a server keeps silent in IDLE and behind every other answer."""
    house = House(Conduct(noop_only=True))
    terminal = house.joe()
    terminal.say("i IDLE")
    house.deliver("one")

    assert terminal.say("DONE") == ["i OK Idle completed."]
    assert terminal.say("a UID SEARCH ALL")[0] == "* SEARCH"
    assert terminal.say("b NOOP")[0] == "* 1 EXISTS"


def test_the_answer_to_done_may_keep_silent() -> None:
    """What came since is told by the next command (I4)."""
    house = House(Conduct(done_tells=False, slip_in=1.0))
    terminal = house.joe()
    house.server.conduct = Conduct(done_tells=False)
    terminal.say("a NOOP")
    terminal.say("i IDLE")
    house.server.conduct = Conduct(done_tells=False, slip_in=1.0)

    assert terminal.say("DONE") == ["i OK Idle completed."]
    house.server.conduct = PEACE
    assert terminal.say("b NOOP")[0].endswith("EXISTS")


def test_mail_slips_in_between_a_fetch_and_an_idle() -> None:
    """It comes after the tagged OK, and the plus of the IDLE is followed by it (I2)."""
    house = House(Conduct(slip_in=1.0))
    terminal = house.joe(opened=None)
    assert terminal.say("o EXAMINE INBOX")[2] == "* 0 EXISTS"
    house.server.conduct = PEACE

    # One came before the OK of EXAMINE, one behind it.
    assert terminal.say("i IDLE") == ["+ idling", "* 2 EXISTS"]
    assert [each.token for each in house.server.history] == ["slip-1", "slip-2"]


def test_mail_waits_for_the_moment_of_a_fetch() -> None:
    """It comes when the FETCH has chosen its messages: with its answer, and not in it (I2)."""
    house = House()
    house.deliver("one")
    terminal = house.joe()
    house.server.ambush(0)

    told = terminal.say("f FETCH 1:* UID")

    assert told == ["* 1 FETCH (UID 1)", "* 2 EXISTS", "f OK Fetch completed."]
    assert terminal.say("n NOOP") == ["n OK NOOP completed."]


def test_a_server_may_end_an_idle() -> None:
    """By a tagged OK, by BYE, or without a word (I8)."""
    for ending, heard in (
        (Ending.OK, ["i OK Idle completed."]),
        (Ending.BYE, ["* BYE IDLE terminated."]),
        (Ending.CLOSE, []),
    ):
        house = House(Conduct(idle_ends_after=600.0, idle_ending=ending))
        terminal = house.joe()
        terminal.say("i IDLE")
        house.time.passes(599.0)
        assert not terminal.octets
        house.time.passes(1.0)

        assert terminal.heard() == heard
        assert not terminal.session.is_idling
        assert terminal.is_closed is (ending is not Ending.OK)


def test_an_idle_that_ended_in_time_is_not_ended_again() -> None:
    """The timer of one IDLE means nothing to the next."""
    house = House(Conduct(idle_ends_after=600.0))
    terminal = house.joe()
    terminal.say("i IDLE")
    house.time.passes(400.0)
    terminal.say("DONE")
    terminal.say("j IDLE")
    house.time.passes(400.0)

    assert terminal.session.is_idling


def test_a_plus_can_be_missing_or_late() -> None:
    """The IDLE is under way all the same."""
    house = House(Conduct(plus_missing=1.0))
    terminal = house.joe()
    terminal.say("i IDLE")
    house.time.passes(60.0)
    assert terminal.octets == b""
    assert terminal.session.is_idling

    house.server.conduct = Conduct(plus_late=1.0, plus_late_by=(3.0, 3.0))
    other = house.joe()
    other.say("i IDLE")
    assert other.octets == b""
    house.time.passes(3.0)
    assert other.heard() == ["+ idling"]


def test_an_idle_can_be_refused() -> None:
    """By NO or by BAD; the session goes on (I8)."""
    answers = {
        House(Conduct(idle_refused=1.0), seed=seed).joe().say("i IDLE")[-1][:5]
        for seed in range(20)
    }

    assert answers == {"i NO ", "i BAD"}


def test_a_done_can_be_left_unanswered() -> None:
    """Nothing is answered any more, until the conduct changes (I9)."""
    house = House(Conduct(done_unanswered=1.0))
    terminal = house.joe()
    terminal.say("i IDLE")

    assert terminal.say("DONE\r\na NOOP") == []
    house.server.conduct = PEACE
    assert terminal.heard() == ["i OK Idle completed.", "a OK NOOP completed."]


def test_a_server_says_that_it_is_still_here() -> None:
    """Every so often, and no longer than the IDLE (I7)."""
    house = House(Conduct(still_here=120.0))
    terminal = house.joe()
    terminal.say("i IDLE")
    house.time.passes(250.0)
    assert terminal.heard() == ["* OK Still here", "* OK Still here"]
    terminal.say("DONE")
    house.time.passes(250.0)

    assert terminal.octets == b""
