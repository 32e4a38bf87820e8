"""A database in which an instance owns every shard already, to be copied for each test.

The first instance on an empty database waits for others to appear before it takes a part. One that
comes back to what is its own does not, and a test saves those three seconds.

Must not know: what an instance does there.
"""

from __future__ import annotations

from tests.support.postgres import Postgres
from vedette.app.clock import SystemClock
from vedette.secret import Secret
from vedette.store.postgres.ownership import PostgresOwnership
from vedette.store.postgres.store import PostgresStore

#: Whose locks, leases and shards a dead one leaves behind: it comes back under its name.
NAME = "box"


async def prepare(postgres: Postgres) -> str:
    """Make the database; return its name. Nobody is connected to it any more."""
    name = await postgres.make()
    url = Secret(postgres.url(name))
    store = PostgresStore(url, SystemClock(), instance=NAME)
    table = PostgresOwnership(url)
    for part in (store, table):
        await part.start()
    for part in (table, store):
        await part.stop()
    async with postgres.asking(name) as connection:
        await connection.execute("UPDATE shard SET owner = $1, epoch = 1", NAME)
    return name


def settings(url: str, *, instance: str = NAME) -> str:
    """Return the part of a configuration that puts the state on Postgres."""
    return f'[store]\nurl = "{url}"\ninstance = "{instance}"\n'
