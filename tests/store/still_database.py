"""A database whose clock the test sets, in place of its own; it stands at 1000.0 at first."""

from __future__ import annotations

from vedette.store.postgres.store import PostgresStore

_STILL = """
CREATE TABLE still_clock (at double precision NOT NULL);
INSERT INTO still_clock VALUES (1000.0);
CREATE OR REPLACE FUNCTION database_clock() RETURNS double precision
  LANGUAGE sql VOLATILE AS 'SELECT at FROM still_clock';
UPDATE uptime SET counted_at = 1000.0;
"""


async def execute(store: PostgresStore, statement: str, *values: object) -> None:
    """Do in the database what no store does."""
    await store._transactions.run(lambda connection: connection.execute(statement, *values))


async def still(store: PostgresStore) -> None:
    """Let the database have the clock of the test from now on."""
    await execute(store, _STILL)


async def move_clock(store: PostgresStore, seconds: float) -> None:
    """Move the database's clock."""
    await execute(store, "UPDATE still_clock SET at = at + $1", seconds)
