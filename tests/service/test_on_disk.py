"""The use cases over the store of a file, with its own counting, searching and feed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.office import ACME, ADMIN, ANNA, OSCAR, OTHER, Desk, HandClock, wish
from vedette.ports.records import Kind
from vedette.ports.registration import Pause
from vedette.secret import Secret
from vedette.service.accounts import AccountQuery
from vedette.service.importing import read_csv
from vedette.service.refusals import NotFoundError, PlanLimitError
from vedette.store.sqlite.store import SqliteStore


@pytest.fixture(name="desk")
async def _desk(tmp_path: Path) -> AsyncIterator[Desk]:
    clock = HandClock()
    store = SqliteStore(tmp_path, clock)
    await store.start()
    desk = Desk(store.records, store, clock)
    for id_ in (ACME, OTHER):
        await desk.tenants.create(ADMIN, {}, id_=id_)
    yield desk
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
