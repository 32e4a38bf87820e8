"""One authentication under way: who speaks when."""

from __future__ import annotations

import pytest

from vedette.errors import ProtocolError
from vedette.imap.auth import LoginMechanism, Plain, XOAuth2
from vedette.imap.exchange import Exchange
from vedette.secret import Secret

PLAIN = Plain(user="u", password=Secret("p"))


def test_initial_response_goes_with_the_command_or_at_the_first_challenge() -> None:
    """A7: without SASL-IR the server is waited for."""
    with_command, waiting = Exchange(PLAIN), Exchange(PLAIN)

    assert with_command.initial_response() == b"AHUAcA=="
    assert waiting.answer(b"") == (b"AHUAcA==", b"")


def test_long_initial_response_waits_for_the_server() -> None:
    """A7: a token that would make the line too long is sent on a line of its own."""
    exchange = Exchange(XOAuth2(user="u", token=Secret("t" * 7_000)))

    assert exchange.initial_response() is None
    assert not exchange.started
    line, _ = exchange.answer(b"")
    assert len(line) > 8_000
    assert exchange.started


def test_server_speaks_first_in_auth_login() -> None:
    """Both prompts are answered in base64, and are no reasons of a refusal."""
    exchange = Exchange(LoginMechanism(user="u", password=Secret("p")))

    assert exchange.initial_response() is None
    assert exchange.answer(b"VXNlcm5hbWU6") == (b"dQ==", b"")
    assert exchange.answer(b"not base64!") == (b"cA==", b"")


def test_refusal_of_a_token_is_acknowledged_and_told() -> None:
    """A6: the reason comes out, and an empty line goes in."""
    exchange = Exchange(XOAuth2(user="u", token=Secret("t")))
    exchange.initial_response()

    assert exchange.answer(b"eyJzdGF0dXMiOiI0MDEifQ==") == (b"", b'{"status":"401"}')


def test_endless_challenges_are_cancelled_then_broken_off() -> None:
    """No server can keep us answering."""
    exchange = Exchange(PLAIN)
    exchange.initial_response()

    assert exchange.answer(b"") == (b"*", b"")
    with pytest.raises(ProtocolError):
        exchange.answer(b"")
