"""What holds for each database, against the real one: read-only, bounded, row by row, told back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import absent
from tests.sources.databases import Home, MariadbHome, PostgresHome, SqliteHome, database
from tests.sources.given import KEY, sealed, settings
from tests.support.authority import Authority
from tests.support.clock import START, VirtualClock
from tests.support.debian import UnavailableError
from tests.support.mariadb import Mariadb
from tests.support.postgres import Postgres
from vedette.sources.database import BATCH, NAMES, Batch, Database, Order, SourceError
from vedette.sources.statement import read_statement
from vedette.sources.table import TableSource

pytestmark = pytest.mark.server

#: One table that all three understand.
TABLE = """
CREATE TABLE mailbox (
  id bigint PRIMARY KEY, email varchar(200), host varchar(200), password text, is_active boolean,
  last_connect_error text, last_connect_error_at timestamp NULL, last_idle_heartbeat_at timestamp NULL
)
"""
WHEN = datetime.fromtimestamp(START, UTC)


@pytest.fixture(scope="module")
def mariadb(authority: Authority) -> Iterator[Mariadb]:
    try:
        made = Mariadb(authority)
    except UnavailableError as why:
        absent(why)
    with made:
        yield made


@pytest.fixture(params=["postgres", "mysql", "sqlite"])
async def home(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Home]:
    """Return an empty table in each of the three."""
    found: Home
    if request.param == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        found = PostgresHome(server, await server.make())
    elif request.param == "mysql":
        maria: Mariadb = request.getfixturevalue("mariadb")
        found = MariadbHome(maria, await maria.make())
    else:
        found = SqliteHome(tmp_path)
    await found.run(TABLE, "SELECT 1")
    yield found
    if isinstance(found, PostgresHome):
        await found.server.drop(found.name)


async def batches(one: Database, query: str) -> list[Batch]:
    async with aclosing(one.read(query)) as found:
        return [each async for each in found]


async def put(home: Home, *ids: int, password: str = "pw") -> None:
    values = ", ".join(f"({id_}, 'u{id_}@example.org', 'h', '{password}', true)" for id_ in ids)
    await home.run(
        f"INSERT INTO mailbox (id, email, host, password, is_active) VALUES {values}", "SELECT 1"
    )


def order(text: str, **values: object) -> Order:
    return Order(statement=read_statement(text, known=NAMES), values=values)


async def test_rows_come_in_batches_with_their_columns(home: Home) -> None:
    """More rows than one batch holds, each with its values by name; and columns without any row."""
    one = database(home.url())
    empty = await batches(one, "SELECT id, email FROM mailbox")
    await put(home, *range(BATCH + 5))

    full = await batches(one, "SELECT id, email FROM mailbox ORDER BY id")

    assert [(each.columns, len(each.rows)) for each in empty] == [(("id", "email"), 0)]
    rows = [row for each in full for row in each.rows]
    assert [row["id"] for row in rows] == list(range(BATCH + 5))
    assert rows[3]["email"] == "u3@example.org"
    assert max(len(each.rows) for each in full) <= BATCH


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO mailbox (id) VALUES (1)",
        "INSERT INTO mailbox (id) VALUES (1) RETURNING id",
        "UPDATE mailbox SET email = 'x'",
        "DELETE FROM mailbox",
        "CREATE TABLE other (id int)",
        "DROP TABLE mailbox",
        "SELECT 1; DELETE FROM mailbox",
        "COMMIT; DELETE FROM mailbox",
    ],
)
async def test_a_query_can_not_write(home: Home, query: str) -> None:
    """The session is read-only, and one statement is all that it runs."""
    await put(home, 5)

    with pytest.raises(SourceError):
        await batches(database(home.url()), query)

    assert await home.run("SELECT id, email FROM mailbox") == [(5, "u5@example.org")]


async def test_a_query_that_does_not_end_is_ended(home: Home) -> None:
    """By the database itself, within the timeout."""
    endless = {
        "postgres": "SELECT 1 AS id, pg_sleep(60)",
        "mysql": "SELECT 1 AS id, SLEEP(60)",
        "sqlite": "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) "
        "SELECT count(*) AS id FROM n",
    }[home.kind]
    one = database(home.url(), text="timeout = 0.3\n")

    async with asyncio.timeout(20):
        try:
            found = await batches(one, endless)
        except SourceError:
            found = []

    # MariaDB has SLEEP return early; the others raise.
    assert home.kind == "mysql" or found == []


@pytest.mark.parametrize(
    ("kind", "query", "limit"),
    [
        ("postgres", "SELECT current_setting('statement_timeout') AS id", "7s"),
        ("mysql", "SELECT @@max_statement_time AS id", 7),
    ],
)
async def test_the_server_itself_knows_the_limit(
    request: pytest.FixtureRequest, kind: str, query: str, limit: object
) -> None:
    """What nobody waits for any more, because we were killed, ends there as well."""
    url = (
        request.getfixturevalue("postgres").url("postgres")
        if kind == "postgres"
        else request.getfixturevalue("mariadb").url("mysql")
    )

    found = await batches(database(url, text="timeout = 7\n"), query)

    assert [row["id"] for each in found for row in each.rows] == [limit]


async def test_what_is_not_there_is_told_in_the_words_of_the_database(home: Home) -> None:
    """One line, with the place and without the password."""
    with pytest.raises(SourceError, match="nothing_of_ours") as caught:
        await batches(database(home.url()), "SELECT id FROM nothing_of_ours")

    words = str(caught.value)
    assert "\n" not in words
    assert "s3cret" not in words


async def test_what_is_written_back_is_in_the_row(home: Home) -> None:
    """Words and times of each type, with a percent sign and a colon in the statement's own text."""
    await put(home, 1, 2)
    text = (
        "UPDATE mailbox SET last_connect_error = :error, email = '100%:id', "
        "last_connect_error_at = :error_at WHERE id = :id"
    )

    refused = await database(home.url()).write(
        [
            order(text, id=1, error="it's 'no'", error_at=START),
            order(text, id=2, error=None, error_at=None),
        ]
    )

    assert list(refused) == []
    rows = await home.run(
        "SELECT last_connect_error, email, last_connect_error_at FROM mailbox ORDER BY id"
    )
    assert rows[0][:2] == ("it's 'no'", "100%:id")
    assert written(rows[0][2]) == WHEN
    assert rows[1] == (None, "100%:id", None)


