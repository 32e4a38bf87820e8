"""What is asked for a tenant of Postgres is asked by one that sees that tenant's rows alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from tests.store.bundle import ACME, StillClock
from tests.store.cluster import Cluster
from tests.store.conformance_records import ZETA, drop, fresh, listed, one, record
from tests.store.installation import Move, records
from tests.support.postgres import Postgres
from vedette.errors import StoreError, StoreUnwritableError
from vedette.ports.records import DataKey, Kind, RecordQuery
from vedette.secret import Secret
from vedette.store.postgres import records as rows
from vedette.store.postgres.connection import connect
from vedette.store.postgres.schema import upgrade
from vedette.store.postgres.store import PostgresStore
from vedette.store.postgres.tenancy import TABLES

pytestmark = pytest.mark.server

#: What stands in a row of a record behind its key and its tenant.
REST = "1, 99, false, 1, 1, NULL, '', '', '{}'"

OR_TAKE = "ON CONFLICT (kind, id) DO UPDATE SET label = 'mine'"


async def fill(store: PostgresStore) -> None:
    """Let two tenants have a row in each table."""
    for at, tenant in enumerate((ACME, ZETA)):
        await one(store, record(f"a{at}", tenant=tenant, label=tenant), password=b"1")
        await one(store, record(f"gone{at}", tenant=tenant))
        await store.records.write([drop(f"gone{at}", tenant=tenant)], now=1.0)
        key = DataKey(tenant=tenant, number=1, wrapper="w", wrapped=b"k", created_at=1.0)
        assert await store.records.put_data_key(key, expected=None)


async def role_of(connection: asyncpg.Connection[asyncpg.Record]) -> str:
    role: str = await connection.fetchval(
        "SELECT rolname FROM pg_policy JOIN pg_roles ON pg_roles.oid = ANY (polroles) "
        "WHERE polrelid = 'record'::regclass AND polname = 'tenant'"
    )
    return role


@asynccontextmanager
async def as_tenant(
    cluster: Cluster, tenant: str | None
) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Connect, and be the role of tenants, as a statement that was smuggled in would be."""
    connection = await connect(cluster.url)
    role = await role_of(connection)
    await connection.execute(f'SET ROLE "{role}"')
    if tenant is not None:
        await connection.execute("SELECT set_config('vedette.tenant', $1, false)", f"is:{tenant}")
    try:
        yield connection
    finally:
        await connection.close()


async def seen(connection: asyncpg.Connection[asyncpg.Record]) -> dict[str, set[str]]:
    return {
        table: {row[0] for row in await connection.fetch(f"SELECT tenant FROM {table}")}
        for table in TABLES
    }


async def test_the_database_shows_a_tenant_its_own_rows(cluster: Cluster) -> None:
    """In every table, to a statement that asks for all of them."""
    async with cluster.started("one") as (store,):
        await fill(store)
        async with as_tenant(cluster, ACME) as connection:
            assert await seen(connection) == {table: {ACME} for table in TABLES}
            assert await connection.fetch("SELECT * FROM record WHERE tenant = 'zeta'") == []


@pytest.mark.parametrize("tenant", [None, "", "%", "acme' OR true --"])
async def test_who_is_no_tenant_sees_no_rows(cluster: Cluster, tenant: str | None) -> None:
    """A wall that was not set up is closed."""
    async with cluster.started("one") as (store,):
        await fill(store)
        async with as_tenant(cluster, tenant) as connection:
            assert await seen(connection) == {table: set() for table in TABLES}


