"""What the tests of a store run on."""

from __future__ import annotations

import pytest

from tests.store.cluster import Cluster
from tests.store.emptied import empty
from tests.support.postgres import Postgres

#: Of the seconds that a service says it ran no more count than went by in the database, and the
#: suite runs for weeks: between two looks at this clock enough of them have passed.
_FLYING = """
CREATE SEQUENCE flying;
CREATE OR REPLACE FUNCTION database_clock() RETURNS double precision LANGUAGE sql VOLATILE
AS 'SELECT 1e7 * nextval(''flying'')'
"""


@pytest.fixture(scope="session")
def _made() -> dict[int, str]:
    """Hold the database that all tests of a server use, one after the other."""
    return {}


@pytest.fixture
async def cluster(postgres: Postgres, _made: dict[int, str]) -> Cluster:
    """Return a database with all its tables, and nothing in them."""
    name = _made.get(postgres.port)
    if name is None:
        name = await postgres.make()
        first = Cluster(postgres.url(name)).make()
        await first.start()
        await first.stop()
        async with postgres.asking(name) as connection:
            await connection.execute(_FLYING)
        _made[postgres.port] = name
    async with postgres.asking(name) as connection:
        await empty(connection)
    return Cluster(postgres.url(name))
