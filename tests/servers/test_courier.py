"""Courier, a server of another make: IDLE and UIDPLUS only, folders under INBOX."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.support.books import Books, letter, new_token
from tests.support.courier import Courier
from tests.support.engine import Watching, blocking, mailbox
from vedette.config.settings import AccountSettings

pytestmark = pytest.mark.server

#: In nanoseconds: a clock that is behind.
HOUR = 3_600_000_000_000


def box_of(server: Courier, user: str, folders: tuple[str, ...] = ("\\Inbox",)) -> AccountSettings:
    return mailbox(user, port=server.tls_port, ca_file=server.ca_file, folders=folders)


async def put(server: Courier, user: str, books: Books, folder: str = "INBOX") -> None:
    """Deliver one message and enter it."""
    token = new_token()
    books.expect([token])
    await blocking(server.deliver, user, letter(token), folder=folder)


async def test_courier_is_watched_while_idle(courier: Courier, user: str, tmp_path: Path) -> None:
    """Connect, watch, and each message comes once."""
    async with Watching(box_of(courier, user), state=tmp_path) as watching:
        await watching.until_connected()
        for _ in range(2):
            await put(courier, user, watching.books)
            await watching.until_all_came()

    assert watching.check().events == 2


async def test_courier_is_caught_up_with_after_we_were_down(
    courier: Courier, user: str, tmp_path: Path
) -> None:
    """What arrives between two runs comes with the second, what follows too."""
    books = Books()
    async with Watching(box_of(courier, user), state=tmp_path, books=books) as watching:
        await watching.until_connected()
        await put(courier, user, books)
        await watching.until_all_came()
    for _ in range(5):
        await put(courier, user, books)

    async with Watching(box_of(courier, user), state=tmp_path, books=books) as watching:
        await watching.until_all_came()
        await put(courier, user, books)
        await watching.until_all_came()

    assert books.check().events == 7


async def test_s2_s16_a_message_of_courier_that_gives_its_uid_away_is_seen_before(
    courier: Courier, user: str, tmp_path: Path
) -> None:
    """Mail of a clock that is behind takes the UID of another, which may come again; none is lost.

    Courier keeps UIDs from the first SELECT of a folder on. Where EXAMINE alone opens it, it
    counts them anew at each look, in the order of the files' names.
    """
    first, behind = new_token(), new_token()
    now = time.time_ns()
    async with Watching(box_of(courier, user), state=tmp_path) as watching:
        await watching.until_connected()
        for token, at in ((first, now), (behind, now - HOUR)):
            watching.books.expect([token])
            await blocking(courier.deliver, user, letter(token), at=at)
            await watching.until_all_came()

    told = {receipt.id: receipt for receipt in watching.books.receipts}.values()
    (once, *again) = [each for each in told if each.token == first]
    assert [(each.uid, each.seen_before) for each in again] in ([], [(2, True)])
    # Apart from that one event everything is as ever.
    watching.books.receipts = [each for each in told if each is once or each.token == behind]
    assert watching.check().events == 2


async def test_a_folder_of_courier_is_named_as_courier_names_it(
    courier: Courier, user: str, tmp_path: Path
) -> None:
    """INBOX.Junk has no special use here; its name watches it."""
    await blocking(courier.append, user, "INBOX.Junk", letter(new_token()))
    box = box_of(courier, user, ("\\Inbox", "INBOX.Junk"))
    async with Watching(box, state=tmp_path) as watching:
        await watching.until_connected()
        await put(courier, user, watching.books, "INBOX.Junk")
        await watching.until_all_came()

    assert [each.folder for each in watching.books.receipts] == ["INBOX.Junk"]
    assert watching.check().events == 1


async def test_a_burst_at_courier_comes_whole(courier: Courier, user: str, tmp_path: Path) -> None:
    """200 messages at once come once each."""
    async with Watching(box_of(courier, user), state=tmp_path) as watching:
        await watching.until_connected()
        for _ in range(200):
            await put(courier, user, watching.books)
        await watching.until_all_came()

    assert watching.check().events == 200