async def test_a_tenant_writes_no_rows_of_another(cluster: Cluster) -> None:
    """Neither new ones, nor those that are there, nor its own into the other's hands."""
    async with cluster.started("one") as (store,):
        await fill(store)
        async with as_tenant(cluster, ACME) as connection:
            for table in TABLES:
                assert await connection.execute(f"DELETE FROM {table} WHERE tenant = 'zeta'") == (
                    "DELETE 0"
                )
                update = f"UPDATE {table} SET tenant = tenant WHERE tenant = 'zeta'"
                assert await connection.execute(update) == "UPDATE 0"
                with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
                    await connection.execute(f"UPDATE {table} SET tenant = 'zeta'")
            for statement in (
                "INSERT INTO data_key VALUES ('zeta', 9, 'w', 'k', 1)",
                "INSERT INTO record_gone VALUES ('account', 'n', 'zeta', 99, 1)",
                "INSERT INTO secret VALUES ('account', 'a1', 'n', 'zeta', 'v')",
                f"INSERT INTO record VALUES ('account', 'n', 'zeta', {REST})",
                f"INSERT INTO record VALUES ('account', 'a1', 'acme', {REST}) {OR_TAKE}",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
                    await connection.execute(statement)
        found = await store.records.record(Kind.ACCOUNT, "a1")
        assert found is not None
        assert (found.version, found.label) == (found.revision, ZETA)


@pytest.mark.parametrize(
    "table", ["event", "audit", "audit_chain", "record_revision", "schema_version", "protection"]
)
async def test_a_tenant_sees_no_other_table(cluster: Cluster, table: str) -> None:
    """It was given the four of records, and nothing else."""
    async with cluster.started("one"), as_tenant(cluster, ACME) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
            await connection.fetch(f"SELECT * FROM {table}")


async def test_the_walls_are_forced_and_nobody_can_log_in_behind_them(cluster: Cluster) -> None:
    """For the owner of the tables as well; the role has no rights but what it was given."""
    async with cluster.started("one"):
        connection = await connect(cluster.url)
        walls = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"
        )
        assert {row[0] for row in walls} == set(TABLES)
        role = await connection.fetchrow(
            "SELECT rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles "
            "WHERE rolname = $1",
            await role_of(connection),
        )
        await connection.close()
        assert role is not None
        assert not any(role)


async def test_a_pooled_connection_does_not_carry_the_tenant_on(cluster: Cluster) -> None:
    """Not after a read, a write, a refusal, nor an error within the wall."""
    async with cluster.started("one") as (store,):
        await fill(store)

        async def who() -> tuple[str, ...]:
            async with store._transactions._open().acquire() as connection:
                row = await connection.fetchrow(
                    "SELECT current_user, current_setting('role'), "
                    "coalesce(current_setting('vedette.tenant', true), ''), pg_backend_pid()::text"
                )
                assert row is not None
                return tuple(row)

        before = await who()
        it = store.records
        await it.record(Kind.ACCOUNT, "a0", tenant=ACME)
        await it.records(RecordQuery(kind=Kind.ACCOUNT, tenant=ZETA))
        await it.write([fresh(record("n"))], now=1.0, tenant=ACME)
        await it.write([fresh(record("n"))], now=1.0, tenant=ACME)
        await it.data_keys(ACME)
        with pytest.raises(StoreError):
            await it.write([fresh(record("o"), x="no octets")], now=1.0, tenant=ACME)  # type: ignore[arg-type]

        assert await who() == before
        assert await listed(store) == ["a0", "a1", "n"]


