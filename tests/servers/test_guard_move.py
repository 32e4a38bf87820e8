"""A guard acts on mail as it arrives: on Dovecot with everything, and with much of it cut away."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.books import new_token
from tests.support.dovecot import Dovecot
from tests.support.engine import Watching, blocking, mailbox
from tests.support.guards import QUARANTINE, letter_from, post, unwanted
from vedette.model.action import ActionState
from vedette.ports.journal import JournalQuery

pytestmark = pytest.mark.server


def folders(server: Dovecot, user: str) -> dict[str, list[str]]:
    """Return the message ids that the server holds, by folder."""
    found: dict[str, list[str]] = {}
    for held in server.holdings(user):
        found.setdefault(held.folder, []).append(held.message_id)
    return found


async def test_unwanted_mail_is_moved_and_all_of_it_is_told(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """It is gone from INBOX and lies in the quarantine; journal and events say so; other mail stays."""
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file)
    watching = Watching(box, state=tmp_path)
    watching.engine.guards.post([post()])
    async with watching:
        await watching.until_connected()
        bad, good = new_token(), new_token()
        watching.books.expect([bad, good])
        await blocking(dovecot.deliver, user, unwanted(bad))
        await blocking(dovecot.deliver, user, letter_from("ann@example.org", good))
        await watching.until_taken(
            lambda books: bool(books.of_type("action.applied")), "action.applied"
        )
        await watching.until_all_came()
        entries = await watching.engine.store.journal(JournalQuery())

    held = folders(dovecot, user)
    assert held[QUARANTINE] == [f"<{bad}@example.org>"]
    assert held["INBOX"] == [f"<{good}@example.org>"]
    assert [entry.state for entry in entries] == [ActionState.DONE]
    assert entries[0].result is not None
    assert entries[0].result.uid == 1
    [applied] = watching.books.of_type("action.applied")
    assert applied["data"]["to"]["folder"] == QUARANTINE
    [decided] = watching.books.of_type("guard.decided")
    assert decided["data"]["explanation"].startswith("quarantine 6 = FROM_LISTED 6")
    assert watching.check().kept
