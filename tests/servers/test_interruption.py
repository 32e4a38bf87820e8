"""Mail that arrives at the worst moment: a proxy holds or cuts the stream at a chosen word."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.books import Books, letter, new_token
from tests.support.dovecot import Dovecot
from tests.support.engine import PATIENCE, Watching, blocking, mailbox
from tests.support.fault_proxy import FaultProxy
from tests.support.toxics import Hold, Way
from vedette.ports.link import Encryption

pytestmark = pytest.mark.server

#: A word of the conversation, and whose it is: arrival while the server works on it, and while
#: its answer is on the way.
MOMENTS = [
    pytest.param((b"EXAMINE", Way.UP), id="before EXAMINE reaches the server"),
    pytest.param((b"[READ-ONLY]", Way.DOWN), id="before the answer to EXAMINE"),
    pytest.param((b"UID FETCH", Way.UP), id="before FETCH reaches the server"),
    pytest.param((b" FETCH (", Way.DOWN), id="before the answer to FETCH"),
    pytest.param((b"DONE", Way.UP), id="before DONE reaches the server"),
    pytest.param((b"IDLE", Way.UP), id="before IDLE reaches the server"),
    pytest.param((b"+ idling", Way.DOWN), id="before the server idles"),
    pytest.param((b"EXISTS", Way.DOWN), id="before an EXISTS arrives"),
]


async def put(server: Dovecot, user: str, books: Books, count: int = 1) -> None:
    """Deliver messages and enter them."""
    tokens = [new_token() for _ in range(count)]
    books.expect(tokens)
    await blocking(server.deliver_many, user, [letter(token) for token in tokens])


@pytest.mark.parametrize("ending", ["released", "cut"])
@pytest.mark.parametrize("moment", MOMENTS)
async def test_mail_that_arrives_in_the_middle_of_a_word_comes_once(
    dovecot: Dovecot, user: str, tmp_path: Path, moment: tuple[bytes, Way], ending: str
) -> None:
    """The stream stops at a word, mail arrives, and the stream goes on or breaks: nothing is lost."""
    word, way = moment
    hold = Hold(word, way=way)
    books = Books()
    async with FaultProxy(dovecot.host, dovecot.port) as proxy:
        box = mailbox(
            user,
            port=proxy.port,
            ca_file=dovecot.ca_file,
            folders=("\\Inbox",),
            encryption=Encryption.NONE,
        )
        async with Watching(box, state=tmp_path, books=books) as watching:
            await watching.until_connected()
            await put(dovecot, user, books)
            await watching.until_all_came()
            if word in {b"EXAMINE", b"[READ-ONLY]"}:
                # Said only in a new connection.
                await put(dovecot, user, books)
                proxy.cut()
                proxy.put(hold)
            else:
                proxy.put(hold)
                await put(dovecot, user, books)
            async with asyncio.timeout(PATIENCE):
                await hold.news.wait()
            await put(dovecot, user, books, count=3)
            if ending == "cut":
                proxy.cut()
            proxy.take(hold)
            await watching.until_all_came()

    books.expected.clear()
    books.expect_held(dovecot.holdings(user))
    assert books.check().events == 5
