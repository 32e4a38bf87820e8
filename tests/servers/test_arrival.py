"""Mail that arrives while a folder is watched, on a server with every extension and on one with none."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import Books, letter, new_token
from tests.support.dovecot import Dovecot
from tests.support.engine import Watching, blocking, mailbox
from vedette.model.account import Beginning, Depth, Start
from vedette.ports.store import EventQuery

pytestmark = pytest.mark.server

#: Sizes around the first window of a message, in octets (64 KiB), and its neighbours.
EDGES = (65_535, 65_536, 65_537, 131_071, 131_073)
MIB = 1024 * 1024


@pytest.fixture(params=["dovecot", "plain_dovecot"])
def server(request: pytest.FixtureRequest) -> Dovecot:
    """Return a server: one with IDLE, NOTIFY, CONDSTORE, QRESYNC, MOVE, then one without."""
    found: Dovecot = request.getfixturevalue(request.param)
    return found


async def put(server: Dovecot, user: str, books: Books, *, folder: str = "INBOX") -> str:
    """Deliver one message and enter it."""
    token = new_token()
    books.expect([token])
    await blocking(server.deliver, user, letter(token), folder=folder)
    return token


async def test_mail_comes_while_the_folder_is_idle(
    server: Dovecot, user: str, tmp_path: Path
) -> None:
    """Each message of a quiet mailbox comes by itself, once."""
    box = mailbox(user, port=server.tls_port, ca_file=server.ca_file)
    async with Watching(box, state=tmp_path) as watching:
        await watching.until_connected()
        for _ in range(3):
            await put(server, user, watching.books)
            await watching.until_all_came()

    watching.books.expected.clear()
    watching.books.expect_held(server.holdings(user))
    assert watching.check().events == 3


async def test_mail_comes_in_a_second_folder(server: Dovecot, user: str, tmp_path: Path) -> None:
    """Junk is watched beside INBOX on one connection."""
    box = mailbox(user, port=server.tls_port, ca_file=server.ca_file)
    async with Watching(box, state=tmp_path) as watching:
        await watching.until_connected()
        await put(server, user, watching.books, folder="Junk")
        await watching.until_all_came()

    assert [receipt.folder for receipt in watching.books.receipts] == ["Junk"]


async def test_a_header_asked_for_alone_is_whole(
    server: Dovecot, user: str, tmp_path: Path
) -> None:
    """At depth metadata the body is not missing but unasked: that is no defect of the mail."""
    box = mailbox(user, port=server.tls_port, ca_file=server.ca_file, depth=Depth.METADATA)
    async with Watching(box, state=tmp_path) as watching:
        await watching.until_connected()
        token = await put(server, user, watching.books)
        await watching.until_all_came()
        told = await stored_messages(watching)

    assert told[token]["defects"] == []
    assert "text" not in told[token]


async def test_a_burst_of_five_hundred_comes_whole(
    server: Dovecot, user: str, tmp_path: Path
) -> None:
    """500 messages that arrive while they are being fetched come once each."""
    box = mailbox(user, port=server.tls_port, ca_file=server.ca_file)
    async with Watching(box, state=tmp_path) as watching:
        await watching.until_connected()
        tokens = [new_token() for _ in range(500)]
        watching.books.expect(tokens)
        await blocking(server.deliver_many, user, [letter(token) for token in tokens])
        await watching.until_all_came()

    watching.books.expected.clear()
    watching.books.expect_held(server.holdings(user))
    assert watching.check().events == 500


async def test_what_arrives_while_we_are_down_comes_at_the_next_start(
    server: Dovecot, user: str, tmp_path: Path
) -> None:
    """A second run goes on where the first one ended."""
    box = mailbox(user, port=server.tls_port, ca_file=server.ca_file)
    books = Books()
    async with Watching(box, state=tmp_path, books=books) as watching:
        await watching.until_connected()
        await put(server, user, books)
        await watching.until_all_came()
    for folder in ("INBOX", "Junk", "INBOX"):
        await put(server, user, books, folder=folder)

    async with Watching(box, state=tmp_path, books=books) as watching:
        await watching.until_all_came()

    assert books.check().events == 4


async def test_flags_are_the_same_before_and_after(
    server: Dovecot, user: str, tmp_path: Path
) -> None:
    r"""Reading sets no \Seen, and takes no \Recent-like mark from anyone."""
    box = mailbox(
        user,
        port=server.tls_port,
        ca_file=server.ca_file,
        beginning=Beginning(start=Start.LAST, count=10),
        depth=Depth.FULL,
    )
    books = Books()
    for flags in ("", "\\Flagged", "(\\Seen $Label)"):
        token = new_token()
        books.expect([token])
        await blocking(server.append, user, "INBOX", letter(token), flags=flags)
    before = server.doveadm("fetch", "-u", user, "uid flags modseq", "mailbox", "INBOX")

    async with Watching(box, state=tmp_path, books=books) as watching:
        await watching.until_all_came()

    assert server.doveadm("fetch", "-u", user, "uid flags modseq", "mailbox", "INBOX") == before
    assert "\\Seen" in before


async def test_large_messages_keep_their_size_and_their_text(
    server: Dovecot, user: str, tmp_path: Path
) -> None:
    """Messages around 64 KiB, and of 5 MB, come whole: size and last word are right."""
    box = mailbox(user, port=server.tls_port, ca_file=server.ca_file, depth=Depth.FULL)
    async with Watching(box, state=tmp_path) as watching:
        await watching.until_connected()
        sizes = {}
        for size in (*EDGES, 5 * MIB):
            token = new_token()
            raw = sized(token, size)
            sizes[token] = len(raw)
            watching.books.expect([token])
            await blocking(server.append, user, "INBOX", raw)
        await watching.until_all_came()
        stored = await stored_messages(watching)

    assert {token: stored[token]["size"] for token in sizes} == sizes
    assert [token for token in sizes if stored[token]["attachments"][0]["size"] != ATTACHED] == []
    assert watching.check().events == len(sizes)


#: Octets of the attachment that stands at the very end of a large message.
ATTACHED = 12


def sized(token: str, size: int) -> bytes:
    """Return a message of exactly ``size`` octets that ends in a small attachment."""
    head, _, _ = letter(token).partition(b"\r\n\r\n")
    head += b'\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    head += b"--b\r\nContent-Type: text/plain\r\n\r\n"
    tail = (
        b"\r\n--b\r\nContent-Type: application/octet-stream\r\n"
        b'Content-Disposition: attachment; filename="end.bin"\r\n\r\n'
        b"the very end\r\n--b--\r\n"
    )
    line = b"x" * 76 + b"\r\n"
    room = size - len(head) - len(tail)
    full, rest = divmod(room, len(line))
    return head + line * full + b"y" * rest + tail


async def stored_messages(watching: Watching) -> dict[str, dict[str, Any]]:
    """Return the data of every message event by its token."""
    found = await watching.engine.store.events(
        EventQuery(types=("message.received",), limit=10_000)
    )
    events = [json.loads(each.body) for each in found]
    return {event["data"]["subject"]: event["data"] for event in events}


async def test_last_begins_with_so_many_messages(
    server: Dovecot, user: str, tmp_path: Path
) -> None:
    """``last`` takes the newest of the past and everything after."""
    books = Books()
    tokens = [new_token() for _ in range(8)]
    await blocking(server.deliver_many, user, [letter(token) for token in tokens])
    books.expect(tokens[-3:])
    box = mailbox(
        user,
        port=server.tls_port,
        ca_file=server.ca_file,
        beginning=Beginning(start=Start.LAST, count=3),
    )

    async with Watching(box, state=tmp_path, books=books) as watching:
        await watching.until_connected()
        await put(server, user, books)
        await watching.until_all_came()

    assert books.check().events == 4


async def test_since_begins_at_a_date(server: Dovecot, user: str, tmp_path: Path) -> None:
    """``since`` takes what arrived from an instant on, by the server's own date."""
    books = Books()
    old, fresh = new_token(), new_token()
    with server.client(user) as client:
        client.append("INBOX", "", '"01-Nov-2026 10:00:00 +0000"', letter(old))
        client.append("INBOX", "", '"10-Nov-2026 10:00:00 +0000"', letter(fresh))
    books.expect([fresh])
    box = mailbox(
        user,
        port=server.tls_port,
        ca_file=server.ca_file,
        beginning=Beginning(start=Start.DATE, instant=1_793_923_200.0),  # 6 November 2026
    )

    async with Watching(box, state=tmp_path, books=books) as watching:
        await watching.until_all_came()

    assert books.check().events == 1


