"""A tenant is made, changed and paused by an admin; its end takes away all that it has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from tests.support.office import ACME, ADMIN, ANNA, OSCAR, OTHER, Office
from vedette.errors import StoreError
from vedette.model.ids import TenantId
from vedette.ports.records import Kind, Put
from vedette.ports.registration import Pause, Registration
from vedette.secret import Secret
from vedette.service.accounts.tenant import DEFAULT, Tenant, record_of, tenant_of
from vedette.service.caller import Caller
from vedette.service.refusals import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    PlanLimitError,
    StaleError,
    TakenError,
)

Ask = Callable[[Office, Caller], Awaitable[object]]


ADMINS: dict[str, Ask] = {
    "create": lambda it, who: it.tenants.create(who, {}),
    "page": lambda it, who: it.tenants.page(who),
    "update": lambda it, who: it.tenants.update(who, ACME, {"maxAccounts": 99}),
    "pause": lambda it, who: it.tenants.pause(who, ACME),
    "resume": lambda it, who: it.tenants.resume(who, ACME),
    "delete": lambda it, who: it.tenants.delete(who, ACME),
}


def pauses(found: dict[str, Registration]) -> list[Pause | None]:
    """Return why accounts are paused, oldest first."""
    return [each.pause for each in sorted(found.values(), key=lambda each: each.created_at)]


@pytest.mark.parametrize("ask", ADMINS.values(), ids=ADMINS.keys())
async def test_a_tenant_does_not_change_its_own_plan(office: Office, ask: Ask) -> None:
    """That is up to an admin."""
    with pytest.raises(ForbiddenError):
        await ask(office, ANNA)


async def test_a_tenant_sees_itself_and_no_other(office: Office) -> None:
    """Another is not there, as one that nobody made."""
    assert (await office.tenants.get(ANNA, ACME)).name == "Acme"
    for id_ in (OTHER, TenantId("never")):
        with pytest.raises(NotFoundError):
            await office.tenants.get(ANNA, id_)
        with pytest.raises(NotFoundError):
            await office.tenants.preview(ANNA, id_, max_accounts=1)


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"maxAccounts": -1}, "maxAccounts"),
        ({"maxAccounts": 1.5}, "maxAccounts"),
        ({"retentionDays": 0}, "retentionDays"),
        ({"settings": {"a": 1}}, "settings"),
        ({"settings": {str(i): "x" for i in range(101)}}, "settings"),
        ({"settings": []}, "settings"),
        ({"name": "a\nb"}, "name"),
        ({"leaving": True}, "leaving"),
        ({"colour": "blue"}, "colour"),
    ],
)
async def test_what_a_tenant_can_not_be_is_told_by_its_field(
    office: Office, wish: dict[str, object], field: str
) -> None:
    """At making and at changing."""
    with pytest.raises(InvalidError) as caught:
        await office.tenants.create(ADMIN, wish)
    assert caught.value.mistakes[0].field == field
    with pytest.raises(InvalidError):
        await office.tenants.update(ADMIN, ACME, wish)


async def test_a_tenant_is_made_once(office: Office) -> None:
    """And changed in the version that one read."""
    with pytest.raises(TakenError):
        await office.tenants.create(ADMIN, {}, id_=ACME)
    read = (await office.tenants.of(ACME)).version
    then = await office.tenants.update(ADMIN, ACME, {"settings": {"plan": "pro"}}, expected=read)
    assert then.settings == {"plan": "pro"}
    with pytest.raises(StaleError):
        await office.tenants.update(ADMIN, ACME, {"name": "x"}, expected=read)


async def test_the_default_tenant_is_there_without_being_made(office: Office) -> None:
    """Who has no tenants never meets one; it can be limited, and it stays."""
    made = await office.account(ADMIN)
    assert made.account.tenant == DEFAULT

    then = await office.tenants.update(ADMIN, DEFAULT, {"maxAccounts": 1})
    assert then.max_accounts == 1
    with pytest.raises(PlanLimitError):
        await office.account(ADMIN)
    with pytest.raises(ForbiddenError):
        await office.tenants.delete(ADMIN, DEFAULT)


async def test_what_a_crash_cut_off_is_gone_on_with(office: Office) -> None:
    """A limit that was written and not gone over to, and a tenant that was half deleted."""
    for _ in range(3):
        await office.account()
        await office.account(OSCAR)
    acme, other = (office.records.rows.records[Kind.TENANT, each] for each in (ACME, OTHER))
    settling = replace(tenant_of(acme), max_accounts=1, is_settling=True)
    leaving = replace(tenant_of(other), is_leaving=True)
    for old, new in ((acme, settling), (other, leaving)):
        put = Put(record=record_of(new, over=old), expected=old.version)
        await office.records.write([put], now=1.0)
    seen = await office.accounts_of(OSCAR)
    assert {each.pause for each in seen.values()} == {Pause.TENANT}

    await office.tenants.recover(ADMIN)

    limit = Pause.PLAN_LIMIT
    assert pauses(await office.accounts_of()) == [None, limit, limit]
    assert not (await office.tenants.of(ACME)).is_settling
    with pytest.raises(NotFoundError):
        await office.tenants.of(OTHER)
    assert await office.accounts_of(OSCAR) == {}


async def test_a_deleted_tenant_leaves_nothing_that_can_be_opened(office: Office) -> None:
    """Its keys go too: what a backup of the secrets still holds is noise."""
    url = Secret("https://hooks.example.org/")
    id_ = (await office.account()).account.id
    await office.agreements.give(ANNA, [id_], version="1")
    await office.endpoints.create(ANNA, {"type": "webhook", "url": url})
    await office.guards.create(ANNA, {"pack": "newsletter"}, id_="acme-news")
    theirs = (await office.account(OSCAR)).account.id

    await office.tenants.delete(ADMIN, ACME)

    assert {key[0] for key in office.records.rows.keys} == {OTHER}
    assert {each.tenant for each in office.records.rows.records.values()} == {OTHER}
    assert await office.trust.consent_of(id_) is None
    assert await office.secrets(theirs) == {"password": "hunter2"}
    assert office.audit("tenant.deleted")[0]["tenant"] == ACME
    with pytest.raises(NotFoundError):
        await office.account()


async def test_a_tenant_with_an_old_name_is_another(office: Office) -> None:
    """Its secrets are sealed under a new key, and open."""
    await office.account()
    await office.tenants.delete(ADMIN, ACME)
    await office.tenants.create(ADMIN, {}, id_=ACME)

    id_ = (await office.account()).account.id

    assert await office.secrets(id_) == {"password": "hunter2"}


@pytest.mark.parametrize("dies", range(1, 12))
async def test_a_deletion_is_ended_wherever_it_was_cut_off(office: Office, dies: int) -> None:
    """By a store that fails at any of its calls."""
    for _ in range(2):
        await office.account()
    calls = iter([None] * dies)

    def enter() -> None:
        if next(calls, StoreError) is StoreError and not survived:
            raise StoreError("gone")

    survived: list[bool] = []
    office.records._enter = enter
    with pytest.raises(StoreError):
        await office.tenants.delete(ADMIN, ACME)
    survived.append(True)

    await office.tenants.recover(ADMIN)
    record = await office.records.record(Kind.TENANT, ACME)
    if record is not None:
        assert not tenant_of(record).is_leaving
        assert len(await office.accounts_of()) == 2
    else:
        assert {each.tenant for each in office.records.rows.records.values()} == {OTHER}
        assert (ACME, 1) not in office.records.rows.keys


async def test_what_is_being_deleted_is_not_changed(office: Office) -> None:
    """It would be half of something."""
    old = office.records.rows.records[Kind.TENANT, ACME]
    leaving = record_of(replace(tenant_of(old), is_leaving=True), over=old)
    await office.records.write([Put(record=leaving, expected=old.version)], now=1.0)

    with pytest.raises(ConflictError):
        await office.tenants.update(ADMIN, ACME, {"name": "x"})


async def test_a_pause_twice_is_one(office: Office) -> None:
    """It is from the first, and the audit has it once."""
    first = await office.tenants.pause(ADMIN, ACME, reason="unpaid")
    again = await office.tenants.pause(ADMIN, ACME, reason="again")

    assert again == first
    assert len(office.audit("tenant.paused")) == 1
    assert (await office.tenants.resume(ADMIN, ACME)).paused_at is None


def test_a_tenant_that_is_written_is_read() -> None:
    """Every field of it, and what a newer version wrote beside."""
    tenant = Tenant(
        id=ACME,
        name="Acme",
        max_accounts=3,
        max_endpoints=0,
        max_guards=7,
        retention_days=30,
        consent="2",
        settings={"plan": "pro"},
        paused_at=5.0,
        pause_reason="unpaid",
        is_settling=True,
        is_leaving=True,
    )
    record = record_of(tenant)
    newer = replace(record, body=record.body[:-1] + ',"colour":"blue"}')

    assert tenant_of(record) == tenant
    assert tenant_of(newer) == tenant
    assert '"colour":"blue"' in record_of(tenant, over=newer).body
