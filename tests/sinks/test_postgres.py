"""A table of Postgres, against a real server that asks for a password and offers TLS."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.conftest import absent
from tests.sinks.conformance import BrokerContract
from tests.sinks.harness import Taken, allowed, proxied, reason, running, until_delivered
from tests.sinks.letters import letter
from tests.sinks.parcels import parcel
from tests.support.authority import Authority
from tests.support.debian import UnavailableError
from tests.support.postgres import Postgres
from tests.support.process import server_account
from tests.support.toxics import Cut, Hold
from vedette.app.sinks import LIBRARIES
from vedette.errors import SinkError
from vedette.model.delivery import Delivered
from vedette.secret import Secret
from vedette.sinks import place
from vedette.sinks.broker import BrokerSink
from vedette.sinks.facts import facts
from vedette.sinks.postgres import PostgresBroker, row
from vedette.sinks.settings import PostgresSettings

pytestmark = pytest.mark.server

USER, PASSWORD = "writer", "s3cret-of-postgres"
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "brokers.md"


class Guarded(Postgres):
    """A server that syncs, and wants a password of the user that we write as."""

    def __init__(self, authority: Authority) -> None:
        super().__init__(durable=True)
        certificate = authority.issue("localhost", folder=self.base)
        # It takes no key that others may read.
        certificate.path.chmod(0o600)
        server_account().own(certificate.path)
        with (self._data / "postgresql.conf").open("a") as config:
            config.write("ssl = on\n")
            config.write(f"ssl_cert_file = '{certificate.path}'\n")
            config.write(f"ssl_key_file = '{certificate.path}'\n")
        (self._data / "pg_hba.conf").write_text(
            f"host all {USER} 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n"
        )


#: Sessions that wait for a lock.
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE usename = $1 AND wait_event_type = 'Lock'"


def made(url: str, **settings: Any) -> BrokerSink:
    guard = allowed(settings)
    return BrokerSink(
        PostgresSettings(url=Secret(url), **settings),
        endpoint="bus",
        library=LIBRARIES["postgres"],
        schemes=place.POSTGRES,
        guard=guard,
    )


class PostgresHarness:
    """A table of its own in a database."""

    # The end of each statement that was committed, which logging in has none of.
    ack = b"INSERT 0 "
    keeps_repeats = False
    secret = PASSWORD

    def __init__(self, server: Postgres, database: str) -> None:
        self.server = server
        self.database = database
        self.table = f"events_{uuid.uuid4().hex}"

    def url(
        self,
        *,
        port: int | None = None,
        host: str | None = None,
        secret: str = "",
        scheme: str = "postgres",
    ) -> str:
        place = f"{host or '127.0.0.1'}:{port or self.server.port}"
        return f"{scheme}://{USER}:{secret or PASSWORD}@{place}/{self.database}"

    def sink(self, url: str, **settings: Any) -> BrokerSink:
        return made(url, **{"table": self.table, **settings})

    async def run(self, *statements: str) -> list[Any]:
        async with self.server.asking(self.database) as connection:
            for each in statements[:-1]:
                await connection.execute(each)
            return list(await connection.fetch(statements[-1]))

    async def taken(self) -> list[Taken]:
        found = await self.run(f"SELECT * FROM {self.table} ORDER BY number")
        return [
            Taken(
                event=each["event_id"],
                where=self.table,
                body=each["body"].encode(),
                headers={name: str(each[name]) for name in ("type", "tenant", "account", "time")},
            )
            for each in found
        ]


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[Guarded]:
    try:
        made = Guarded(authority)
    except UnavailableError as why:
        absent(why)
    with made:
        yield made


@pytest.fixture(scope="module")
def database(server: Guarded) -> str:
    async def make() -> str:
        name = await server.make()
        async with server.asking(name) as connection:
            await connection.execute(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'")
        return name

    return asyncio.run(make())


@pytest.fixture
async def harness(server: Guarded, database: str) -> PostgresHarness:
    made = PostgresHarness(server, database)
    await made.run(
        printed().replace("vedette_event", made.table),
        # The order of rows is a test's own curiosity, as is the text of a body.
        f"ALTER TABLE {made.table} ADD COLUMN number bigserial",
        f"ALTER TABLE {made.table} ALTER COLUMN body TYPE json",
        f"GRANT INSERT, SELECT (event_id) ON {made.table} TO {USER}",
        f"GRANT USAGE ON SEQUENCE {made.table}_number_seq TO {USER}",
        "SELECT 1",
    )
    return made


def printed() -> str:
    """Return the table as the reference prints it."""
    found = re.search(r"```sql\n(CREATE TABLE .*?)```", REFERENCE.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


class TestPostgresSink(BrokerContract):
    """The suite, on Postgres."""

    @pytest.fixture
    def tls(self, harness: PostgresHarness, authority: Authority) -> Callable[..., BrokerSink]:
        # The certificate is for this name alone, and what is dialled is an address.
        url = harness.url(host="localhost", scheme="postgres+tls")

        def make(*, trusted: bool) -> BrokerSink:
            return harness.sink(url, ca_file=authority.ca_file if trusted else None)

        return make


async def test_a_commit_whose_answer_was_lost_is_a_row_exactly_once(
    harness: PostgresHarness,
) -> None:
    """It was committed, refused and sent again: the second row is none."""
    async with proxied(harness) as (proxy, sink):
        await sink.send(letter(1))
        with proxy.suffering(Cut(0, word=harness.ack, times=1, reset=True)):
            lost = await sink.send(letter(2))
        committed = [each.event for each in await harness.taken()]
        again = (await until_delivered(sink, letter(2)))[-1]

    assert "known already" not in reason(lost)
    assert committed == [letter(1).event, letter(2).event]
    assert isinstance(again, Delivered)
    assert "known already" in again.detail
    assert [each.event for each in await harness.taken()] == committed


async def test_the_printed_table_takes_an_event_with_its_attributes(
    harness: PostgresHarness,
) -> None:
    """The body can be asked in SQL."""
    await harness.run(f"ALTER TABLE {harness.table} ALTER COLUMN body TYPE jsonb", "SELECT 1")
    async with running(harness.sink(harness.url())) as sink:
        await sink.send(letter(1, subject="Grüße", tenant="Grüne"))

    ((subject,),) = await harness.run(f"SELECT body->'data'->>'subject' FROM {harness.table}")
    (found,) = await harness.taken()
    assert subject == "Grüße"
    assert found.headers == {
        "type": "message.received",
        "tenant": "Grüne",
        "account": "anna@example.org",
        "time": "2026-11-14 12:00:01+00:00",
    }


async def test_attempts_that_come_together_share_a_commit(harness: PostgresHarness) -> None:
    """While the first is under way, the others gather behind it."""
    async with proxied(harness) as (proxy, sink):
        await sink.send(letter(0))
        hold = Hold(harness.ack)
        proxy.put(hold)
        attempts = [asyncio.ensure_future(sink.send(letter(number))) for number in range(1, 51)]
        await hold.news.wait()
        proxy.take(hold)
        await asyncio.gather(*attempts)

    ((commits,),) = await harness.run(f"SELECT count(DISTINCT xmin::text) FROM {harness.table}")
    assert len(await harness.taken()) == 51
    assert commits <= 4


async def test_a_row_that_the_table_refuses_holds_up_no_other(harness: PostgresHarness) -> None:
    """Those beside it in the statement are written; its reason tells no word of the mail."""
    await harness.run(
        f"ALTER TABLE {harness.table} ADD CHECK (event_id <> 'evt-7')",
        "SELECT 1",
    )
    async with running(harness.sink(harness.url())) as sink:
        outcomes = await asyncio.gather(*(sink.send(letter(number)) for number in range(20)))
        link = sink._link  # type: ignore[attr-defined]
        await sink.send(letter(20))

        assert sink._link is link  # type: ignore[attr-defined]
    words = reason(outcomes.pop(7))
    assert "violates check constraint" in words
    assert "subject of" not in words
    assert {type(each) for each in outcomes} == {Delivered}
    assert len(await harness.taken()) == 20


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("DROP TABLE {table}", "does not exist"),
        ("ALTER TABLE {table} RENAME COLUMN tenant TO customer", "does not exist"),
        ("ALTER TABLE {table} ALTER COLUMN body TYPE bytea USING NULL", "is of type bytea"),
        ("ALTER TABLE {table} DROP CONSTRAINT {table}_pkey", "no unique or exclusion constraint"),
        ("REVOKE INSERT ON {table} FROM writer", "permission denied"),
    ],
)
async def test_a_table_that_is_missing_at_the_start_is_one_line(
    harness: PostgresHarness, change: str, said: str
) -> None:
    """Which endpoint, what is wrong, and where it says how the table is made."""
    await harness.run(change.format(table=harness.table), "SELECT 1")
    sink = harness.sink(harness.url())
    with pytest.raises(SinkError) as caught:
        await sink.start()
    await sink.stop()

    words = str(caught.value)
    assert words.startswith("the endpoint bus can not work: postgres://127.0.0.1:")
    assert "the table is not as docs/reference/brokers.md prints it" in words
    assert said in words
    assert words.isprintable()


async def test_a_database_that_is_down_at_the_start_stops_nobody(
    harness: PostgresHarness,
) -> None:
    """Nor one that lets nobody in yet: the table is looked for when it answers."""
    async with harness.server.proxy() as proxy:
        proxy.refuse()
        async with running(harness.sink(harness.url(port=proxy.port))) as sink:
            await proxy.listen()
            assert isinstance(await sink.send(letter(1)), Delivered)
    async with running(harness.sink(harness.url(secret="wrong"))) as sink:
        assert "password authentication failed" in reason(await sink.send(letter(1)))


async def test_a_table_that_goes_missing_is_used_again_as_soon_as_it_is_there(
    harness: PostgresHarness,
) -> None:
    """It is refused and told meanwhile; and an idle link holds no lock that would keep it there."""
    async with running(harness.sink(harness.url())) as sink:
        await harness.run(f"ALTER TABLE {harness.table} RENAME TO aside", "SELECT 1")
        words = reason(await sink.send(letter(1)))
        await harness.run(f"ALTER TABLE aside RENAME TO {harness.table}", "SELECT 1")
        outcomes = await until_delivered(sink, letter(1))

    assert "the table is not as docs/reference/brokers.md prints it" in words
    assert len(outcomes) == 1


async def test_no_word_of_a_mail_is_in_the_reason_when_its_body_is_no_json(
    harness: PostgresHarness,
) -> None:
    """Postgres quotes the value; the quotation is left out."""
    async with running(harness.sink(harness.url())) as sink:
        words = reason(await sink.send(parcel(body=b'{"subject": private words}')))

    assert "invalid input syntax for type json" in words
    assert "private" not in words


async def test_a_table_that_is_locked_leaves_no_session_behind(harness: PostgresHarness) -> None:
    """The server ends the statements that nobody waits for any more."""
    async with running(harness.sink(harness.url(), timeout=1.0)) as sink:
        await sink.send(letter(1))
        async with harness.server.asking(harness.database) as other:
            async with other.transaction():
                await other.execute(f"LOCK TABLE {harness.table}")
                reason(await sink.send(letter(2)))
                reason(await sink.send(letter(3)))
            # One that was left behind would still wait, behind a lock of ours.
            async with other.transaction():
                await other.execute(f"LOCK TABLE {harness.table}")
                waiting = await other.fetchval(_WAITING, USER)
        await until_delivered(sink, letter(2))

    assert waiting == 0


async def test_a_certificate_for_another_name_is_not_trusted(
    harness: PostgresHarness, authority: Authority
) -> None:
    """The server is the same, and so is its certificate; the name of the settings is another."""
    url = harness.url(host="127.0.0.1", scheme="postgres+tls")
    async with running(harness.sink(url, ca_file=authority.ca_file)) as sink:
        words = reason(await sink.send(letter(1)))

    assert "the certificate is not trusted" in words


async def test_no_login_is_said_in_the_clear_where_tls_was_asked_for(
    authority: Authority,
) -> None:
    """A server, or somebody between, that offers no TLS does not get the password."""
    said = bytearray()
    over: asyncio.Queue[None] = asyncio.Queue()

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said.extend(await reader.read(4096))
        writer.write(b"N")
        said.extend(await reader.read(4096))
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        over.put_nowait(None)

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        url = f"postgres+tls://{USER}:{PASSWORD}@127.0.0.1:{port}/x"
        async with running(made(url, ca_file=authority.ca_file)) as sink:
            words = reason(await sink.send(letter(1)))
        # It looked at the start, too.
        await over.get()
        await over.get()

    assert "rejected SSL upgrade" in words
    assert USER.encode() not in said


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (rb'"a\u0000b"', '"a\\ufffdb"'),
        # A backslash that is itself escaped: what follows it is text.
        (rb'"a\\u0000b"', '"a\\\\u0000b"'),
        (rb'"a\\\u0000b"', '"a\\\\\\ufffdb"'),
        (rb'"\n\u0000\u0000"', '"\\n\\ufffd\\ufffd"'),
    ],
)
def test_the_character_that_postgres_has_not_is_replaced(said: bytes, kept: str) -> None:
    """NUL, and nothing that only looks like its escape."""
    sent = parcel(body=b'{"x":' + said + b"}")

    assert row(sent, facts(sent)).body == f'{{"x":{kept}}}'


@pytest.mark.parametrize("table", ["a b", "a.b.c", "1a", 'a"', "a;drop", "", "x" * 64, "ä"])
async def test_a_name_that_would_have_to_be_escaped_is_no_table(table: str) -> None:
    """It stands in a statement; the configuration says so at its key."""
    with pytest.raises(SinkError, match="is no table"):
        await made("postgres://h", table=table).start()


def test_a_farewell_just_before_a_statement_is_a_lost_link() -> None:
    """The client then speaks of its own states, not of the server: no less a link that is gone."""
    assert issubclass(asyncpg.InternalClientError, PostgresBroker.failures)
