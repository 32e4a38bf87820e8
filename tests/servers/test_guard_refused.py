"""What a server does not let a guard do: no right, no room. The message stays, and it is told once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.books import new_token
from tests.support.dovecot import Dovecot
from tests.support.engine import Watching, blocking, mailbox
from tests.support.guards import QUARANTINE, guarded, held, unwanted
from vedette.model.action import ActionState, JournalEntry
from vedette.ports.journal import JournalQuery

pytestmark = pytest.mark.server

#: What a user may have in a folder, and is not enough to move a message out of it.
READING = ("lookup", "read", "post", "insert")
MARKING = (*READING, "write", "write-seen")
DELETING = (*MARKING, "write-deleted")


async def journal(watching: Watching) -> dict[str, JournalEntry]:
    """Return the entries by the folders of their messages."""
    entries = await watching.engine.store.journal(JournalQuery())
    return {entry.origin.folder.decode(): entry for entry in entries}


async def until_tried(watching: Watching) -> JournalEntry:
    """Wait until the only action came to nothing once, and return its entry."""
    async with asyncio.timeout(60):
        while True:
            entries = list((await journal(watching)).values())
            if entries and entries[0].attempts:
                return entries[0]
            await asyncio.sleep(0.02)


async def until_told(watching: Watching, kind: str, times: int = 1) -> None:
    """Wait for so many events of a type."""
    await watching.until_taken(lambda books: len(books.of_type(kind)) >= times, f"{times} {kind}")


@pytest.mark.parametrize(
    ("rights", "lacks", "words"),
    [
        (READING, "nothing", "refused: Permission denied"),
        (MARKING, "nothing", "refused: Permission denied"),
        (DELETING, "nothing", "refused: Permission denied"),
        (MARKING, "SEARCHRES", "refused: Permission denied"),
        (READING, "MOVE", r"without \Deleted"),
        (MARKING, "MOVE", r"without \Deleted"),
    ],
)
async def test_a_folder_without_the_right_to_move_keeps_its_mail(
    rights: tuple[str, ...],
    lacks: str,
    words: str,
    make_dovecot: Callable[..., Dovecot],
    user: str,
    tmp_path: Path,
) -> None:
    """The action fails for good, in the server's words, once; elsewhere the guard goes on (G4)."""
    server = make_dovecot(rights=True, without=frozenset({lacks} - {"nothing"}))
    await blocking(server.permit, user, "Junk", *rights)
    box = mailbox(user, port=server.tls_port, ca_file=server.ca_file)
    async with guarded(box, state=tmp_path) as watching:
        await watching.until_connected()
        kept, moved, last = new_token(), new_token(), new_token()
        watching.books.expect([kept, moved, last])
        await blocking(server.deliver, user, unwanted(kept), folder="Junk")
        await until_told(watching, "action.failed")
        await blocking(server.deliver, user, unwanted(moved))
        await until_told(watching, "action.applied")
        entries = await journal(watching)
        # It is told of after everything that a second look at the folder would do.
        await blocking(server.deliver, user, unwanted(last))
        await until_told(watching, "action.applied", 2)

    assert held(server, user) == {QUARANTINE: [moved, last], "Junk": [kept]}
    assert entries["Junk"].state is ActionState.FAILED
    assert entries["INBOX"].state is ActionState.DONE
    # It was marked as read for its way, and is as it was.
    assert "\\Seen" not in server.doveadm("fetch", "-u", user, "flags", "mailbox", "Junk")
    [failed] = watching.books.of_type("action.failed")
    assert failed["data"]["reason"] == entries["Junk"].reason
    assert words in entries["Junk"].reason
    assert watching.check().kept


async def test_an_original_that_does_not_go_is_not_left_for_others_to_take(
    make_dovecot: Callable[..., Dovecot], user: str, tmp_path: Path
) -> None:
    r"""Without MOVE its copy is made, EXPUNGE says OK and takes nothing: \Deleted comes off (G4)."""
    server = make_dovecot(rights=True, without=frozenset({"MOVE"}))
    await blocking(server.permit, user, "Junk", *DELETING)
    box = mailbox(user, port=server.tls_port, ca_file=server.ca_file)
    async with guarded(box, state=tmp_path) as watching:
        await watching.until_connected()
        token = new_token()
        watching.books.expect([token])
        await blocking(server.deliver, user, unwanted(token), folder="Junk")
        entry = await until_tried(watching)

    assert entry.state is ActionState.COPIED
    assert "Expunge ignored" in entry.reason
    assert held(server, user) == {"Junk": [token], QUARANTINE: [token]}
    assert "\\Deleted" not in server.doveadm("fetch", "-u", user, "flags", "mailbox", "Junk")


@pytest.mark.parametrize("lacks", ["nothing", "MOVE"])
async def test_where_there_is_no_room_for_a_copy_the_message_stays(
    lacks: str, make_dovecot: Callable[..., Dovecot], user: str, tmp_path: Path
) -> None:
    """Dovecot moves over a quota, and copies up to it: what can not be copied is put off (A19)."""
    server = make_dovecot(messages=2, without=frozenset({lacks} - {"nothing"}))
    await blocking(server.append, user, "Archive", unwanted(new_token()))
    box = mailbox(user, port=server.tls_port, ca_file=server.ca_file)
    async with guarded(box, state=tmp_path) as watching:
        await watching.until_connected()
        token = new_token()
        watching.books.expect([token])
        await blocking(server.deliver, user, unwanted(token))
        await watching.until_all_came()
        if lacks == "nothing":
            await until_told(watching, "action.applied")
        else:
            entry = await until_tried(watching)
            assert entry.state is ActionState.INTENDED
            assert "uota" in entry.reason

    where = QUARANTINE if lacks == "nothing" else "INBOX"
    assert held(server, user)[where] == [token]
    assert watching.check().kept
