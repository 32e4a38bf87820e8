"""What is known about a session: learnt, forgotten, and used to hold back."""

from __future__ import annotations

from vedette.imap.codes import Code
from vedette.imap.commands import Noop, Select
from vedette.imap.encoder import LITERAL_MINUS
from vedette.imap.responses import Capability, Enabled, Exists, Kind, Status
from vedette.imap.session import Session
from vedette.imap.states import Signal, State


def opened() -> Session:
    session = Session(encrypted=True)
    session.fire(Signal.WELCOME)
    session.fire(Signal.LOGIN)
    return session


def test_session_tells_when_capabilities_were_told() -> None:
    """By a response or a code; anything else tells none."""
    session = opened()

    assert session.hear(Capability(names=frozenset({"IDLE"})))
    assert session.hear(
        Status(kind=Kind.OK, code=Code(name="CAPABILITY", argument=frozenset({"MOVE"})))
    )
    assert not session.hear(Status(kind=Kind.OK, code=Code(name="ALERT")))
    assert not session.hear(Exists(count=1))
    assert session.capabilities == {"MOVE"}


def test_enabled_extensions_add_up() -> None:
    """Several ENABLE commands may follow each other."""
    session = opened()
    session.hear(Enabled(names=frozenset({"CONDSTORE"})))
    session.hear(Enabled(names=frozenset({"UTF8=ACCEPT"})))

    assert session.enabled == {"CONDSTORE", "UTF8=ACCEPT"}
    assert session.utf8


def test_free_literals_depend_on_what_is_offered() -> None:
    """LITERAL+ is unbounded, LITERAL- is 4,096 octets, rev2 includes the latter."""
    session = opened()
    sizes = []
    for names in ({"X"}, {"LITERAL-"}, {"IMAP4REV2"}, {"LITERAL+", "LITERAL-"}):
        session.learn(frozenset(names))
        sizes.append(session.free_literal)

    assert sizes == [0, LITERAL_MINUS, LITERAL_MINUS, 2**63]


def test_answer_after_the_logout_moves_nothing() -> None:
    """A SELECT that is answered after LOGOUT does not come back to life."""
    session = opened()
    session.fire(Signal.GOODBYE)
    session.completed(Select(mailbox=b"a"), Kind.OK, None, told=False)
    session.completed(Noop(), Kind.OK, None, told=False)

    assert (session.state, session.selected, session.read_only) == (State.LOGOUT, None, True)
