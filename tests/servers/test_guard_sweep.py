"""Guards look at mail that is there already: when they are posted, after a connect, on demand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.books import new_token
from tests.support.dovecot import Dovecot
from tests.support.engine import Watching, blocking, mailbox
from tests.support.guards import QUARANTINE, guarded, held, letter_from, pack, post, unwanted
from vedette.engine.guarding import Mode
from vedette.model.action import Decision

pytestmark = pytest.mark.server


async def until_applied(watching: Watching, times: int) -> None:
    """Wait for so many actions."""
    await watching.until_taken(
        lambda books: len(books.of_type("action.applied")) >= times, f"{times} action.applied"
    )


async def decided(watching: Watching) -> list[Decision]:
    """Return all decisions, newest first."""
    return await watching.engine.store.decisions(None, None, since=0.0, limit=100)


async def test_mail_that_lies_there_is_swept_at_the_first_connect(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """In INBOX and in Junk; nothing of it is told as new mail, and trash is left alone."""
    old = {folder: new_token() for folder in ("INBOX", "Junk", "Trash")}
    for folder, token in old.items():
        await blocking(dovecot.append, user, folder, unwanted(token))
    good = new_token()
    await blocking(dovecot.append, user, "INBOX", letter_from("ann@example.org", good))
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file, folders=("*", "\\Trash"))
    async with guarded(box, state=tmp_path) as watching:
        await until_applied(watching, 2)

    found = held(dovecot, user)
    assert sorted(found[QUARANTINE]) == sorted([old["INBOX"], old["Junk"]])
    assert (found["INBOX"], found["Trash"]) == ([good], [old["Trash"]])
    assert watching.books.receipts == []


async def test_a_guard_that_is_posted_later_sweeps_too(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """Mail came and was told before there was a guard; once it is posted, it acts on it."""
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file)
    async with guarded(box, state=tmp_path, posts=[]) as watching:
        await watching.until_connected()
        tokens = [new_token() for _ in range(20)]
        watching.books.expect(tokens)
        await blocking(dovecot.deliver_many, user, [unwanted(token) for token in tokens])
        await watching.until_all_came()
        watching.engine.guards.post([post()])
        assert watching.engine.supervisor is not None
        watching.engine.supervisor.attend()
        await until_applied(watching, len(tokens))

    assert sorted(held(dovecot, user)[QUARANTINE]) == sorted(tokens)
    assert watching.check().kept


async def test_what_was_decided_is_not_decided_again(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """A second run of the same guard judges nothing; another version of it judges all again."""
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file)
    token = new_token()
    await blocking(dovecot.append, user, "INBOX", unwanted(token))
    counts = []
    for version in ("1", "1", "2"):
        posts = [post(pack(version=version), mode=Mode.SHADOW)]
        async with guarded(box, state=tmp_path, posts=posts) as watching:
            await watching.until_connected()
            # It is told after everything that the sweep at the connect decided.
            last = new_token()
            watching.books.expect([last])
            await blocking(dovecot.deliver, user, letter_from("ann@example.org", last))
            await watching.until_all_came()
            found = await decided(watching)
            counts.append(sum(each.verdict == "quarantine" for each in found))

    assert counts == [1, 1, 2]
    assert token in held(dovecot, user)["INBOX"]
