"""The Postgres of the tests does what the tests of the product build on.

Must not know: the product.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import asyncpg
import pytest

from tests.support.postgres import Postgres

pytestmark = pytest.mark.server

#: What a statement may raise whose session has ended: the server's farewell was read before it,
#: or with it, or the end of the connection was.
LOST = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)


async def test_a_database_of_the_tests_is_empty_and_no_other_test_has_it(
    postgres: Postgres, database: str
) -> None:
    """What one test writes is not in the database of the next."""
    other = await postgres.make()
    async with postgres.asking(database) as connection:
        await connection.execute("CREATE TABLE mine (id int)")
    async with postgres.asking(other) as connection:
        tables = await connection.fetchval(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        )

    await postgres.drop(other)

    assert tables == 0


async def test_a_database_made_from_a_template_has_its_tables(
    postgres: Postgres, database: str
) -> None:
    """A schema is written once and copied for each test."""
    async with postgres.asking(database) as connection:
        await connection.execute("CREATE TABLE prepared (id int)")

    copy = await postgres.make(template=database)
    async with postgres.asking(copy) as connection:
        found = await connection.fetchval("SELECT to_regclass('prepared')")
    await postgres.drop(copy)

    assert found == "prepared"


async def test_a_cut_connection_fails_and_the_next_one_is_made(
    postgres: Postgres, database: str
) -> None:
    """The server ends the session; it does not refuse the next."""
    async with postgres.asking(database) as connection:
        assert await postgres.cut(database) == 1
        with pytest.raises(LOST):
            await connection.execute("SELECT 1")
    async with postgres.asking(database) as connection:
        assert await connection.fetchval("SELECT 1") == 1


async def test_what_a_durable_server_answered_survives_its_kill(
    make_postgres: Callable[..., Postgres],
) -> None:
    """After SIGKILL of every process it recovers on the same port, with what was committed."""
    server = make_postgres(durable=True)
    async with server.asking("postgres") as connection:
        await connection.execute("CREATE TABLE kept (id int)")
        await connection.execute("INSERT INTO kept VALUES (7)")

    await asyncio.to_thread(server.kill)
    with pytest.raises(OSError, match="Connect call failed"):
        async with server.asking("postgres"):
            pass
    await asyncio.to_thread(server.start)

    async with server.asking("postgres") as connection:
        assert await connection.fetchval("SELECT id FROM kept") == 7


async def test_a_restarted_server_has_ended_its_sessions_in_order(
    make_postgres: Callable[..., Postgres],
) -> None:
    """A restart does not wait for clients, and needs no recovery."""
    server = make_postgres()
    async with server.asking("postgres") as connection:
        await asyncio.to_thread(server.restart)
        with pytest.raises(LOST):
            await connection.execute("SELECT 1")

    assert "was not properly shut down" not in server.log()


async def test_a_paused_server_answers_when_it_goes_on(
    make_postgres: Callable[..., Postgres],
) -> None:
    """Its connections stay; nobody answers until then."""
    server = make_postgres()
    async with server.asking("postgres") as connection:
        server.pause()
        asked = asyncio.ensure_future(connection.fetchval("SELECT 7"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(asked), 0.2)
        server.resume()

        assert await asked == 7


async def test_a_removed_server_leaves_neither_folder_nor_process(
    make_postgres: Callable[..., Postgres],
) -> None:
    """Also one that was killed is removed whole."""
    server = make_postgres()
    server.kill()
    server.close()

    assert not server.base.exists()
    with pytest.raises(RuntimeError, match="not running"):
        server.pause()
