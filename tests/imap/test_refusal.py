"""What a refusal means: whose fault, and whether patience, a password or a person cures it."""

from __future__ import annotations

import pytest

from vedette.errors import (
    AuthError,
    FolderError,
    LimitError,
    LinkError,
    NetworkError,
    ProtocolError,
    RevokedError,
    ThrottledError,
)
from vedette.imap.codes import split_code
from vedette.imap.refusal import refusal
from vedette.imap.responses import Kind

CASES: list[tuple[str, str, str, type[LinkError]]] = [
    ("LOGIN", "NO", "[LIMIT] Maximum number of connections", LimitError),
    ("LOGIN", "NO", "[UNAVAILABLE] Maximum number of connections from user+IP", LimitError),
    ("AUTHENTICATE", "NO", "[ALERT] Too many simultaneous connections. (Failure)", LimitError),
    ("UID FETCH", "NO", "[OVERQUOTA] Account exceeded command or bandwidth limits", LimitError),
    ("LOGIN", "NO", "[UNAVAILABLE] Temporary authentication failure", LimitError),
    ("LOGIN", "NO", "[AUTHENTICATIONFAILED] Invalid credentials", AuthError),
    ("LOGIN", "NO", "LOGIN failed.", AuthError),
    ("AUTHENTICATE", "NO", "[ALERT] Invalid credentials (Failure)", AuthError),
    ("AUTHENTICATE", "NO", "[ALERT] Application-specific password required", RevokedError),
    ("LOGIN", "NO", "Basic authentication is disabled.", RevokedError),
    ("LOGIN", "NO", "[ALERT] Please log in via your web browser: https://x", RevokedError),
    ("LOGIN", "NO", "[CONTACTADMIN] ask", RevokedError),
    ("LOGIN", "NO", "[EXPIRED] change it", RevokedError),
    ("SELECT", "BAD", "User is authenticated but not connected.", LimitError),
    ("", "BYE", "Server Unavailable. 15", LimitError),
    ("", "BYE", "Autologout; idle for too long", NetworkError),
    ("", "BYE", "[ALERT] Fatal error: application password", NetworkError),
    ("EXAMINE", "NO", "[NONEXISTENT] Mailbox doesn't exist: x", FolderError),
    ("STATUS", "NO", "no such folder", FolderError),
    ("SELECT", "BAD", "Error in IMAP command", ProtocolError),
    ("UID SEARCH", "BAD", "Unknown command", ProtocolError),
    ("LOGIN", "BAD", "Error in IMAP command", ProtocolError),
    ("UID FETCH", "OK", "[THROTTLED] Success", ThrottledError),
]


@pytest.mark.parametrize(("verb", "kind", "line", "expected"), CASES)
def test_refusal_has_the_class_of_its_cause(
    verb: str, kind: str, line: str, expected: type[LinkError]
) -> None:
    """A1, A4, A17, A19: codes first, then known phrases; a full server is no wrong password."""
    code, text = split_code(line.encode())

    error = refusal(verb, Kind(kind), code, text)

    assert type(error) is expected
    assert error.reply == text
    assert text in str(error)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Request is throttled. Suggested Backoff Time: 92415 milliseconds", 92.415),
        ("Too many requests. Backoff time 30 seconds", 30),
        ("Rate limit hit", None),
    ],
)
def test_throttling_carries_the_servers_own_time(text: str, seconds: float | None) -> None:
    """A18: the server says for how long; the cap is the caller's."""
    error = refusal("UID FETCH", Kind.BAD, None, text)

    assert isinstance(error, ThrottledError)
    assert error.retry_after == seconds


def test_refusal_without_words_still_says_something() -> None:
    """An empty NO is an answer too, and a long one is cut."""
    assert "no reason given" in str(refusal("NOOP", Kind.NO, None, ""))
    assert len(str(refusal("NOOP", Kind.NO, None, "x" * 60_000))) < 400
