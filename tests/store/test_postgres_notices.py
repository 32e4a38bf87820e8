"""What instances note of accounts is read by others: all of it once, and then what is new."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.store.bundle import ACME
from tests.store.cluster import Cluster
from vedette.app.outlook import Outlook
from vedette.model.account import Health
from vedette.model.ids import AccountId
from vedette.store.postgres.connection import connect
from vedette.store.postgres.ownership import PostgresOwnership
from vedette.store.postgres.store import PostgresStore

pytestmark = pytest.mark.server


def health(name: str, since: float = 0.0) -> Health:
    return Health(account=AccountId(name), tenant=ACME, email="", since=since)


async def noted(store: PostgresStore, *healths: Health) -> None:
    """Note, and return when it is on disk."""
    for each in healths:
        await store.note(each)
    await store._flush()


@asynccontextmanager
async def looking(cluster: Cluster) -> AsyncIterator[tuple[PostgresStore, PostgresOwnership]]:
    async with cluster.started("one") as (store,):
        table = PostgresOwnership(cluster.url)
        await table.start()
        try:
            yield store, table
        finally:
            await table.stop()


async def test_after_the_first_time_what_is_new_is_told(cluster: Cluster) -> None:
    """Page by page, by id; what was written after a mark is told, and the rest is not again."""
    async with looking(cluster) as (store, table):
        await noted(store, *(health(name) for name in "dbca"))
        first = await table.healths_since("", limit=3)
        rest = await table.healths_since("", after="c", limit=3)
        assert [each.account for each in (*first.healths, *rest.healths)] == ["a", "b", "c", "d"]

        await noted(store, health("c", since=5.0), health("e"))
        new = await table.healths_since(rest.mark)

        assert new.healths == (health("c", since=5.0), health("e"))
        assert (await table.healths_since(new.mark)).healths == ()


async def test_what_was_being_written_while_one_looked_is_told_the_next_time(
    cluster: Cluster,
) -> None:
    """A transaction that began before a mark and ends after it is not passed by."""
    async with looking(cluster) as (store, table):
        await noted(store, health("a"), health("b"))
        slow = await connect(cluster.url)
        try:
            async with slow.transaction():
                await slow.execute("UPDATE health SET since = 7 WHERE account = 'a'")
                await noted(store, health("b", since=3.0))
                looked = await table.healths_since("")
                assert [each.since for each in looked.healths] == [0.0, 3.0]
        finally:
            await slow.close()

        told = (await table.healths_since(looked.mark)).healths
        assert ("a", 7.0) in {(each.account, each.since) for each in told}


async def test_an_outlook_joins_what_is_own_with_what_others_noted(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own is as it is; of others what they noted last, whatever the size of a page."""
    monkeypatch.setattr("vedette.app.outlook.PAGE", 2)
    monkeypatch.setattr("vedette.app.outlook.FRESH", 0.0)
    async with looking(cluster) as (store, table):
        await noted(store, *(health(name) for name in "abcde"))
        own = {AccountId("a"): health("a", since=9.0)}
        outlook = Outlook(own.get, table)
        await asyncio.gather(outlook.refresh(), outlook.refresh())
        assert [outlook.get(AccountId(name)) for name in "ae"] == [health("a", 9.0), health("e")]

        await noted(store, health("e", since=4.0))
        await outlook.refresh()

        assert outlook.get(AccountId("e")) == health("e", since=4.0)
        assert outlook.get(AccountId("x")) is None
