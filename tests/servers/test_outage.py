"""A server that goes away, hangs, or has enough of us; each ends with nothing lost."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.books import Books, letter, new_token
from tests.support.dovecot import Dovecot
from tests.support.engine import Watching, blocking, mailbox
from vedette.errors import AuthError, LimitError, NetworkError
from vedette.model.account import AccountState
from vedette.sync.cadence import Tempo

pytestmark = pytest.mark.server

MakeDovecot = Callable[..., Dovecot]


async def put(server: Dovecot, user: str, books: Books, count: int = 1) -> None:
    """Deliver messages and enter them."""
    tokens = [new_token() for _ in range(count)]
    books.expect(tokens)
    await blocking(server.deliver_many, user, [letter(token) for token in tokens])


async def test_a_killed_server_costs_nothing(
    make_dovecot: MakeDovecot, user: str, tmp_path: Path
) -> None:
    """SIGKILL, a start, and mail before and after: all of it comes."""
    server = make_dovecot()
    box = mailbox(user, port=server.tls_port, ca_file=server.ca_file)
    async with Watching(box, state=tmp_path) as watching:
        await watching.until_connected()
        await put(server, user, watching.books, 3)
        await blocking(server.kill)
        await watching.until_failed(NetworkError)
        await blocking(server.start)
        await put(server, user, watching.books, 2)
        await watching.until_all_came()

    watching.books.expected.clear()
    watching.books.expect_held(server.holdings(user))
    assert watching.check().events == 5


async def test_a_server_that_is_down_at_our_start_is_waited_for(
    make_dovecot: MakeDovecot, user: str, tmp_path: Path
) -> None:
    """Mail from before the outage and from after it comes once the server is back."""
    server = make_dovecot()
    box = mailbox(user, port=server.tls_port, ca_file=server.ca_file)
    books = Books()
    async with Watching(box, state=tmp_path, books=books) as watching:
        await watching.until_connected()
    await put(server, user, books)
    await blocking(server.stop)

    async with Watching(box, state=tmp_path, books=books) as watching:
        await watching.until_failed(NetworkError)
        await blocking(server.start)
        await put(server, user, books)
        await watching.until_all_came()

    assert books.check().events == 2


async def test_an_orderly_restart_says_bye_and_is_survived(
    make_dovecot: MakeDovecot, user: str, tmp_path: Path
) -> None:
    """BYE ends the connection, not the watch."""
    server = make_dovecot()
    box = mailbox(user, port=server.tls_port, ca_file=server.ca_file)
    async with Watching(box, state=tmp_path) as watching:
        await watching.until_connected()
        await blocking(server.restart)
        await put(server, user, watching.books)
        await watching.until_connected(2)
        await watching.until_all_came()

    assert watching.check().events == 1


async def test_a_refused_connection_for_their_number_is_no_strike(
    make_dovecot: MakeDovecot, user: str, tmp_path: Path
) -> None:
    """mail_max_userip_connections: LimitError, the account keeps its strikes, and recovers."""
    server = make_dovecot(max_connections=1)
    box = mailbox(user, port=server.tls_port, ca_file=server.ca_file)
    books = Books()
    async with Watching(box, state=tmp_path, books=books) as watching:
        with held_by_another_program(server, user):
            error = await watching.until_failed(LimitError)
            await watching.until_health(lambda health: health.error is not None, "error")
            assert watching.health.strikes == 0
        await watching.until_connected()
        await put(server, user, books)
        await watching.until_all_came()

    assert "maximum number of connections" in str(error).lower()
    assert watching.check().events == 1


@contextmanager
def held_by_another_program(server: Dovecot, user: str) -> Iterator[None]:
    with server.client(user):
        yield


async def test_a_hanging_imap_process_is_found_within_the_proof(
    make_dovecot: MakeDovecot, user: str, tmp_path: Path
) -> None:
    """SIGSTOP on the server's process: no answer within the deadline, a new link, no loss."""
    server = make_dovecot()
    box = mailbox(user, port=server.tls_port, ca_file=server.ca_file)
    async with Watching(box, state=tmp_path, tempo=Tempo(proof=1.0)) as watching:
        await watching.until_connected()
        await put(server, user, watching.books)
        await watching.until_all_came()
        stopped = await asyncio.to_thread(server.session_pids, user)
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            await put(server, user, watching.books)
            error = await watching.until_failed(NetworkError)
            await watching.until_all_came()
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)

    assert "answer" in str(error)
    assert watching.check().events == 2


async def test_a_wrong_password_is_tried_three_times_and_then_parked(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """Three strikes and no fourth login; a changed configuration revives the account."""
    wrong = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file, password="wrong")
    right = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file)
    books = Books()
    async with Watching(wrong, state=tmp_path, books=books) as watching:
        await watching.until_failed(AuthError)
        await watching.until_health(lambda health: health.strikes == 1, "strike 1")
    # Strikes outlive a restart, so that a crash loop is no attack on the account.
    async with Watching(wrong, state=tmp_path, books=books) as watching:
        await watching.until_failed(AuthError)
        await watching.until_health(lambda health: health.strikes == 2, "strike 2")
    async with Watching(wrong, state=tmp_path, books=books) as watching:
        await watching.until_failed(AuthError)
        await watching.until_taken(lambda it: bool(it.of_type("account.paused")), "pause")
        assert watching.health.state is AccountState.PAUSED
        settings = watching.engine.settings
        await watching.engine.apply(
            type(settings)(state=settings.state, accounts=(right,), tempo=settings.tempo)
        )
        await watching.until_connected()
        await put(dovecot, user, books)
        await watching.until_all_came()

    assert books.check().events == 1
    refused = [
        line for line in dovecot.log().splitlines() if user in line and "auth failed" in line
    ]
    assert len(refused) == 3
