"""Folders that are deleted, renamed, made again and renumbered under our feet."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.books import Books, letter, new_token
from tests.support.dovecot import Dovecot
from tests.support.engine import Watching, blocking, mailbox

pytestmark = pytest.mark.server

#: Named one by one, and found by a pattern.
NAMED = ("\\Inbox", "Work", "Later")
ALL = ("*",)


@pytest.fixture(params=["dovecot", "plain_dovecot"])
def server(request: pytest.FixtureRequest) -> Dovecot:
    """Return a server with every extension, then one with none."""
    found: Dovecot = request.getfixturevalue(request.param)
    return found


async def put(server: Dovecot, user: str, books: Books, folder: str, *, count: int = 1) -> None:
    """Append messages and enter them."""
    for _ in range(count):
        token = new_token()
        books.expect([token])
        await blocking(server.append, user, folder, letter(token))


async def doveadm(server: Dovecot, *words: str) -> None:
    await asyncio.to_thread(server.doveadm, *words)


@pytest.mark.parametrize("folders", [NAMED, ALL], ids=["named", "all"])
async def test_a_deleted_folder_that_is_made_again_is_watched_again(
    server: Dovecot, user: str, tmp_path: Path, folders: tuple[str, ...]
) -> None:
    """Its old mail came, its new mail comes, and the account goes on meanwhile."""
    await doveadm(server, "mailbox", "create", "-u", user, "Work")
    box = mailbox(user, port=server.tls_port, ca_file=server.ca_file, folders=folders)
    async with Watching(box, state=tmp_path) as watching:
        await watching.until_connected()
        await put(server, user, watching.books, "Work", count=3)
        await watching.until_all_came()
        await doveadm(server, "mailbox", "delete", "-u", user, "Work")
        await put(server, user, watching.books, "INBOX")
        await watching.until_all_came()
        # Mail that is there when the folder is found again came after the watch began.
        await put(server, user, watching.books, "Work", count=2)
        await watching.until_all_came()

    assert watching.check().events == 6


@pytest.mark.parametrize("folders", [NAMED, ALL], ids=["named", "all"])
async def test_a_renamed_folder_is_followed(
    server: Dovecot, user: str, tmp_path: Path, folders: tuple[str, ...]
) -> None:
    """What comes under the new name comes; what was there is not told as new mail."""
    await doveadm(server, "mailbox", "create", "-u", user, "Work")
    box = mailbox(user, port=server.tls_port, ca_file=server.ca_file, folders=folders)
    async with Watching(box, state=tmp_path) as watching:
        await watching.until_connected()
        await put(server, user, watching.books, "Work", count=3)
        await watching.until_all_came()
        old = {receipt.token for receipt in watching.books.receipts}
        await doveadm(server, "mailbox", "rename", "-u", user, "Work", "Later")
        await put(server, user, watching.books, "Later", count=2)
        await watching.until_all_came()
        await put(server, user, watching.books, "INBOX")
        await watching.until_all_came()

    again = [
        each for each in watching.books.receipts if each.folder == "Later" and each.token in old
    ]
    assert [each for each in again if not each.seen_before] == []
    assert watching.books.missing == []
    assert watching.books.compare().reused_ids == []


async def test_a_new_uid_validity_delivers_only_what_is_really_new(
    server: Dovecot, user: str, tmp_path: Path
) -> None:
    """After a reset with mail in the gap there is one mailbox.reset, and no second event."""
    box = mailbox(user, port=server.tls_port, ca_file=server.ca_file)
    books = Books()
    async with Watching(box, state=tmp_path, books=books) as watching:
        await watching.until_connected()
        await put(server, user, books, "INBOX", count=5)
        await watching.until_all_came()
    await put(server, user, books, "INBOX", count=2)
    await asyncio.to_thread(server.reset_uid_validity, user, "INBOX")
    await put(server, user, books, "INBOX", count=2)

    async with Watching(box, state=tmp_path, books=books) as watching:
        await watching.until_all_came()
        await put(server, user, books, "INBOX")
        await watching.until_all_came()

    books.expected.clear()
    books.expect_held(server.holdings(user))
    assert books.check().events == 10
    assert len(books.of_type("mailbox.reset")) == 1


async def test_a_uid_validity_that_changes_while_we_watch_is_noticed(
    server: Dovecot, user: str, tmp_path: Path
) -> None:
    """The folder in hand is renumbered: what follows comes, and nothing comes twice."""
    box = mailbox(user, port=server.tls_port, ca_file=server.ca_file)
    async with Watching(box, state=tmp_path) as watching:
        await watching.until_connected()
        await put(server, user, watching.books, "INBOX", count=3)
        await watching.until_all_came()
        await asyncio.to_thread(server.reset_uid_validity, user, "INBOX")
        await put(server, user, watching.books, "INBOX", count=2)
        await watching.until_all_came()

    assert watching.check().events == 5
    assert len(watching.books.of_type("mailbox.reset")) == 1


async def test_a_move_out_of_sight_tells_nothing(
    server: Dovecot, user: str, tmp_path: Path
) -> None:
    """A message that another program files away is no event, and costs no other one."""
    box = mailbox(user, port=server.tls_port, ca_file=server.ca_file)
    async with Watching(box, state=tmp_path) as watching:
        await watching.until_connected()
        await put(server, user, watching.books, "INBOX", count=3)
        await watching.until_all_came()
        await asyncio.to_thread(server.move, user, "INBOX", "Archive")
        await put(server, user, watching.books, "INBOX", count=2)
        await watching.until_all_came()

    assert watching.check().events == 5


async def test_a_move_into_a_watched_folder_is_an_event_seen_before(
    server: Dovecot, user: str, tmp_path: Path
) -> None:
    """INBOX to Junk: the message has a new place, so it has an event, marked seenBefore."""
    box = mailbox(user, port=server.tls_port, ca_file=server.ca_file)
    async with Watching(box, state=tmp_path) as watching:
        await watching.until_connected()
        token = new_token()
        watching.books.expect([token])
        await blocking(server.append, user, "INBOX", letter(token))
        await watching.until_all_came()
        watching.books.expect([token], places=2)
        await asyncio.to_thread(server.move, user, "INBOX", "Junk")
        await watching.until_all_came()

    assert watching.check().repeats == 0
    assert [(each.folder, each.seen_before) for each in watching.books.receipts] == [
        ("INBOX", False),
        ("Junk", True),
    ]


async def test_mail_moved_while_a_burst_is_read_is_not_lost_where_it_stays(
    server: Dovecot, user: str, tmp_path: Path
) -> None:
    """Half of a burst is moved away under our feet; what INBOX still holds has come."""
    box = mailbox(user, port=server.tls_port, ca_file=server.ca_file)
    async with Watching(box, state=tmp_path) as watching:
        await watching.until_connected()
        letters = [letter(new_token()) for _ in range(200)]
        burst = asyncio.create_task(blocking(server.deliver_many, user, letters))
        moves = 0
        while not burst.done():
            await asyncio.to_thread(server.move, user, "INBOX", "Archive", "1:5")
            moves += 1
        await burst
        watching.books.expect_held(await asyncio.to_thread(server.holdings, user))
        await watching.until_all_came()

    verdict = watching.books.compare()
    assert moves > 0
    assert (verdict.lost, verdict.second_ids, verdict.reused_ids) == ([], [], [])
