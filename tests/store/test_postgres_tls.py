"""The way to the database over TLS, as its URL wants it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import running
from tests.store.bundle import StillClock, cursor, step
from tests.support.authority import Authority
from tests.support.postgres import Postgres
from vedette.errors import StoreError, StoreUnwritableError
from vedette.ports.store import Verdict
from vedette.secret import Secret
from vedette.store.postgres.store import PostgresStore

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def shown(authority: Authority) -> Iterator[Postgres]:
    """Run a Postgres that shows a certificate of the tests' authority, for this machine."""
    yield from running(lambda: Postgres(authority=authority))


@pytest.fixture
def url(shown: Postgres) -> str:
    """Return the address of a database behind the certificate."""
    return shown.url(asyncio.run(shown.make()))


def of(url: str) -> PostgresStore:
    return PostgresStore(Secret(url), StillClock(), instance="one")


async def refusal(url: str, kind: type[StoreError] = StoreError) -> str:
    """Return what a store says that does not start."""
    with pytest.raises(StoreError) as refused:
        await of(url).start()
    assert type(refused.value) is kind
    return str(refused.value)


async def test_a_certificate_of_the_authority_that_the_url_names_is_accepted(
    url: str, authority: Authority
) -> None:
    """``verify-full`` with the right root: every connection is over TLS, and commits go through."""
    store = of(f"{url}?sslmode=verify-full&sslrootcert={authority.ca_file}")
    await store.start()

    assert await store.commit(step(None, cursor(1))) is Verdict.DONE
    over_tls = await store._transactions.ask(
        lambda connection: connection.fetchval(
            "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        )
    )
    await store.stop()

    assert over_tls is True


async def test_a_certificate_of_another_authority_is_refused_in_one_line(
    url: str, tmp_path: Path
) -> None:
    """The line says which database it is, that its certificate is not trusted, and where to look."""
    other = Authority(tmp_path, "Another Authority")

    said = await refusal(f"{url}?sslmode=verify-full&sslrootcert={other.ca_file}")

    assert said.startswith("the certificate of the database test_")
    assert said.endswith(
        "is not trusted (unable to get local issuer certificate): "
        "check it, and sslrootcert in the URL"
    )


async def test_a_certificate_for_another_name_is_refused(
    authority: Authority, tmp_path: Path, shown: Postgres
) -> None:
    """``verify-full`` wants the host of the URL in it; 127.1 is this machine, and not in it."""
    url = f"postgres://vedette@127.1:{shown.port}/postgres"

    said = await refusal(f"{url}?sslmode=verify-full&sslrootcert={authority.ca_file}")

    assert "is not trusted" in said


async def test_a_database_without_tls_is_refused_where_the_url_wants_it(
    postgres: Postgres, authority: Authority
) -> None:
    """Nothing is sent in the clear instead."""
    url = postgres.url("postgres")

    said = await refusal(f"{url}?sslmode=verify-full&sslrootcert={authority.ca_file}")

    assert "rejected SSL upgrade" in said


@pytest.mark.parametrize(
    ("query", "kind", "words"),
    [
        ("sslmode=verify-full&sslrootcert=/nowhere/ca.pem", StoreError, "sslrootcert"),
        ("sslmode=sometimes", StoreUnwritableError, "`sslmode` parameter must be one of"),
    ],
    ids=["no file", "no mode"],
)
async def test_a_url_that_can_not_be_used_says_what_is_wrong_with_it(
    url: str, query: str, kind: type[StoreError], words: str
) -> None:
    """A file that is not there, or a word that is none, is no failure of the network."""
    said = await refusal(f"{url}?{query}", kind)

    assert words in said
    assert "\n" not in said
