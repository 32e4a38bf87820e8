"""The use cases over the real stores, that count, search and wall off in the database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.office import ACME, ADMIN, ANNA, OSCAR, OTHER, Desk, HandClock, wish
from tests.support.postgres import Postgres
from vedette.model.ids import AccountId
from vedette.ports.records import Kind
from vedette.ports.registration import Pause, Registration
from vedette.secret import Secret
from vedette.service.accounts.importing import read_csv
from vedette.service.accounts.roll import AccountQuery
from vedette.service.refusals import NotFoundError, PlanLimitError
from vedette.store.postgres.store import PostgresStore
from vedette.store.sqlite.store import SqliteStore


@pytest.fixture(scope="module")
def databases() -> dict[int, str]:
    """Hold the one database of these tests, which each leaves as it was."""
    return {}


@pytest.fixture(name="desk", params=["sqlite", "postgres"])
async def _desk(
    request: pytest.FixtureRequest, tmp_path: Path, databases: dict[int, str]
) -> AsyncIterator[Desk]:
    clock = HandClock()
    store: SqliteStore | PostgresStore
    if request.param == "sqlite":
        store = SqliteStore(tmp_path, clock)
    else:
        server: Postgres = request.getfixturevalue("postgres")
        if server.port not in databases:
            databases[server.port] = await server.make()
        url = Secret(server.url(databases[server.port]))
        store = PostgresStore(url, clock, instance="one")
    await store.start()
    desk = Desk(store.records, store, clock)
    for id_ in (ACME, OTHER):
        await desk.tenants.create(ADMIN, {}, id_=id_)
    yield desk
    for id_ in (ACME, OTHER):
        with suppress(NotFoundError):
            await desk.tenants.delete(ADMIN, id_)
    await store.stop()


async def test_a_limit_pauses_the_newest_on_the_disk_too(desk: Desk) -> None:
    """And is counted in the database, in the same transaction as the write."""
    rows = "".join(f"u{n}@example.org,mail.example.org,pw\n" for n in range(120))
    await desk.importing.take(ANNA, read_csv(f"email,host,password\n{rows}"))

    await desk.tenants.update(ADMIN, ACME, {"maxAccounts": 5})
    found = await desk.accounts_of()
    assert sum(each.is_watched for each in found.values()) == 5
    assert {each.pause for each in found.values()} == {None, Pause.PLAN_LIMIT}
    with pytest.raises(PlanLimitError) as caught:
        await desk.account()
    assert caught.value.current == 5

    await desk.tenants.update(ADMIN, ACME, {"maxAccounts": None})
    assert all(each.is_watched for each in (await desk.accounts_of()).values())


async def test_accounts_are_searched_and_filtered_by_the_database(desk: Desk) -> None:
    """By a text of the label and by members of the body, behind the tenant's wall."""
    for number in range(4):
        await desk.account(title=f"Müller {number}", tags=["vip"] if number % 2 else [])
    await desk.account(OSCAR, title="Müller")

    query = AccountQuery(text="MÜLLER", fields={"tags": "vip", "active": True})
    page = await desk.accounts.page(ANNA, query)

    assert [each.title for each in page.items] == ["Müller 1", "Müller 3"]


async def test_a_tenant_ends_on_the_disk_with_its_keys(desk: Desk) -> None:
    """Records, secrets and data keys; another's stay."""
    url = Secret("https://hooks.example.org/")
    await desk.accounts.create(ANNA, wish())
    await desk.endpoints.create(ANNA, {"type": "webhook", "url": url})
    theirs = (await desk.account(OSCAR)).account.id

    await desk.tenants.delete(ADMIN, ACME)

    records = desk.cabinet.records
    assert await records.data_keys(ACME) == []
    assert await records.count(Kind.ACCOUNT, ACME) == 0
    assert {each.tenant for each in await records.sealed(("", "", ""))} == {OTHER}
    assert await desk.secrets(theirs) == {"password": "hunter2"}
    with pytest.raises(NotFoundError):
        await desk.tenants.of(ACME)


async def test_who_asks_for_all_tenants_sets_what_is_of_none(desk: Desk) -> None:
    """An admin's endpoint, with its secrets, is of nobody; no tenant sees it."""
    wish_ = {"type": "webhook", "url": Secret("https://hooks.example.org/")}
    made, _ = await desk.endpoints.create(ADMIN, wish_)

    then = await desk.endpoints.update(ADMIN, made.id, {"timeout": 5})
    assert then.version == made.version + 1
    assert (await desk.secrets(AccountId(made.id), Kind.ENDPOINT))["url"].startswith("https")
    with pytest.raises(NotFoundError):
        await desk.endpoints.get(ANNA, made.id)
    await desk.endpoints.delete(ADMIN, made.id)


async def test_two_who_make_the_last_account_at_once_make_one(desk: Desk) -> None:
    """The count and the write are one step of the database."""
    await desk.tenants.update(ADMIN, ACME, {"maxAccounts": 3})

    made = await asyncio.gather(*(desk.account() for _ in range(8)), return_exceptions=True)

    assert sum(isinstance(each, Registration) for each in made) == 3
    assert sum(isinstance(each, PlanLimitError) for each in made) == 5
