"""Who comes in, and who does not."""

from __future__ import annotations

import base64

import pytest

from tests.sim.imap.chat import PEACE, House, Terminal
from tests.sim.imap.conduct import BARE, USUAL, Conduct, Ending

PLAIN = base64.b64encode(b"\0joe\0pass").decode()


def test_a_greeting_and_an_ok_to_a_login_offer_the_same() -> None:
    """Both carry the capabilities of the conduct, in its order."""
    house = House(Conduct.peaceful(BARE))
    terminal = Terminal(house.server)

    assert terminal.heard() == ["* OK [CAPABILITY IMAP4rev1] Simulated server ready."]
    assert terminal.say("a LOGIN joe pass") == ["a OK [CAPABILITY IMAP4rev1] Logged in"]
    assert terminal.session.user == "joe"


@pytest.mark.parametrize(
    "said",
    [
        "a LOGIN joe pass",
        'a LOGIN "joe" "pass"',
        "a LOGIN {3+}\r\njoe {4+}\r\npass",
        f"a AUTHENTICATE PLAIN {PLAIN}",
    ],
)
def test_a_password_comes_in_any_form(said: str) -> None:
    """Atoms, quoted strings, literals (RFC 7888) and an initial response (RFC 4959)."""
    terminal = House().stranger()

    assert terminal.say(said)[-1].startswith("a OK")


def test_a_synchronizing_literal_waits_for_its_plus() -> None:
    """The client sends the octets only after the continuation (RFC 9051 section 4.3)."""
    terminal = House().stranger()

    assert terminal.say("a LOGIN {3}") == ["+ OK"]
    assert terminal.say("joe {4}") == ["+ OK"]
    assert terminal.say("pass")[-1].startswith("a OK")


def test_authentication_without_an_initial_response_asks_for_it() -> None:
    """An empty challenge, then the credentials, then the tagged answer."""
    terminal = House().stranger()

    assert terminal.say("a AUTHENTICATE PLAIN") == ["+ "]
    assert terminal.say(PLAIN)[-1].startswith("a OK")


def test_a_wrong_password_is_told_by_its_code() -> None:
    """AUTHENTICATIONFAILED is of RFC 5530 section 3."""
    house = House()
    house.server.set_password("joe", "new")

    assert house.stranger().say("a LOGIN joe pass") == [
        "a NO [AUTHENTICATIONFAILED] Authentication failed."
    ]


def test_sessions_are_counted_from_those_that_live() -> None:
    """The bound of a user holds for what is logged in now, not for what ever was (A1)."""
    house = House(Conduct(connections=2))
    first, second = house.joe(), house.joe()

    assert house.stranger().say("a LOGIN joe pass")[-1].startswith("a NO [LIMIT]")
    first.session.lost()
    assert house.stranger().say("a LOGIN joe pass")[-1].startswith("a OK")
    assert second.session.user == "joe"


def test_a_logout_is_answered_and_closes() -> None:
    """BYE, then the tagged OK, then the end (RFC 9051 section 6.1.3)."""
    terminal = House().joe()

    assert terminal.say("z LOGOUT") == ["* BYE Logging out", "z OK Logout completed."]
    assert terminal.is_closed
    assert terminal.session.is_over


def test_what_was_not_offered_is_not_there() -> None:
    """A command of an extension is BAD where its capability is missing."""
    terminal = House(Conduct.peaceful(BARE)).joe()

    for command in ("IDLE", "NOTIFY NONE", "ENABLE QRESYNC", "NAMESPACE", 'ID ("name" "x")'):
        assert terminal.say(f"a {command}")[-1].startswith("a BAD")


def test_a_silent_client_is_logged_out_after_half_an_hour() -> None:
    """The autologout timer of RFC 9051 section 5.4 is at least 30 minutes."""
    house = House()
    terminal = house.joe()

    house.time.passes(1790.0)
    assert not terminal.is_closed
    house.time.passes(1850.0)
    assert terminal.heard() == ["* BYE Autologout; idle for too long"]
    assert terminal.is_closed


def test_all_sessions_of_a_user_can_be_ended() -> None:
    """The server restarts: each session hears BYE and is closed."""
    house = House()
    terminals = [house.joe(), house.joe()]

    assert house.server.end_sessions(Ending.BYE) == 2
    assert all(each.is_closed for each in terminals)
    assert house.server.sessions == ()


def test_a_changed_conduct_does_not_take_back_what_was_offered() -> None:
    """A session keeps the capabilities that it was greeted with; the next has the new ones."""
    house = House(Conduct.peaceful(USUAL))
    old = house.joe()
    house.server.conduct = Conduct.peaceful(BARE)

    assert old.say("a IDLE") == ["+ idling"]
    assert house.joe().say("a IDLE")[-1].startswith("a BAD")


def test_greetings_can_be_bye_or_nothing() -> None:
    """A server that is full says BYE; one that hangs says nothing, until it is itself again."""
    house = House(Conduct(greeting_bye=1.0))
    refused = Terminal(house.server)
    assert refused.heard()[0].startswith("* BYE")
    assert refused.is_closed

    house.server.conduct = Conduct(greeting_silent=1.0)
    ignored = Terminal(house.server)
    ignored.session.receive(b"a NOOP\r\n")
    assert ignored.octets == b""
    house.server.conduct = PEACE
    assert [line[:4] for line in ignored.heard()] == ["* OK", "a OK"]


def test_a_right_password_may_be_denied_for_a_while() -> None:
    """Each login is refused as if the password were wrong, and then it is right again."""
    house = House(Conduct(login_denied=1.0))
    terminal = house.stranger()

    assert "AUTHENTICATIONFAILED" in terminal.say("a LOGIN joe pass")[-1]
    house.server.conduct = PEACE
    assert terminal.say("a LOGIN joe pass")[-1].startswith("a OK")