async def test_a_statement_that_forgets_whose_rows_it_wants_finds_its_own(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wall stands where the store's own question has a hole."""
    hole = rows._RECORDS[False].replace("tenant = $2::text", "$2::text IS NOT NULL")
    monkeypatch.setattr(rows, "_RECORDS", {True: rows._RECORDS[True], False: hole})
    async with cluster.started("one") as (store,):
        await fill(store)
        assert await listed(store, RecordQuery(kind=Kind.ACCOUNT, tenant=ACME)) == ["a0"]


# Roles that are not a superuser's.


@asynccontextmanager
async def owner(
    postgres: Postgres, database: str, name: str, rights: str
) -> AsyncIterator[Secret[str]]:
    """Give a database to a role of its own, and return its address as that one."""
    async with postgres.asking(database) as connection:
        await connection.execute(f"CREATE ROLE {name} LOGIN {rights}")
        await connection.execute(f"ALTER DATABASE {database} OWNER TO {name}")
        await connection.execute(f"ALTER SCHEMA public OWNER TO {name}")
    yield Secret(postgres.url(database).replace("://vedette@", f"://{name}@"))


async def test_an_owner_that_may_make_roles_does_all_of_it(
    postgres: Postgres, database: str, tmp_path: Path
) -> None:
    """Row level security holds for it, and still it sees every row; a state moves to it whole."""
    async with owner(postgres, database, f"maker_{database}", "CREATEROLE") as url:
        move = Move(tmp_path / "state", url.reveal())
        async with move.before() as before:
            await records(before)
        assert (await move.run()).rows["record"] == 2
        async with move.after() as after:
            assert await listed(after) == ["anna", "bert"]
            assert await listed(after, RecordQuery(kind=Kind.ACCOUNT, tenant=ACME)) == [
                "anna",
                "bert",
            ]
            await one(after, record("z", tenant=ZETA))
            assert await listed(after, RecordQuery(kind=Kind.ACCOUNT, tenant=ZETA)) == ["z"]
            assert len(await after.records.sealed(("", "", ""))) == 1
            await after.records.write([drop("anna")], now=1.0, tenant=ACME)
            assert await after.records.sealed(("", "", "")) == []


async def test_an_owner_that_may_not_make_roles_is_told_what_to_run(
    postgres: Postgres, database: str
) -> None:
    """One line for whoever may; then it goes on by itself."""
    name = f"plain_{database}"
    async with owner(postgres, database, name, "NOCREATEROLE") as url:
        with pytest.raises(StoreUnwritableError, match="a superuser runs CREATE ROLE") as refused:
            await upgrade(url)
        said = str(refused.value)
        assert "\n" not in said
        async with postgres.asking(database) as connection:
            await connection.execute(said.partition("a superuser runs ")[2])

        await upgrade(url)
        store = PostgresStore(url, StillClock(), instance="one")
        await store.start()
        await fill(store)
        assert await listed(store, RecordQuery(kind=Kind.ACCOUNT, tenant=ZETA)) == ["a1"]
        await store.stop()


async def test_a_role_that_does_not_see_every_record_does_not_start(
    postgres: Postgres, database: str
) -> None:
    """Accounts that it did not see it would take for gone; it is told what to run, and runs then."""
    name = f"other_{database}"
    await upgrade(Secret(postgres.url(database)))
    url = Secret(postgres.url(database).replace("://vedette@", f"://{name}@"))
    store = PostgresStore(url, StillClock(), instance="one", migrates=False)
    async with postgres.asking(database) as connection:
        await connection.execute(
            f"CREATE ROLE {name} LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}; "
            f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {name}; "
            f"GRANT ALL ON SCHEMA public TO {name}"
        )
        with pytest.raises(StoreUnwritableError, match="a superuser runs GRANT") as refused:
            await store.start()
        await connection.execute(str(refused.value).partition("a superuser runs ")[2])
        with pytest.raises(StoreUnwritableError, match="does not see all records") as refused:
            await store.start()
        await connection.execute(str(refused.value).partition("the owner of their tables runs ")[2])
    await store._transactions.start()
    await store.records.start()
    await store._transactions.stop()


async def test_two_databases_of_a_server_have_walls_of_their_own(
    postgres: Postgres, database: str
) -> None:
    """The role of tenants of one installation has no rights in the other's."""
    other = await postgres.make()
    names = []
    for each in (database, other):
        await upgrade(Secret(postgres.url(each)))
        async with postgres.asking(each) as connection:
            names.append(await role_of(connection))
    await postgres.drop(other)
    assert len(set(names)) == 2
