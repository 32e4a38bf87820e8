"""The way to a database: TLS that is asked for is had, inside addresses are refused, libraries missed.

Against the real servers. What one of them pushes is heard.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from pathlib import Path

import pytest

from tests.conftest import absent
from tests.sources.databases import INSIDE, database
from tests.support.authority import Authority
from tests.support.debian import UnavailableError
from tests.support.mariadb import PASSWORD, Mariadb
from tests.support.postgres import Postgres
from vedette.errors import ConfigError
from vedette.net.address import AddressGuard
from vedette.sources.database import Database, SourceError

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def mariadb(authority: Authority) -> Iterator[Mariadb]:
    try:
        made = Mariadb(authority)
    except UnavailableError as why:
        absent(why)
    with made:
        yield made


@pytest.fixture(scope="module")
def guarded(authority: Authority) -> Iterator[Postgres]:
    """Run a Postgres that offers TLS, with a certificate for ``localhost``."""
    try:
        made = Postgres(authority=authority)
    except UnavailableError as why:
        absent(why)
    with made:
        yield made


@pytest.fixture(params=["postgres", "mysql"])
def url(request: pytest.FixtureRequest) -> str:
    """Return the address of a server with TLS, by its name."""
    if request.param == "postgres":
        server: Postgres = request.getfixturevalue("guarded")
        return f"postgres+tls://vedette@localhost:{server.port}/postgres"
    maria: Mariadb = request.getfixturevalue("mariadb")
    return maria.url("mysql", scheme="mysql+tls", host="localhost")


async def asked(one: Database, query: str) -> Sequence[object]:
    async with aclosing(one.read(query)) as found:
        return [tuple(row.values()) async for batch in found for row in batch.rows]


async def test_the_certificate_is_judged_by_the_name_of_the_settings(
    url: str, authority: Authority
) -> None:
    """What is dialled is an address, and the certificate is for a name."""
    query = (
        "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        if url.startswith("postgres")
        else "SHOW SESSION STATUS LIKE 'Ssl_version'"
    )

    (row,) = await asked(database(url, ca_file=authority.ca_file), query)

    assert row in [(True,), ("Ssl_version", "TLSv1.3")]


async def test_a_certificate_that_nobody_vouches_for_is_refused(url: str) -> None:
    """With the words of the library, and nothing of the password."""
    with pytest.raises(SourceError, match="certificate") as caught:
        await asked(database(url), "SELECT 1")

    assert PASSWORD not in str(caught.value)


async def test_a_certificate_of_another_name_is_refused(
    mariadb: Mariadb, authority: Authority
) -> None:
    """Trust in who signed it is not enough: its name is ``localhost`` alone."""
    other = mariadb.url("mysql", scheme="mysql+tls")

    with pytest.raises(SourceError, match="certificate is not trusted: IP address mismatch"):
        await asked(database(other, ca_file=authority.ca_file), "SELECT 1")


async def test_an_inside_address_needs_to_be_allowed(url: str, authority: Authority) -> None:
    """A name that resolves to an inside address is what an attack looks like."""
    with pytest.raises(SourceError, match=r"is loopback and may not be dialled"):
        await asked(database(url, guard=AddressGuard(), ca_file=authority.ca_file), "SELECT 1")


async def test_a_wrong_password_is_told_in_one_line(mariadb: Mariadb) -> None:
    """With the database's words, and without the password."""
    url = mariadb.url("mysql").replace(PASSWORD, "wr0ng-one")

    with pytest.raises(SourceError, match="Access denied") as caught:
        await asked(database(url), "SELECT 1")

    assert "wr0ng-one" not in str(caught.value)


async def test_a_server_that_offers_no_tls_gets_no_password(mariadb: Mariadb) -> None:
    """The library would go on in the clear: whoever stands in between could ask for that."""
    ended = asyncio.Event()
    heard = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, behind = await asyncio.open_connection("127.0.0.1", mariadb.port)
        greeting = bytearray(await upstream.read(4096))
        # The flag CLIENT_SSL is bit 11 of the lower capabilities, behind the version, the number
        # of the thread, eight octets of salt and a filler (the handshake of protocol 10).
        at = greeting.index(b"\0", 5) + 1 + 4 + 8 + 1
        greeting[at + 1] &= ~0x08
        writer.write(bytes(greeting))
        heard.extend(await reader.read(4096))
        writer.close()
        behind.close()
        ended.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        place = mariadb.url("mysql", scheme="mysql+tls").replace(f":{mariadb.port}/", f":{port}/")
        with pytest.raises(SourceError, match="the server offers no TLS"):
            await asked(database(place), "SELECT 1")
        async with asyncio.timeout(30):
            await ended.wait()

    assert heard == b""


async def test_a_notification_is_heard_and_a_lost_connection_is_told(
    postgres: Postgres,
) -> None:
    """At once, by whoever listens; and listening ends, so that somebody listens anew."""
    name = await postgres.make()
    heard = asyncio.Semaphore(0)
    one = database(postgres.url(name))
    listening = asyncio.create_task(one.listen("Mail Boxes", heard.release))
    async with asyncio.timeout(30):
        # The first is that it listens: what was said before was said to nobody.
        await heard.acquire()
        async with postgres.asking(name) as connection:
            await connection.execute('NOTIFY "Mail Boxes"')
        await heard.acquire()
        await postgres.cut(name)
        await asyncio.wait([listening])

    await postgres.drop(name)
    assert listening.done()
    # By an error, or by its end: either way it is listened to anew.
    assert isinstance(listening.exception(), SourceError | None)


@pytest.mark.parametrize(("kind", "needs"), [("postgres", "asyncpg"), ("mysql", "aiomysql")])
def test_a_library_that_a_table_needs_and_nobody_installed_is_one_line(
    monkeypatch: pytest.MonkeyPatch, kind: str, needs: str
) -> None:
    """What to install, and for which source."""
    monkeypatch.delitem(sys.modules, f"vedette.sources.{kind}", raising=False)
    monkeypatch.setitem(sys.modules, needs, None)

    with pytest.raises(ConfigError) as caught:
        database(f"{kind}://db.example.org/app", guard=INSIDE)

    assert (
        str(caught.value) == f"the source app needs vedette[{kind}]: pip install 'vedette[{kind}]'"
    )


def test_a_service_without_such_a_table_imports_no_library_of_a_database() -> None:
    """Neither its memory nor its start pays for what it does not use."""
    program = (
        "import sys, vedette.app.run, vedette.app.engine, vedette.cli.main, vedette.config.service;"
        "print([name for name in ('aiomysql', 'pymysql', 'asyncpg') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.strip() == "[]"


async def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """A path that was misspelt is told, and stays misspelt."""
    path = tmp_path / "none.db"

    with pytest.raises(SourceError, match="unable to open database file"):
        await asked(database(f"sqlite://{path}"), "SELECT 1")

    assert not path.exists()
