"""Large messages are acted on by their heads, read on in quarantine, and brought back if protected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.books import new_token
from tests.support.dovecot import Dovecot
from tests.support.engine import blocking, mailbox
from tests.support.guards import LISTED, PROTECTED, QUARANTINE, guarded, held, unwanted
from vedette.engine.fetching import Fetching
from vedette.engine.standing import Standing
from vedette.errors import NetworkError
from vedette.model.account import Depth
from vedette.model.action import ActionState
from vedette.ports.journal import JournalQuery
from vedette.ports.store import EventQuery

pytestmark = pytest.mark.server

LACKS = {
    "everything": frozenset[str](),
    "no MOVE, no SEARCHRES": frozenset({"MOVE", "SEARCHRES"}),
}
#: What a border server writes above a message that is from whom it says.
PROVED = b"Authentication-Results: mx.example.org; dmarc=pass\r\n"
LINE = "x" * 70 + "\r\n"
#: More than two windows of 64 KiB, and a word at the very end.
LONG = LINE * 3_000


@pytest.mark.parametrize("lacks", LACKS.values(), ids=LACKS)
async def test_a_large_message_is_moved_before_it_is_whole_and_told_whole(
    lacks: frozenset[str], make_dovecot: Callable[..., Dovecot], user: str, tmp_path: Path
) -> None:
    """The event has its size and its last word, under the UID that it had in INBOX."""
    server = make_dovecot(without=lacks)
    box = mailbox(user, port=server.tls_port, ca_file=server.ca_file, depth=Depth.FULL)
    async with guarded(box, state=tmp_path) as watching:
        await watching.until_connected()
        token = new_token()
        watching.books.expect([token])
        await blocking(server.deliver, user, unwanted(token, text=LONG + "the very end"))
        await watching.until_all_came()
        await watching.until_taken(
            lambda books: bool(books.of_type("action.applied")), "action.applied"
        )
        [event] = await watching.engine.store.events(EventQuery(types=("message.received",)))
        [entry] = await watching.engine.store.journal(JournalQuery())

    assert held(server, user) == {QUARANTINE: [token]}
    assert b"the very end" in event.body
    assert b'"truncated":false' in event.body
    assert [receipt.folder for receipt in watching.books.receipts] == ["INBOX"]
    assert [receipt.uid for receipt in watching.books.receipts] == [1]
    assert entry.state is ActionState.DONE
    # What was moved was told of after it: the action did not wait for the whole message.
    kinds = [each["type"] for each in watching.books.others if each["type"] != "account.connected"]
    assert kinds == ["guard.decided", "action.applied"]


async def test_a_protection_at_the_end_of_a_large_message_brings_it_back(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """It was moved by its head, its text says why it must not be, and it is in INBOX again."""
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file, depth=Depth.FULL)
    async with guarded(box, state=tmp_path) as watching:
        await watching.until_connected()
        token = new_token()
        watching.books.expect([token], places=2)
        await blocking(dovecot.deliver, user, unwanted(token, text=LONG + PROTECTED))
        await watching.until_taken(
            lambda books: bool(books.of_type("action.undone")), "action.undone"
        )
        await watching.until_all_came()
        entries = await watching.engine.store.journal(JournalQuery())

    assert held(dovecot, user) == {"INBOX": [token]}
    moved = next(each for each in entries if each.kind == "move")
    assert (moved.state, moved.reason) == (ActionState.UNDONE, "protected")
    assert watching.books.of_type("action.undone")[0]["data"]["reason"] == "protected"


@pytest.mark.parametrize(("field", "stays"), [(PROVED, True), (b"", False)])
async def test_the_head_of_a_large_message_is_proved_like_the_whole(
    dovecot: Dovecot,
    user: str,
    tmp_path: Path,
    field: bytes,
    stays: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """What was learned to be left alone is not moved first; a forged one is."""
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file, depth=Depth.FULL)
    box = replace(box, account=replace(box.account, trusted_authserv=("mx.example.org",)))
    async with guarded(box, state=tmp_path) as watching:
        key = (box.account.id, "unwanted")
        watching.engine.guards.standing = Standing(learned={key: frozenset({LISTED})})
        await watching.until_connected()
        token = new_token()
        watching.books.expect([token])
        await blocking(dovecot.deliver, user, field + unwanted(token, text=LONG))
        await watching.until_all_came()
        entries = await watching.engine.store.journal(JournalQuery())

    assert held(dovecot, user) == {"INBOX" if stays else QUARANTINE: [token]}
    assert (entries == []) is stays


async def test_what_was_moved_by_its_head_is_told_after_the_link_died(
    dovecot: Dovecot, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection ends between the move and the rest: the next one reads it in quarantine."""
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file, depth=Depth.FULL)
    async with guarded(box, state=tmp_path) as watching:
        await watching.until_connected()
        died: list[int] = []

        async def dies(self: Fetching, *words: object) -> object:
            if not died:
                died.append(1)
                self.session.link.close()
                raise NetworkError("the line was cut")
            return await rest(self, *words)  # type: ignore[arg-type]

        rest = Fetching._rest
        monkeypatch.setattr(Fetching, "_rest", dies)
        token = new_token()
        watching.books.expect([token])
        await blocking(dovecot.deliver, user, unwanted(token, text=LONG + "the very end"))
        await watching.until_all_came()
        [event] = await watching.engine.store.events(EventQuery(types=("message.received",)))

    assert died
    assert held(dovecot, user) == {QUARANTINE: [token]}
    assert b"the very end" in event.body
    assert [receipt.uid for receipt in watching.books.receipts] == [1]
