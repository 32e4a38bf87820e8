"""The first words and the way into TLS: what is refused before a password is sent."""

from __future__ import annotations

import pytest

from tests.imap.talk import Talk, greeted
from vedette.errors import (
    NetworkError,
    ProtocolError,
    TLSError,
    UsageError,
)
from vedette.imap import (
    AskCapability,
    Connection,
    Fatal,
    Greeting,
    Kind,
    StartTls,
    State,
)


def test_greeting_opens_the_connection_and_tells_capabilities() -> None:
    """The code of the greeting counts as the answer to CAPABILITY."""
    talk = Talk()

    (greeting,) = talk.server("* OK [CAPABILITY IMAP4rev1 LITERAL +] hello")

    assert isinstance(greeting, Greeting)
    assert (greeting.status, greeting.text) == (Kind.OK, "hello")
    assert talk.connection.state is State.NOT_AUTHENTICATED
    assert talk.connection.has("literal+")


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("* BYE too busy", "too busy"),
        ("* BYE [UNAVAILABLE] later", "later"),
    ],
)
def test_greeting_bye_is_fatal_with_the_servers_words(line: str, text: str) -> None:
    """C7: a refused connection ends at once, in a way that may be tried again."""
    error = Talk().fatal(line)

    assert (error.reply, error.retryable) == (text, True)
    assert text in str(error)


@pytest.mark.parametrize(
    "line",
    [
        "HTTP/1.1 400 Bad Request",
        "SSH-2.0-x",
        "* NO",
        "* [ALERT] x",
        "* 5 EXISTS",
        "* 1 FETCH (",
        "+ x",
    ],
)
def test_gibberish_instead_of_a_greeting_is_fatal(line: str) -> None:
    """What is not an IMAP server is said to be none, with what it said."""
    error = Talk().fatal(line)

    assert isinstance(error, ProtocolError)
    assert line[:10] in str(error)


def test_preauth_without_tls_is_fatal() -> None:
    """C6: a plaintext PREAUTH would keep TLS from ever starting, whatever is allowed."""
    connection = Connection(encrypted=False, allow_preauth=True)
    connection.receive_data(b"* PREAUTH welcome back\r\n")

    last = connection.events()[-1]
    assert isinstance(last, Fatal)
    assert isinstance(last.error, TLSError)
    assert last.error.reply == "welcome back"


def test_preauth_with_tls_needs_leave() -> None:
    """C6: on TLS it is refused too unless allowed, because nobody knows as whom."""
    assert isinstance(Talk().fatal("* PREAUTH hi"), ProtocolError)

    connection = Connection(encrypted=True, allow_preauth=True)
    connection.receive_data(b"* PREAUTH hi\r\n")
    assert connection.state is State.AUTHENTICATED


@pytest.mark.parametrize("data", [b"", b"* OK rea"])
def test_end_before_the_greeting_is_fatal(data: bytes) -> None:
    """C7: a server that closes in mid-greeting has not greeted."""
    connection = Connection(encrypted=True)
    connection.receive_data(data)
    connection.receive_eof()

    (fatal,) = connection.events()
    assert isinstance(fatal, Fatal)
    assert isinstance(fatal.error, NetworkError)
    assert "before its greeting" in str(fatal.error)


def starttls() -> Talk:
    talk = greeted("IMAP4rev1 STARTTLS LOGINDISABLED", encrypted=False)
    talk.connection.send(StartTls())
    assert talk.client() == "V1 STARTTLS\r\n"
    return talk


def test_starttls_forgets_what_was_said_in_plaintext() -> None:
    """C5: capabilities of the plaintext phase are void after the handshake."""
    talk = starttls()
    talk.server("* ENABLED UTF8=ACCEPT", "V1 OK begin")

    talk.connection.tls_started()

    assert talk.connection.encrypted
    assert not talk.connection.capabilities_known
    assert talk.connection.capabilities == frozenset()
    assert not talk.connection.utf8


@pytest.mark.parametrize("injected", [b"* CAPABILITY EVIL\r\n", b"V2 OK\r\n", b"\r\n", b"x", b"\0"])
@pytest.mark.parametrize("late", [False, True])
def test_bytes_between_ok_and_handshake_are_fatal(injected: bytes, late: bool) -> None:  # noqa: FBT001 - a fact of the table
    """C5 (CVE-2011-0411): in the same segment or in a later one, read or not."""
    talk = starttls()
    connection = talk.connection
    for segment in [b"V1 OK\r\n", injected] if late else [b"V1 OK\r\n" + injected]:
        connection.receive_data(segment)

    last = connection.events()[-1]
    assert isinstance(last, Fatal)
    assert isinstance(last.error, TLSError)
    assert not connection.has("EVIL")
    with pytest.raises(TLSError):
        connection.tls_started()


def test_nothing_is_sent_between_ok_and_handshake() -> None:
    """C4: the password can not leave before TLS is up."""
    talk = starttls()
    with pytest.raises(UsageError, match="TLS"):
        talk.connection.send(AskCapability())
    talk.server("V1 OK begin")
    with pytest.raises(UsageError, match="TLS"):
        talk.connection.send(AskCapability())


def test_refused_starttls_leaves_a_plaintext_connection() -> None:
    """C4: NO is an answer; what to do about it is the owner's decision."""
    talk = starttls()

    assert talk.answer("V1 NO not now").kind is Kind.NO
    with pytest.raises(UsageError):
        talk.connection.tls_started()
    assert not talk.connection.encrypted


def test_starttls_needs_its_capability_and_a_plaintext_link() -> None:
    """C4: a stripped STARTTLS is seen before anything is sent."""
    with pytest.raises(UsageError, match="STARTTLS"):
        greeted("IMAP4rev1", encrypted=False).connection.send(StartTls())
    with pytest.raises(UsageError, match="TLS is on"):
        greeted("IMAP4rev1 STARTTLS").connection.send(StartTls())


def test_starttls_waits_for_commands_under_way() -> None:
    """An answer can not cross from plaintext into TLS."""
    talk = greeted("STARTTLS", encrypted=False)
    talk.connection.send(AskCapability())

    with pytest.raises(UsageError, match="under way"):
        talk.connection.send(StartTls())
