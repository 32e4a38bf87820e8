"""Instances that share a real database: one of them asks, and each finds what it wrote."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.house.tree import ROOT
from tests.identity.oauth.rig import ACME, ADMIN, ANNA, Clock, Instance
from tests.support.authorization import Authorization
from tests.support.postgres import Postgres
from vedette.app.revoking import Revoking
from vedette.identity.vault import Vault
from vedette.ports.records import Kind, RecordQuery
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


async def asker(*words: str) -> Process:
    """Start another process on the database, and return it when it is about to ask."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.identity.oauth.asker", *words),
        stdin=PIPE,
        stdout=PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
    )
    assert process.stdout is not None
    said = await asyncio.wait_for(process.stdout.readline(), 60)
    assert said == b"ready\n", said
    return process


async def test_two_processes_ask_once(
    instances: list[Instance],
    authorization: Authorization,
    postgres: Postgres,
    database: str,
    user: str,
) -> None:
    """What makes one of them wait is in the database, and nothing that they share besides."""
    one = instances[0]
    app = await one.app(authorization)
    account = await one.account(user, app)
    await one.connect(authorization, account, app)
    before = authorization.calls()
    words = postgres.url(database), account.credentials.user, account.id, app
    processes = await asyncio.gather(*(asker(*words) for _ in range(2)))

    told = await asyncio.gather(*(each.communicate(b"go\n") for each in processes))

    assert [each.returncode for each in processes] == [0, 0]
    assert authorization.calls() == before + 1
    token = (await one.consent(account)).pair.access
    assert token is not None
    kept = hashlib.sha256(token.reveal().encode()).hexdigest()
    assert {out.decode().splitlines()[-1] for out, _ in told} == {kept}


async def test_the_end_of_a_consent_passes_the_wall_of_its_tenant(
    instances: list[Instance], authorization: Authorization, user: str
) -> None:
    """It is written as the tenant's own, and as nobody's where the tenant goes; either is told."""
    one = instances[0]
    app = await one.app(authorization, revokeUrl=f"{authorization.issuer}/token/revocation")
    tokens = []
    for name in (user, f"other-{user}"):
        account = await one.account(name, app)
        await one.connect(authorization, account, app)
        tokens.append((await one.consent(account)).pair.refresh.reveal())
        if name == user:
            await one.accounts.delete(ANNA, account.id)
    await one.tenants.delete(ADMIN, ACME)
    left = await one.records.records(RecordQuery(kind=Kind.REVOCATION))
    assert [each.tenant for each in left] == ["", ""]

    async def vault() -> Vault:
        return instances[1].vault

    two = instances[1]
    await Revoking(two.records, vault, two.transport, two.clock).round()

    assert [authorization.is_active(each) for each in tokens] == [False, False]
    assert not await one.records.records(RecordQuery(kind=Kind.REVOCATION))
