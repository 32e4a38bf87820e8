"""What a guard did is taken back: by us, by the user, and at the end of its time, on real servers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.books import new_token
from tests.support.dovecot import Dovecot
from tests.support.engine import Watching, blocking, mailbox
from tests.support.guards import QUARANTINE, guarded, held, pack, post, unwanted
from vedette.config.settings import AccountSettings
from vedette.guard.pack import Action, ActionKind
from vedette.model.action import ActionState, JournalEntry
from vedette.ports.journal import JournalQuery

pytestmark = pytest.mark.server

LACKS = {
    "everything": frozenset[str](),
    "no MOVE, no SEARCHRES": frozenset({"MOVE", "SEARCHRES"}),
}


def box_of(server: Dovecot, user: str) -> AccountSettings:
    """Return the settings of the one mailbox of a test."""
    return mailbox(user, port=server.tls_port, ca_file=server.ca_file)


async def moved(watching: Watching, server: Dovecot, user: str) -> tuple[str, JournalEntry]:
    """Deliver an unwanted message, wait until it was moved, and return its journal entry."""
    await watching.until_connected()
    token = new_token()
    watching.books.expect([token])
    await blocking(server.deliver, user, unwanted(token))
    await until_told(watching, "action.applied")
    [entry] = await watching.engine.store.journal(JournalQuery())
    return token, entry


async def until_told(watching: Watching, kind: str, times: int = 1) -> None:
    """Wait for so many events of a type."""
    await watching.until_taken(lambda books: len(books.of_type(kind)) >= times, f"{times} {kind}")


async def until_state(watching: Watching, state: ActionState) -> JournalEntry:
    """Wait until the only entry of the journal is in a state."""
    async with asyncio.timeout(60):
        while True:
            [entry] = await watching.engine.store.journal(JournalQuery())
            if entry.state is state:
                return entry
            await asyncio.sleep(0.01)


def attend(watching: Watching) -> None:
    """Tell the engine that the journal was changed by somebody else."""
    assert watching.engine.supervisor is not None
    watching.engine.supervisor.attend()


@pytest.mark.parametrize("lacks", LACKS.values(), ids=LACKS)
async def test_an_action_is_taken_back(
    lacks: frozenset[str], make_dovecot: Callable[..., Dovecot], user: str, tmp_path: Path
) -> None:
    """The message is in INBOX again, unread as it was, told as seen before, and left alone."""
    server = make_dovecot(without=lacks)
    async with guarded(box_of(server, user), state=tmp_path) as watching:
        token, entry = await moved(watching, server, user)
        assert await watching.engine.store.undo(entry.id, now=1.0, reason="a person asked")
        attend(watching)
        await until_told(watching, "action.undone")
        watching.books.expect([token], places=2)
        await watching.until_all_came()
        undone = await until_state(watching, ActionState.UNDONE)

    assert held(server, user) == {"INBOX": [token]}
    assert "\\Seen" not in server.doveadm("fetch", "-u", user, "flags", "mailbox", "INBOX")
    assert undone.result is not None
    assert undone.result.folder == b"INBOX"
    assert [receipt.seen_before for receipt in watching.books.receipts] == [False, True]
    assert watching.books.of_type("action.undone")[0]["data"]["by"] == "vedette"
    assert len(watching.books.of_type("action.applied")) == 1


async def test_what_the_user_moves_back_is_left_alone(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """The entry becomes returned, an event says so, and the message is not acted on again (G11)."""
    async with guarded(box_of(dovecot, user), state=tmp_path) as watching:
        returned: list[JournalEntry] = []
        watching.engine.guards.on_returned = lambda entry, _domain: returned.append(entry)
        token, entry = await moved(watching, dovecot, user)
        await blocking(dovecot.move, user, QUARANTINE, "INBOX")
        watching.books.expect([token], places=2)
        await watching.until_all_came()
        await until_told(watching, "action.undone")
        after = await until_state(watching, ActionState.RETURNED)

    assert held(dovecot, user) == {"INBOX": [token]}
    assert after.id == entry.id
    assert [each.id for each in returned] == [entry.id]
    assert watching.books.of_type("action.undone")[0]["data"]["by"] == "user"
    assert len(watching.books.of_type("action.applied")) == 1


async def test_what_the_user_took_out_of_quarantine_is_not_there_to_be_taken_back(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """An undo of a message that the user deleted finds that it is gone, and does nothing."""
    async with guarded(box_of(dovecot, user), state=tmp_path) as watching:
        _, entry = await moved(watching, dovecot, user)
        await blocking(dovecot.expunge, user, QUARANTINE)
        assert await watching.engine.store.undo(entry.id, now=1.0, reason="a person asked")
        attend(watching)
        after = await until_state(watching, ActionState.GONE)

    assert held(dovecot, user) == {}
    assert "took it away" in after.reason


async def test_a_message_goes_to_the_trash_when_its_time_is_over(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """At the next start its retention is over: it is moved to the trash, and deleted by nobody."""
    short = Action(
        name="quarantine", kind=ActionKind.MOVE, target=QUARANTINE, seen=True, retain=0.0
    )
    posts = [post(pack(actions=(short,)))]
    async with guarded(box_of(dovecot, user), state=tmp_path, posts=posts) as watching:
        token, _ = await moved(watching, dovecot, user)
    async with guarded(box_of(dovecot, user), state=tmp_path, posts=posts) as watching:
        after = await until_state(watching, ActionState.EXPIRED)

    assert held(dovecot, user) == {"Trash": [token]}
    assert after.result is not None
    assert after.result.folder == b"Trash"


async def test_a_mark_is_taken_off_again(dovecot: Dovecot, user: str, tmp_path: Path) -> None:
    """The undo of a flag removes that flag and no other."""
    box = box_of(dovecot, user)
    async with guarded(box, state=tmp_path, posts=[post(pack(do="flag"))]) as watching:
        _, entry = await moved(watching, dovecot, user)
        before = dovecot.doveadm("fetch", "-u", user, "flags", "mailbox", "INBOX")
        assert await watching.engine.store.undo(entry.id, now=1.0, reason="a person asked")
        attend(watching)
        await until_state(watching, ActionState.UNDONE)

    assert "$Unwanted" in before
    assert "$Unwanted" not in dovecot.doveadm("fetch", "-u", user, "flags", "mailbox", "INBOX")


async def test_a_mark_is_taken_off_under_a_new_uid(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """Where the UIDs began anew the message is found by what it is, and not marked once more."""
    box = box_of(dovecot, user)
    async with guarded(box, state=tmp_path, posts=[post(pack(do="flag"))]) as watching:
        _, entry = await moved(watching, dovecot, user)
        await blocking(dovecot.reset_uid_validity, user, "INBOX")
        assert await watching.engine.store.undo(entry.id, now=1.0, reason="a person asked")
        attend(watching)
        await until_state(watching, ActionState.UNDONE)

    assert "$Unwanted" not in dovecot.doveadm("fetch", "-u", user, "flags", "mailbox", "INBOX")
