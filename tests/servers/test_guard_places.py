"""Folders are deleted, renamed and made anew between an action and its end: no other mail is touched."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.books import new_token
from tests.support.dovecot import Dovecot
from tests.support.engine import Watching, blocking, mailbox
from tests.support.guards import QUARANTINE, guarded, held, letter_from, pack, post, unwanted
from vedette.config.settings import AccountSettings
from vedette.guard.pack import Action, ActionKind
from vedette.model.action import ActionState, JournalEntry
from vedette.ports.journal import JournalQuery

pytestmark = pytest.mark.server

#: A quarantine whose time is over at once.
SHORT = Action(name="quarantine", kind=ActionKind.MOVE, target=QUARANTINE, seen=True, retain=0.0)


def box_of(server: Dovecot, user: str) -> AccountSettings:
    """Return the settings of the one mailbox of a test."""
    return mailbox(user, port=server.tls_port, ca_file=server.ca_file)


async def moved(
    watching: Watching, server: Dovecot, user: str, folder: str = "INBOX"
) -> tuple[str, JournalEntry]:
    """Deliver an unwanted message, wait until it was moved, and return its journal entry."""
    await watching.until_connected()
    token = new_token()
    watching.books.expect([token])
    known = len(watching.books.of_type("action.applied"))
    await blocking(server.deliver, user, unwanted(token), folder=folder)
    await watching.until_taken(
        lambda books: len(books.of_type("action.applied")) > known, "action.applied"
    )
    async with asyncio.timeout(60):
        while True:
            entry = (await watching.engine.store.journal(JournalQuery()))[0]
            if entry.state is ActionState.DONE:
                return token, entry
            await asyncio.sleep(0.01)


async def undone(watching: Watching, entry: JournalEntry) -> JournalEntry:
    """Ask that an action be taken back; return its entry when that came to an end."""
    assert await watching.engine.store.undo(entry.id, now=1.0, reason="a person asked")
    assert watching.engine.supervisor is not None
    watching.engine.supervisor.attend()
    return await until(watching, entry, lambda each: each.state is not ActionState.UNDOING)


async def until(
    watching: Watching, entry: JournalEntry, holds: Callable[[JournalEntry], bool]
) -> JournalEntry:
    """Wait until something holds of an entry, and return it."""
    async with asyncio.timeout(60):
        while True:
            [found] = await watching.engine.store.journal(JournalQuery(action=entry.id))
            if holds(found):
                return found
            await asyncio.sleep(0.01)


def make_anew(server: Dovecot, user: str, folder: str, *letters: bytes) -> None:
    """Delete a folder and everything in it, and make it again with other mail under the same UIDs."""
    before = server.uid_validity(user, folder)
    with server.client(user) as client:
        client.delete(folder)
        client.create(folder)
        for letter in letters:
            client.append(folder, "", "", letter)
    assert server.uid_validity(user, folder) != before


async def test_an_undo_finds_its_message_in_a_quarantine_with_other_uids(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """Another message has its UID: that one stays, and the right one is found by its identity."""
    async with guarded(box_of(dovecot, user), state=tmp_path) as watching:
        token, entry = await moved(watching, dovecot, user)
        other = new_token()

        def restore() -> None:
            """Put a copy of the folder in its place, in which another message comes first."""
            dovecot.append(user, "Restored", letter_from("ann@example.org", other))
            with dovecot.client(user) as client:
                client.select(QUARANTINE)
                client.uid("COPY", "1", "Restored")
                client.unselect()
                client.delete(QUARANTINE)
                client.rename("Restored", QUARANTINE)

        await blocking(restore)
        after = await undone(watching, entry)

    assert after.state is ActionState.UNDONE
    assert held(dovecot, user) == {"INBOX": [token], QUARANTINE: [other]}


async def test_an_undo_says_why_when_its_message_is_gone_and_its_uid_is_not(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """The quarantine was deleted with the message and made anew: what lies there now stays there."""
    async with guarded(box_of(dovecot, user), state=tmp_path) as watching:
        _, entry = await moved(watching, dovecot, user)
        other = new_token()
        letter = letter_from("ann@example.org", other)
        await blocking(make_anew, dovecot, user, QUARANTINE, letter)
        after = await undone(watching, entry)

    assert after.state is ActionState.GONE
    assert "somebody took it away" in after.reason
    assert held(dovecot, user) == {QUARANTINE: [other]}


async def test_an_undo_puts_its_message_into_a_folder_that_was_made_anew(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """Its place in the old folder is another message's now; that one stays as it is."""
    async with guarded(box_of(dovecot, user), state=tmp_path) as watching:
        token, entry = await moved(watching, dovecot, user, folder="Junk")
        other = new_token()
        watching.books.expect([other])
        await blocking(make_anew, dovecot, user, "Junk", letter_from("ann@example.org", other))
        await watching.until_all_came()
        after = await undone(watching, entry)

    assert after.state is ActionState.UNDONE
    assert after.result is not None
    assert after.result.folder == b"Junk"
    assert sorted(held(dovecot, user)["Junk"]) == sorted([token, other])


