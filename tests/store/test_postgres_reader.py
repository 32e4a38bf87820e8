"""A command looks at the state on Postgres while instances write it."""

from __future__ import annotations

import asyncio

import pytest

from tests.store.bundle import ACME, ANNA, FILE, HOOK, cursor, decision, entry, posting, step
from tests.store.cluster import Cluster
from tests.support.postgres import Postgres
from vedette.errors import StoreError, StoreUnwritableError
from vedette.model.account import Health
from vedette.model.delivery import EndpointState
from vedette.ports.journal import JournalQuery
from vedette.ports.state import StateView
from vedette.ports.store import DeliveryQuery, EventQuery, Fence
from vedette.secret import Secret
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.reader import StateReader, read_only

pytestmark = pytest.mark.server


def look(cluster: Cluster) -> dict[str, object]:
    """Ask everything that a command may ask."""
    with read_only(cluster.url) as reader:
        view: StateView = reader
        return {
            "accounts": [each.account for each in view.healths()],
            "endpoints": [each.id for each in view.endpoint_states()],
            "events": [each.event for each in view.events(EventQuery())],
            "deliveries": [each.endpoint for each in view.deliveries(DeliveryQuery())],
            "folders": [each.cursor.last_uid for each in view.folders(ANNA)],
            "journal": len(view.journal(JournalQuery())),
            "decisions": len(view.decisions(ANNA, None, since=0.0, limit=10)),
            "tallies": sum(each.count for each in view.tallies(None, None)),
            "consents": len(view.consents(ANNA)),
            "audit": [each.what for each in view.audit_trail()],
            "unbroken": view.verify_audit().broken_at is None,
            "nothing": [view.switches(), view.allows(ANNA), view.changes(), view.protections()],
        }


async def test_a_command_sees_what_is_on_disk(cluster: Cluster) -> None:
    """All of it, beside an instance that runs."""
    async with cluster.started("one") as (store,):
        await store.commit(step(None, cursor(5), posting("e", HOOK, FILE)))
        await store.intend(Fence(), [decision(5)], [entry(5, b"key")])
        await store.note_endpoint(EndpointState(id=HOOK, failures=3))
        await store.consent(ANNA, version="1", now=1.0, by="anna")
        await store.note(Health(account=ANNA, tenant=ACME, email="anna@example.org"))
        await store._flush()

        assert await asyncio.to_thread(look, cluster) == {
            "accounts": [ANNA],
            "endpoints": [HOOK],
            "events": ["e"],
            "deliveries": [FILE, HOOK],
            "folders": [5],
            "journal": 1,
            "decisions": 1,
            "tallies": 1,
            "consents": 1,
            "audit": ["consent.given"],
            "unbroken": True,
            "nothing": [[], [], [], []],
        }


async def test_a_view_can_write_nothing(cluster: Cluster) -> None:
    """The database itself refuses it."""

    async def write(connection: Connection) -> None:
        await connection.execute("DELETE FROM folder")

    async with cluster.started("one"):
        with read_only(cluster.url) as reader, pytest.raises(StoreUnwritableError):
            reader._ask(write)


async def test_a_database_without_a_state_says_so(postgres: Postgres, database: str) -> None:
    """Nobody started a service on it."""
    with pytest.raises(StoreUnwritableError, match="run vedette migrate"):
        await asyncio.to_thread(read_only, Secret(postgres.url(database)))


async def test_a_view_that_is_closed_says_so(cluster: Cluster) -> None:
    """And can be closed twice."""
    async with cluster.started("one"):
        reader: StateReader = await asyncio.to_thread(read_only, cluster.url)
        reader.close()
        reader.close()
        with pytest.raises(StoreError, match="not open"):
            reader.healths()
