"""What a trusted server proved of a message's sender: whom it is from."""

from __future__ import annotations

import pytest

from vedette import mime
from vedette.guard.proof import sender

SERVER = "mx.example.org"


def message(*results: str, sender: str = "shop@news.shop.example", more: str = "") -> mime.Message:
    """Return a message of a sender, with what the border server found."""
    found = "; ".join((SERVER, *results)) if results else ""
    field = f"Authentication-Results: {found}\r\n" if found else ""
    raw = f"{field}From: <{sender}>\r\n{more}Subject: hi\r\n\r\n"
    return mime.read_header(raw.encode(), trusted_authserv=[SERVER])


@pytest.mark.parametrize(
    "result",
    [
        "dmarc=pass header.from=news.shop.example",
        "dmarc=pass",
        "dkim=pass header.d=shop.example",
        "spf=pass smtp.mailfrom=bounce@mail.shop.example",
    ],
)
def test_a_sender_is_proved_by_what_is_aligned_with_it(result: str) -> None:
    """DMARC, or a signature or an envelope of the same organisation."""
    assert sender(message(result)) == "news.shop.example"


@pytest.mark.parametrize(
    "result",
    [
        "dmarc=fail header.from=news.shop.example",
        "dkim=pass header.d=spammer.example",
        "dkim=fail header.d=shop.example",
        "spf=pass smtp.mailfrom=bounce@spammer.example",
        "dmarc=pass header.from=spammer.example",
    ],
)
def test_a_sender_is_not_proved_by_what_is_proved_of_another(result: str) -> None:
    """A forged From with a signature of one's own; or a second From that the server looked at."""
    assert sender(message(result)) is None


def test_a_sender_is_not_proved_by_a_server_that_nobody_trusts() -> None:
    """Anybody can write that field into a mail."""
    more = "Authentication-Results: other.example; dmarc=pass\r\n"
    assert sender(message(more=more)) is None


def test_a_message_from_two_hosts_is_proved_to_be_from_none() -> None:
    """What was proved of one of them says nothing of the other."""
    found = message("dmarc=pass", sender="a@shop.example>, <b@other.example")
    assert sender(found) is None
