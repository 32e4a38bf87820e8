"""The life of a connection: the table is complete, closed and the only one."""

from __future__ import annotations

import pytest

from vedette import imap
from vedette.errors import UsageError
from vedette.imap import Command, Select
from vedette.imap.states import _ALLOWED, Signal, State, check_allowed, fire


def test_every_state_but_the_first_is_reached() -> None:
    """No state is there in vain."""
    reached = {fire(state, signal) for state in State for signal in Signal}

    assert reached - {None} == set(State) - {State.GREETING}


def test_closed_is_the_end() -> None:
    """From CLOSED nothing leads away."""
    assert {fire(State.CLOSED, signal) for signal in Signal} == {None, State.CLOSED}


def test_every_state_can_end() -> None:
    """A stream may be over at any time."""
    assert {fire(state, Signal.END) for state in State} == {State.CLOSED}


def test_login_does_not_follow_a_login() -> None:
    """Credentials are accepted once."""
    assert fire(State.AUTHENTICATED, Signal.LOGIN) is None


def test_every_verb_has_its_states() -> None:
    """A command without a row could not be sent at all."""
    verbs = {
        each.verb
        for name in imap.__all__
        if isinstance(each := getattr(imap, name), type)
        and issubclass(each, Command)
        and each not in {Command, Select}
    }

    assert verbs | {"SELECT", "EXAMINE"} == set(_ALLOWED)


@pytest.mark.parametrize(
    ("verb", "state"),
    [
        ("IDLE", State.AUTHENTICATED),
        ("LOGIN", State.AUTHENTICATED),
        ("STARTTLS", State.AUTHENTICATED),
        ("UID FETCH", State.AUTHENTICATED),
        ("SELECT", State.NOT_AUTHENTICATED),
        ("ENABLE", State.SELECTED),
        ("NOOP", State.GREETING),
        ("NOOP", State.LOGOUT),
        ("NOOP", State.CLOSED),
        ("X-NEW", State.SELECTED),
    ],
)
def test_command_out_of_place_names_its_place(verb: str, state: State) -> None:
    """I12: IDLE without a folder is mute, so it is refused; and so on."""
    with pytest.raises(UsageError, match=verb):
        check_allowed(verb, state)
