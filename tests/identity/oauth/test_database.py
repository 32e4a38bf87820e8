"""Instances that share a real database: one of them asks, and each finds what it wrote."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.identity.oauth.rig import Clock, Instance
from tests.support.authorization import Authorization
from tests.support.postgres import Postgres
from vedette.secret import Secret
from vedette.store.postgres.store import PostgresStore


@pytest.fixture
async def instances(postgres: Postgres, database: str) -> AsyncIterator[list[Instance]]:
    """Return three processes' worth of a service on one Postgres."""
    async with AsyncExitStack() as ends:
        found = []
        for name in ("one", "two", "three"):
            store = PostgresStore(Secret(postgres.url(database)), Clock(), instance=name)
            await store.start()
            ends.push_async_callback(store.stop)
            instance = Instance(name=name, records=store.records)
            ends.push_async_callback(instance.stop)
            found.append(instance)
        await found[0].begin()
        yield found


async def test_instances_on_one_database_ask_once(
    instances: list[Instance], authorization: Authorization, user: str
) -> None:
    """Of sixty who want a token at once, in three instances, one asks; then of sixty refused ones."""
    one = instances[0]
    app = await one.app(authorization)
    account = await one.account(user, app)
    await one.connect(authorization, account, app)
    for each in instances:
        each.supplies = one.supplies
        each.clock.ahead += 3_600
    refused = None
    for _ in range(2):
        before = authorization.calls()
        tokens = await asyncio.gather(
            *(each.tokens.token(account, refused=refused) for each in instances * 20)
        )
        assert authorization.calls() == before + 1
        assert all(each == tokens[0] for each in tokens)
        refused = tokens[0]