def written(value: Any) -> datetime:
    """Return the instant that a column holds."""
    found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


async def test_a_row_that_refuses_what_is_written_holds_up_no_other(home: Home) -> None:
    """A rule of the host's own is told, and the next row has its word."""
    await home.run(
        "CREATE TABLE strict (id bigint PRIMARY KEY, words varchar(9) CHECK (words <> 'bad'))",
        "SELECT 1",
    )
    await home.run("INSERT INTO strict (id) VALUES (1), (2)", "SELECT 1")
    text = "UPDATE strict SET words = :error WHERE id = :id"

    refused = await database(home.url()).write(
        [order(text, id=1, error="bad"), order(text, id=2, error="good")]
    )

    assert len(refused) == 1
    assert await home.run("SELECT words FROM strict ORDER BY id") == [(None,), ("good",)]


async def test_a_whole_source_follows_its_table(home: Home) -> None:
    """Rows with sealed secrets become accounts; one that is broken is one in error."""
    await put(home, 1, 2, password=sealed("pässword"))
    await put(home, 3, password="broken")
    text = f'[sources.app.columns]\nactive = "is_active"\n[sources.app.cipher]\nkey = "{KEY}"\n'
    one = TableSource(
        settings(text, query="SELECT * FROM mailbox"),
        database(home.url()),
        clock=VirtualClock(),
        dice=lambda: 0.0,
    )

    await one.refresh()

    found = {each.registration.account.id: each for each in await one.accounts()}
    assert found.keys() == {"1", "2", "3"}
    assert found["1"].secrets["password"].reveal() == "pässword"  # type: ignore[index]
    assert "password: has 1 parts" in (found["3"].refused or "")  # type: ignore[index]


async def test_columns_of_many_types_are_read(home: Home) -> None:
    """Octets, JSON, times and yes or no, as each library gives them."""
    kinds = {
        "postgres": ("bytea", "jsonb", "boolean", "timestamptz"),
        "mysql": ("blob", "json", "boolean", "datetime"),
        "sqlite": ("blob", "text", "boolean", "text"),
    }[home.kind]
    await home.run(
        f"CREATE TABLE typed (id int, password {kinds[0]}, folders {kinds[1]}, active {kinds[2]}, "
        f"paused_at {kinds[3]}, email text, host text)",
        "INSERT INTO typed VALUES (1, 'pw', '"
        + json.dumps(["INBOX", "Bücher"], ensure_ascii=False)
        + "', true, "
        "'2026-11-01 00:00:00', 'a@example.org', 'h')",
        "SELECT 1",
    )
    one = TableSource(
        settings(query="SELECT * FROM typed"),
        database(home.url()),
        clock=VirtualClock(),
        dice=lambda: 0.0,
    )

    await one.refresh()

    (account,) = await one.accounts()
    assert account.refused is None
    assert account.registration.account.folders == ("INBOX", "Bücher")
    assert account.registration.paused_at == 1_793_491_200.0


async def test_a_connection_is_closed_in_order(mariadb: Mariadb) -> None:
    """The server notes none as aborted, which somebody else would look for the cause of."""

    async def aborted() -> int:
        async with mariadb.asking("mysql") as cursor:
            await cursor.execute("SHOW GLOBAL STATUS LIKE 'Aborted_clients'")
            return int((await cursor.fetchone())[1])

    before = await aborted()
    for scheme in ("mysql", "mysql+tls"):
        await batches(database(mariadb.url("mysql", scheme=scheme), verify=False), "SELECT 1")

    assert await aborted() == before


async def test_a_reading_that_is_given_up_leaves_nothing_behind(home: Home) -> None:
    """Whoever stops in the midst of rows closes the connection at once."""
    await put(home, *range(BATCH * 3))
    async with asyncio.timeout(20):
        async with aclosing(database(home.url()).read("SELECT id FROM mailbox")) as found:
            async for each in found:
                if each.rows:
                    break
        await home.run("DELETE FROM mailbox", "SELECT 1")
