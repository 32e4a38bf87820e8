"""The ratchet on Postgres: one count of time for all instances, and a clock that none can set."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from tests.store.bundle import ACME, StillClock
from tests.store.still_database import execute, move_clock, still
from tests.support.postgres import Postgres
from vedette.ports.ratchet import Loosening
from vedette.secret import Secret
from vedette.store.postgres.store import PostgresStore

pytestmark = pytest.mark.server

HOUR = 3_600.0
LOOSER = Loosening(tenant=ACME, guard="gambling", what='{"removed": ["CASINO"]}', by="cli")


@pytest.fixture
async def one(postgres: Postgres, database: str) -> AsyncIterator[PostgresStore]:
    store = PostgresStore(Secret(postgres.url(database)), StillClock(), instance="one")
    await store.start()
    yield store
    await store.stop()


@pytest.fixture
async def two(
    one: PostgresStore, postgres: Postgres, database: str
) -> AsyncIterator[PostgresStore]:
    store = PostgresStore(Secret(postgres.url(database)), StillClock(), instance="two")
    await store.start()
    yield store
    await store.stop()


async def test_instances_that_run_side_by_side_count_time_once(
    one: PostgresStore, two: PostgresStore
) -> None:
    """A minute of three instances is a minute: nobody waits less by running more of them."""
    await still(one)
    await move_clock(one, 60.0)
    assert await one.ran(60.0) == 60.0
    assert await two.ran(60.0) == 60.0

    await move_clock(one, 30.0)
    assert await two.ran(60.0) == 90.0


async def test_uptime_stands_still_while_the_clock_of_the_database_goes_back(
    one: PostgresStore,
) -> None:
    """It counts from there on; nothing is taken back, and nothing is given."""
    await still(one)
    await move_clock(one, 60.0)
    assert await one.ran(60.0) == 60.0
    await move_clock(one, -HOUR)
    assert await one.ran(60.0) == 60.0

    await move_clock(one, 60.0)
    assert await one.ran(60.0) == 120.0


async def test_a_clock_of_an_instance_alone_makes_nothing_due(one: PostgresStore) -> None:
    """Neither with uptime nor without: the database has a clock of its own."""
    await still(one)
    change = await one.request(LOOSER, delay=HOUR, now=100.0)
    await execute(one, "UPDATE uptime SET seconds = 1e9")

    assert await one.due(now=1e9) == []
    assert not await one.applied(change.id, now=1e9)
    assert [each.left for each in await one.changes()] == [HOUR]
    await move_clock(one, HOUR)
    assert [each.id for each in await one.due(now=100.0 + HOUR)] == [change.id]


async def test_a_clock_of_the_database_that_is_set_forward_makes_nothing_due(
    one: PostgresStore,
) -> None:
    """A year later by that clock the service still has its hour to run."""
    await still(one)
    change = await one.request(LOOSER, delay=HOUR, now=100.0)
    await move_clock(one, 365 * 24 * HOUR)

    assert await one.ran(60.0) == 60.0
    assert await one.due(now=1e9) == []
    assert not await one.applied(change.id, now=1e9)


async def test_instances_that_ask_for_the_same_ask_once(
    one: PostgresStore, two: PostgresStore
) -> None:
    """A file that each of them reads at the same moment is one request."""
    asked = await asyncio.gather(
        *(each.request(LOOSER, delay=HOUR, now=100.0) for each in (one, two) * 5)
    )

    assert len({change.id for change in asked}) == 1
    assert [each.what for each in await one.audit_trail()] == ["loosening.requested"]


async def test_a_request_is_withdrawn_or_applied_and_never_both(
    one: PostgresStore, two: PostgresStore
) -> None:
    """Whoever is first has it, and the audit says which it was."""
    for number in range(10):
        wish = Loosening(
            tenant=ACME, guard="gambling", what=json.dumps({"removed": number}), by="cli"
        )
        change = await one.request(wish, delay=HOUR, now=100.0)
        await one.grant(change.id, now=101.0, by="partner")
        done = await asyncio.gather(
            one.withdraw(change.id, now=102.0, by="anna"), two.applied(change.id, now=102.0)
        )
        last = (await one.audit_trail(after=(await one.audit_head()).entries - 1))[-1]

        assert sorted(done) == [False, True]
        assert last.what == ("loosening.withdrawn" if done[0] else "loosening.applied")
