"""SIGKILL of a service on Postgres at the points that its database has a part in: nothing is lost.

What is killed here holds locks, leases, shards and half a transaction on a server that lives on. It
is started again under its name, on the same database, and everything arrives, each message under
one id. Where the store has no part, ``test_crashpoints`` is enough; all of it together, and drawn
by dice, is ``make chaos STORE=postgres``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.servers import owned
from tests.servers.death import MOST, SIZES, Case, Scene
from tests.support.books import Books
from tests.support.dovecot import Dovecot
from tests.support.nursery import Nursery
from tests.support.postgres import Postgres
from tests.support.receiver import Receiver
from vedette.crashpoint import Crashpoint

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(180)]

CASES = (
    # Between two steps of a migration, under the lock that keeps others from it.
    Case(point=Crashpoint.MIGRATING, way="first", visit=2),
    Case(point=Crashpoint.LEASES_RELEASED, way="away"),
    # In an open transaction that holds the rows of a folder, of its shard and of the events.
    Case(point=Crashpoint.CURSOR_MOVED, way="away"),
    Case(point=Crashpoint.EVENT_WRITTEN, way="watching", visit=2, repeats=MOST),
    # The group of a cursor with its events: done, or not.
    Case(
        point=Crashpoint.COMMITTING,
        way="watching",
        after=Crashpoint.CURSOR_MOVED,
        repeats=MOST,
    ),
    Case(point=Crashpoint.COMMITTED, way="away", after=Crashpoint.CURSOR_MOVED, repeats=MOST),
    Case(point=Crashpoint.UNWOKEN, way="watching", repeats=MOST),
    # What is claimed is so until its lease ends, unless its owner comes back.
    Case(point=Crashpoint.CLAIMED, way="away", repeats=MOST),
    # Outcomes, which Postgres may lose with its own memory, but not with ours.
    Case(point=Crashpoint.LANE_HELD, way="watching", repeats=MOST),
    Case(point=Crashpoint.COMMITTED, way="watching", after=Crashpoint.LANE_HELD, repeats=MOST),
    # While it hands over: mail, outcomes, shards and the row of the instance, in this order.
    Case(point=Crashpoint.COMMITTING, way="ending", repeats=MOST),
    Case(point=Crashpoint.COMMITTED, way="ending", visit=3, repeats=MOST),
)


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """Start services quickly."""
    with Nursery() as made:
        yield made


@pytest.fixture(scope="module")
def lived_in(postgres: Postgres) -> str:
    """Return a database in which every shard is the instance's: it need not look for others."""
    return asyncio.run(owned.prepare(postgres))


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    """Return the death."""
    found: Case = request.param
    return found


@pytest.fixture
async def tail(case: Case, lived_in: str, postgres: Postgres) -> AsyncIterator[str]:
    """Return the settings of a database of the test's own, empty where the start is the first."""
    first = {} if case.way == "first" else {"template": lived_in}
    name = await postgres.make(**first)
    yield owned.settings(postgres.url(name))
    await postgres.drop(name)


@pytest.fixture
def scene(
    nursery: Nursery, dovecot: Dovecot, tail: str, user: str, tmp_path: Path
) -> Iterator[Scene]:
    """Return a mailbox that nobody watched yet."""
    with Receiver(Books()) as receiver:
        yield Scene(nursery, dovecot, user, tmp_path, receiver, tail=tail)


@pytest.mark.parametrize("case", CASES, ids=str, indirect=True)
def test_a_death_on_postgres_loses_nothing(scene: Scene, case: Case) -> None:
    """After one death, at the n-th visit, every message came under one id."""
    if case.way == "first":
        scene.lie_there(len(SIZES))
    else:
        with scene.life() as service:
            service.until_connected()
            service.kill()
    if case.way == "away":
        scene.arrive(len(SIZES))

    scene.die(case)
    scene.expect_all()
    scene.recover()

    scene.check(repeats=case.repeats, torn=0)