async def test_a_hundred_mailboxes_are_watched_at_once(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """Each of a hundred accounts gets its own mail and nobody else's."""
    users = [f"{user}-{number}" for number in range(100)]
    boxes = [
        mailbox(each, name=each, port=dovecot.tls_port, ca_file=dovecot.ca_file) for each in users
    ]
    async with Watching(*boxes, state=tmp_path) as watching:
        await watching.until(lambda: watching.connects >= 100, "100 connects")
        owners = {}
        for each in users:
            owners[await put(dovecot, each, watching.books)] = each
        await watching.until_all_came()

    assert {receipt.token: receipt.account for receipt in watching.books.receipts} == owners
    assert watching.check().repeats == 0


async def test_two_folders_of_the_same_message_are_two_events(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """A copy in another watched folder is an event of its own, marked as seen before."""
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file)
    async with Watching(box, state=tmp_path) as watching:
        await watching.until_connected()
        token = await put(dovecot, user, watching.books)
        await watching.until_all_came()
        watching.books.expect([token], places=2)
        await asyncio.to_thread(
            dovecot.doveadm, "copy", "-u", user, "Junk", "mailbox", "INBOX", "ALL"
        )
        await watching.until_all_came()

    assert watching.check().events == 2
    assert [receipt.seen_before for receipt in watching.books.receipts] == [False, True]
