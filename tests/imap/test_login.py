"""Logging in over a connection: whose answer counts, and what is known after it."""

from __future__ import annotations

import pytest

from tests.imap.talk import Talk, greeted, logged_in
from vedette.errors import (
    ProtocolError,
    UsageError,
)
from vedette.imap import (
    AskCapability,
    Authenticate,
    Challenge,
    Kind,
    Login,
    LoginMechanism,
    Noop,
    Plain,
    State,
    Tag,
    XOAuth2,
)
from vedette.secret import Secret

LOGIN = Login(user="user", password=Secret("pass"))


def test_login_forgets_capabilities_unless_told_again() -> None:
    """A15: what was offered before login does not count after it."""
    talk = greeted("IMAP4rev1 IDLE")
    talk.connection.send(LOGIN)
    talk.server("V1 OK in")

    assert talk.connection.state is State.AUTHENTICATED
    assert not talk.connection.capabilities_known


def test_capabilities_told_during_login_count_after_it() -> None:
    """A15: as an untagged line before the OK, or in its code."""
    talk = greeted("IMAP4rev1")
    talk.connection.send(LOGIN)
    talk.server("* CAPABILITY IMAP4rev1 MOVE", "V1 OK in")
    assert talk.connection.has("MOVE")

    assert logged_in("IMAP4rev1 IDLE").connection.has("IDLE")


def test_late_answer_to_capability_does_not_count_as_told_by_login() -> None:
    """A15: an answer that was asked for before the login is of before the login."""
    talk = greeted("IMAP4rev1")
    talk.connection.send(AskCapability())
    talk.connection.send(LOGIN)
    talk.server("* CAPABILITY IMAP4rev1 MOVE", "V1 OK", "V2 OK in")

    assert not talk.connection.has("MOVE")


def test_stale_tagged_answer_is_not_ours() -> None:
    """A5: a NO with another tag does not fail the login, and is counted."""
    talk = greeted()
    tag = talk.connection.send(LOGIN)

    assert talk.server("OLD NO [AUTHENTICATIONFAILED] go away", "v1 NO case counts") == []
    assert talk.answer(f"{tag} OK in").kind is Kind.OK
    assert talk.connection.ignored == 2


def test_failed_login_leaves_the_state() -> None:
    """A refused login is an answer with its code."""
    talk = greeted()
    talk.connection.send(LOGIN)

    answer = talk.answer("V1 NO [AUTHENTICATIONFAILED] wrong")

    assert answer.code is not None
    assert (answer.kind, answer.code.name) == (Kind.NO, "AUTHENTICATIONFAILED")
    assert talk.connection.state is State.NOT_AUTHENTICATED


def test_initial_response_waits_without_sasl_ir() -> None:
    """A7: nothing but the mechanism's name goes before the server's plus."""
    talk = greeted("IMAP4rev1 AUTH=PLAIN")
    talk.connection.send(Authenticate(mechanism=Plain(user="u", password=Secret("p"))))
    assert talk.client() == "V1 AUTHENTICATE PLAIN\r\n"

    talk.server("+")
    assert talk.client() == "AHUAcA==\r\n"


def test_initial_response_goes_with_sasl_ir() -> None:
    """A7: one round trip less where the server takes it."""
    talk = greeted("IMAP4rev1 AUTH=PLAIN SASL-IR")
    talk.connection.send(Authenticate(mechanism=Plain(user="u", password=Secret("p"))))

    assert talk.client() == "V1 AUTHENTICATE PLAIN AHUAcA==\r\n"


def test_refused_token_is_acknowledged_then_fails() -> None:
    """A6: the challenge holds the reason, an empty line brings the tagged NO."""
    talk = greeted("IMAP4rev1 SASL-IR")
    talk.connection.send(Authenticate(mechanism=XOAuth2(user="u", token=Secret("t"))))
    talk.client()

    (challenge,) = talk.server("+ eyJzdGF0dXMiOiI0MDEifQ==")
    assert challenge == Challenge(tag=challenge_tag(talk), data=b'{"status":"401"}')
    assert talk.client() == "\r\n"
    assert talk.answer("V1 NO failed").kind is Kind.NO


def challenge_tag(talk: Talk) -> Tag:
    return talk.connection.in_flight[0]


def test_auth_login_asks_for_name_and_password() -> None:
    """A14: two prompts, two answers."""
    talk = greeted("IMAP4rev1 AUTH=LOGIN SASL-IR")
    talk.connection.send(Authenticate(mechanism=LoginMechanism(user="u", password=Secret("p"))))
    assert talk.client() == "V1 AUTHENTICATE LOGIN\r\n"
    talk.server("+ VXNlciBOYW1lAA==")
    assert talk.client() == "dQ==\r\n"
    talk.server("+ UGFzc3dvcmQ6")
    assert talk.client() == "cA==\r\n"


def test_login_that_never_got_credentials_can_not_succeed() -> None:
    """P9: an OK before the credentials were sent is a server to leave."""
    talk = greeted("IMAP4rev1 AUTH=PLAIN")
    talk.connection.send(Authenticate(mechanism=Plain(user="u", password=Secret("p"))))
    talk.client()

    assert isinstance(talk.fatal("V1 OK come in"), ProtocolError)


def test_endless_challenges_end_the_connection() -> None:
    """A server that keeps asking is told to stop, then left."""
    talk = greeted("IMAP4rev1 SASL-IR")
    talk.connection.send(Authenticate(mechanism=Plain(user="u", password=Secret("p"))))
    talk.client()
    talk.server("+ AA==")
    assert talk.client() == "*\r\n"

    assert isinstance(talk.fatal("+ AA=="), ProtocolError)


def test_login_is_not_sent_where_it_is_disabled() -> None:
    """A14: LOGINDISABLED is honoured by the core itself."""
    with pytest.raises(UsageError, match="disabled"):
        greeted("IMAP4rev1 LOGINDISABLED").connection.send(LOGIN)


def test_nothing_overtakes_a_login() -> None:
    """What a command may be is not known before the login is answered."""
    talk = greeted()
    talk.connection.send(LOGIN)

    with pytest.raises(UsageError, match="login"):
        talk.connection.send(Noop())