async def test_an_undo_goes_to_inbox_when_its_folder_is_gone(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """The folder that the message came from was renamed: the message is not kept for that."""
    async with guarded(box_of(dovecot, user), state=tmp_path) as watching:
        token, entry = await moved(watching, dovecot, user, folder="Junk")

        def rename() -> None:
            with dovecot.client(user) as client:
                client.rename("Junk", "Old-junk")

        await blocking(rename)
        watching.books.expect([token], places=2)
        after = await undone(watching, entry)

    assert after.state is ActionState.UNDONE
    where = held(dovecot, user)
    assert where in ({"INBOX": [token]}, {"Junk": [token]})  # Dovecot makes Junk again if asked


async def test_an_undo_finds_its_message_in_a_quarantine_that_was_renamed(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """The folder is known by its UIDVALIDITY, the message by its identity, and the rest stays."""
    async with guarded(box_of(dovecot, user), state=tmp_path) as watching:
        token, entry = await moved(watching, dovecot, user)
        second, _ = await moved(watching, dovecot, user)

        def rename() -> None:
            with dovecot.client(user) as client:
                client.rename(QUARANTINE, "Old-quarantine")

        await blocking(rename)
        after = await undone(watching, entry)
        third, _ = await moved(watching, dovecot, user)

    assert after.state is ActionState.UNDONE
    assert held(dovecot, user) == {
        "INBOX": [token],
        "Old-quarantine": [second],
        QUARANTINE: [third],
    }


async def test_an_undo_says_at_once_that_the_quarantine_is_gone(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """It is done as before, so that it can be asked for again; the event says why it was not."""
    async with guarded(box_of(dovecot, user), state=tmp_path) as watching:
        _, entry = await moved(watching, dovecot, user)

        def delete() -> None:
            with dovecot.client(user) as client:
                client.delete(QUARANTINE)

        await blocking(delete)
        after = await undone(watching, entry)
        await watching.until_taken(
            lambda books: bool(books.of_type("action.failed")), "action.failed"
        )

    assert after.state is ActionState.DONE
    assert "is not there any more" in after.reason
    [failed] = watching.books.of_type("action.failed")
    assert failed["data"]["reason"] == after.reason


async def test_a_quarantine_that_was_deleted_is_made_again(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """The next action finds no folder, makes it and moves its message there (G7)."""
    async with guarded(box_of(dovecot, user), state=tmp_path) as watching:
        await moved(watching, dovecot, user)

        def delete() -> None:
            with dovecot.client(user) as client:
                client.delete(QUARANTINE)

        await blocking(delete)
        token, entry = await moved(watching, dovecot, user)

    assert held(dovecot, user) == {QUARANTINE: [token]}
    assert entry.attempts == 0


async def test_what_has_no_trash_to_go_to_stays(
    make_dovecot: Callable[..., Dovecot], user: str, tmp_path: Path
) -> None:
    """Its time is over: it stays where it is, the journal says why, and no folder is made (G7)."""
    server = make_dovecot(trash=False)
    posts = [post(pack(actions=(SHORT,)))]
    async with guarded(box_of(server, user), state=tmp_path, posts=posts) as watching:
        token, entry = await moved(watching, server, user)
    async with guarded(box_of(server, user), state=tmp_path, posts=posts) as watching:
        after = await until(watching, entry, lambda each: bool(each.reason))

    assert after.state is ActionState.DONE
    assert "is its trash" in after.reason
    assert held(server, user) == {QUARANTINE: [token]}
    assert "Trash" not in server.doveadm("mailbox", "list", "-u", user)


async def test_a_quarantine_that_was_renamed_is_kept_by_its_owner(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """Its time is over, and the user made it a folder of his own: it does not go to the trash."""
    posts = [post(pack(actions=(SHORT,)))]
    async with guarded(box_of(dovecot, user), state=tmp_path, posts=posts) as watching:
        token, entry = await moved(watching, dovecot, user)
    with dovecot.client(user) as client:
        client.rename(QUARANTINE, "Kept")
    async with guarded(box_of(dovecot, user), state=tmp_path, posts=posts) as watching:
        after = await until(watching, entry, lambda each: each.state is not ActionState.DONE)

    assert after.state is ActionState.GONE
    assert held(dovecot, user) == {"Kept": [token]}
