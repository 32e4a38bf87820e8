"""The hostile messages are what their names say, and the mail reader survives them."""

from __future__ import annotations

import pytest

from tests.corpus import hostile
from tests.corpus.posting import AUTHSERV
from vedette import mime

MESSAGES = dict(hostile.messages())


@pytest.mark.parametrize("name", MESSAGES)
def test_a_hostile_message_is_read(name: str) -> None:
    """The reader gives sender and subject of each, whatever its body does."""
    message = mime.read(MESSAGES[name])

    assert message.from_
    assert message.subject
    assert "reader-failed" not in message.defects


def test_results_that_the_sender_brought_along_are_forged() -> None:
    """The topmost finding of the trusted server says fail; the one below it is the sender's own."""
    message = mime.read(MESSAGES["forged-results"], trusted_authserv=[AUTHSERV])

    assert message.authentication is not None
    assert message.authentication.dmarc == "fail"


def test_two_messages_share_an_id() -> None:
    """The replayed id stands in two messages of different text."""
    honest = mime.read(MESSAGES["replayed-id-honest"])
    offer = mime.read(MESSAGES["replayed-id-offer"])

    assert honest.message_id == offer.message_id
    assert honest.text.plain != offer.text.plain
