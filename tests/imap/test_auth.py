"""Logging in: what each mechanism says, and which one is chosen."""

from __future__ import annotations

import pytest

from vedette.errors import AuthError, UsageError
from vedette.imap.auth import (
    Authenticate,
    Login,
    LoginMechanism,
    Mechanism,
    OAuthBearer,
    Password,
    Plain,
    Prompt,
    Token,
    XOAuth2,
    choose,
)
from vedette.secret import Secret


def chosen(capabilities: str, user: str = "user", password: str = "pass") -> str:
    command = choose(
        Password(user=user, password=Secret(password)),
        frozenset(capabilities.split()),
        host="mail.example",
        port=993,
    )
    return (
        command.mechanism.name if isinstance(command, Authenticate) else command.verb + " command"
    )


def token(capabilities: str) -> Mechanism:
    command = choose(
        Token(user="u,=", token=Secret("tok")), capabilities.split(), host="mail.example", port=993
    )
    assert isinstance(command, Authenticate)
    return command.mechanism


@pytest.mark.parametrize(
    ("capabilities", "user", "expected"),
    [
        ("AUTH=PLAIN AUTH=LOGIN", "user", "PLAIN"),
        ("AUTH=LOGIN", "user", "LOGIN"),
        ("IMAP4REV1", "user", "LOGIN command"),
        ("AUTH=PLAIN", "dom\\user\\box", "LOGIN command"),
        ("AUTH=PLAIN", "dom/user", "LOGIN command"),
        ("AUTH=PLAIN LOGINDISABLED", "dom\\user", "PLAIN"),
    ],
)
def test_mechanism_is_chosen_by_capability_and_name(
    capabilities: str, user: str, expected: str
) -> None:
    """A14: the matrix of what servers offer and names need."""
    assert chosen(capabilities, user) == expected


def test_eight_bit_password_never_goes_through_the_login_command() -> None:
    """A13: PLAIN carries UTF-8, LOGIN does not, whatever the name looks like."""
    assert chosen("AUTH=PLAIN", "dom\\user", 'pä"s\\s') == "PLAIN"
    with pytest.raises(AuthError):
        chosen("IMAP4REV1", "user", "pä")


@pytest.mark.parametrize("capabilities", ["LOGINDISABLED", "LOGINDISABLED AUTH=XOAUTH2"])
def test_no_common_mechanism_names_what_is_offered(capabilities: str) -> None:
    """A14, A17: the error tells a person what the server would take."""
    with pytest.raises(AuthError, match="LOGINDISABLED"):
        chosen(capabilities)


def test_token_prefers_the_standard_mechanism() -> None:
    """OAUTHBEARER where offered, else XOAUTH2, else an error."""
    assert token("AUTH=XOAUTH2 AUTH=OAUTHBEARER").name == "OAUTHBEARER"
    assert token("AUTH=XOAUTH2").name == "XOAUTH2"
    with pytest.raises(AuthError, match="nothing"):
        token("IMAP4REV1")


def test_plain_says_all_at_once() -> None:
    """RFC 4616: whom to act as, name, password, in UTF-8; then nothing more."""
    plain = Plain(user="u", password=Secret("pä"), authorize="boss")

    assert plain.initial() == "boss\0u\0pä".encode()
    assert plain.respond(Prompt(0, b"more?")) is None


def test_oauth_mechanisms_say_user_link_and_token() -> None:
    """A8: host and port are the link's own; the name is escaped (RFC 5801)."""
    assert token("AUTH=OAUTHBEARER").initial() == (
        b"n,a=u=2C=3D,\x01host=mail.example\x01port=993\x01auth=Bearer tok\x01\x01"
    )
    assert token("AUTH=XOAUTH2").initial() == b"user=u,=\x01auth=Bearer tok\x01\x01"


def test_refused_tokens_are_acknowledged_once() -> None:
    """A6: an empty line for XOAUTH2, control-A for OAUTHBEARER, then the exchange is over."""
    for name, answer in (("AUTH=XOAUTH2", b""), ("AUTH=OAUTHBEARER", b"\x01")):
        mechanism = token(name)
        assert mechanism.respond(Prompt(0, b"{}")) == answer
        assert mechanism.respond(Prompt(1, b"{}")) is None


def test_auth_login_answers_in_order_whatever_the_prompt() -> None:
    r"""A14: ``User Name\0`` and nonsense are answered by their place."""
    login = LoginMechanism(user="u", password=Secret("p"))

    assert login.respond(Prompt(0, b"User Name\0")) == b"u"
    assert login.respond(Prompt(1, b"")) == b"p"
    assert login.respond(Prompt(2, b"Again:")) is None
    assert login.respond(Prompt(0, b"Password:")) == b"p"


@pytest.mark.parametrize("bad", ["a\0b", "a\x01b", "a\r\nb", "\ud800"])
def test_credentials_can_not_hold_separators(bad: str) -> None:
    """A forged part can not be made out of a name, password, token or host."""
    for make in (
        lambda: Plain(user=bad, password=Secret("p")),
        lambda: Plain(user="u", password=Secret(bad)),
        lambda: Plain(user="u", password=Secret("p"), authorize=bad),
        lambda: LoginMechanism(user="u", password=Secret(bad)),
        lambda: XOAuth2(user="u", token=Secret(bad)),
        lambda: OAuthBearer(user="u", token=Secret("t"), host=bad, port=1),
    ):
        with pytest.raises(UsageError) as caught:
            make()
        assert bad not in str(caught.value)


def test_credentials_do_not_print() -> None:
    """A20: neither a command nor a mechanism shows its secret."""
    shown = repr(
        [
            Login(user="u", password=Secret("hunter2")),
            Authenticate(mechanism=Plain(user="u", password=Secret("hunter2"))),
            Token(user="u", token=Secret("hunter2")),
        ]
    )

    assert "hunter2" not in shown


@pytest.mark.parametrize(
    ("mechanism", "capabilities", "expected"),
    [
        ("PLAIN", "AUTH=PLAIN AUTH=LOGIN", "PLAIN"),
        ("LOGIN", "AUTH=PLAIN AUTH=LOGIN", "LOGIN"),
        ("LOGIN", "AUTH=PLAIN", "LOGIN command"),
        ("XOAUTH2", "AUTH=OAUTHBEARER AUTH=XOAUTH2", "XOAUTH2"),
        ("XOAUTH2", "IMAP4REV1", "XOAUTH2"),
        ("OAUTHBEARER", "AUTH=OAUTHBEARER AUTH=XOAUTH2", "OAUTHBEARER"),
    ],
)
def test_a_mechanism_that_a_person_names_is_used(
    mechanism: str, capabilities: str, expected: str
) -> None:
    """Some servers offer what they do not do, and do what they do not offer (incident 9)."""
    credentials: Password | Token = Password(user="user", password=Secret("pass"))
    if "OAUTH" in mechanism:
        credentials = Token(user="user", token=Secret("tok"))
    command = choose(
        credentials, capabilities.split(), host="mail.example", port=993, mechanism=mechanism
    )
    found = (
        command.mechanism.name if isinstance(command, Authenticate) else f"{command.verb} command"
    )
    assert found == expected


def test_a_mechanism_that_a_person_names_and_nobody_offers_is_refused() -> None:
    """No password goes another way than the one that was named."""
    with pytest.raises(AuthError, match="in a way that fits"):
        choose(
            Password(user="user", password=Secret("pass")),
            ["AUTH=LOGIN"],
            host="mail.example",
            port=993,
            mechanism="PLAIN",
        )
