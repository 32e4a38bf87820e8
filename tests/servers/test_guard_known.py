"""A guard that spares those whom the user wrote to, on Dovecot."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.books import new_token
from tests.support.dovecot import Dovecot
from tests.support.engine import blocking, mailbox
from tests.support.guards import QUARANTINE, guarded, held, letter_from, pack, post

pytestmark = pytest.mark.server

#: Both of one listed domain: only one of them was written to.
ANNA, STRANGER = "anna@friends.example", "eve@friends.example"


def written_to(recipient: str) -> bytes:
    """Return a message of the user."""
    return (
        f"From: <user@example.org>\r\nTo: Anna <{recipient.title()}>\r\nSubject: Hello\r\n"
        f"Message-ID: <{new_token()}@example.org>\r\n\r\nHello.\r\n"
    ).encode()


async def test_mail_of_one_whom_the_user_wrote_to_is_only_flagged(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """What Anna offers stays in INBOX with a mark; the same of a stranger is moved."""
    await blocking(dovecot.append, user, "Sent", written_to(ANNA), flags="\\Seen")
    posts = [post(pack(listed="friends.example", spares_known=True))]
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file)
    async with guarded(box, state=tmp_path, posts=posts) as watching:
        await watching.until_connected()
        hers, other = new_token(), new_token()
        watching.books.expect([hers, other])
        await blocking(dovecot.deliver, user, letter_from(ANNA, hers))
        await blocking(dovecot.deliver, user, letter_from(STRANGER, other))
        await watching.until_taken(
            lambda books: len(books.of_type("action.applied")) >= 2, "both actions"
        )
        await watching.until_all_came()

    found = held(dovecot, user)
    assert (found["INBOX"], found[QUARANTINE]) == ([hers], [other])
    flags = dovecot.doveadm("fetch", "-u", user, "flags", "mailbox", "INBOX")
    assert "$Unwanted" in flags
    told = {each["data"]["explanation"] for each in watching.books.of_type("guard.decided")}
    assert any("KNOWN" in line for line in told)
    assert "\\Seen" in dovecot.doveadm("fetch", "-u", user, "flags", "mailbox", "Sent")
    assert watching.check().kept


async def test_what_lies_there_is_swept_with_the_same_knowledge(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """Mail from before the guard, among it that of whom the user wrote to."""
    hers, other = new_token(), new_token()
    await blocking(dovecot.append, user, "Sent", written_to(ANNA), flags="\\Seen")
    await blocking(dovecot.append, user, "INBOX", letter_from(ANNA, hers))
    await blocking(dovecot.append, user, "INBOX", letter_from(STRANGER, other))
    posts = [post(pack(listed="friends.example", spares_known=True))]
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file)
    async with guarded(box, state=tmp_path, posts=posts) as watching:
        await watching.until_taken(
            lambda books: len(books.of_type("action.applied")) >= 2, "both actions"
        )

    assert held(dovecot, user)["INBOX"] == [hers]
    assert held(dovecot, user)[QUARANTINE] == [other]
