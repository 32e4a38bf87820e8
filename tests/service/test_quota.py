"""A limit gives places to the oldest, never more than it says, and takes none back that it gave."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from tests.support.office import ACME, ADMIN, ANNA, OSCAR, Office
from tests.support.office import office as opened
from vedette.model.ids import AccountId, TenantId
from vedette.ports.records import Drop, Kind, Note, Put, Written
from vedette.ports.registration import Pause, Registration
from vedette.service.accounts import quota
from vedette.service.refusals import (
    InvalidError,
    PlanLimitError,
    RefusalError,
)


def pauses(found: dict[str, Registration]) -> list[Pause | None]:
    """Return why accounts are paused, oldest first."""
    return [each.pause for each in sorted(found.values(), key=lambda each: each.created_at)]


async def test_a_lower_limit_pauses_the_newest_and_a_higher_resumes_the_oldest(
    office: Office,
) -> None:
    """Nothing is deleted; who was paused by hand is so again."""
    ids = [(await office.account()).account.id for _ in range(5)]
    await office.orders.pause(ANNA, ids[4])

    await office.tenants.update(ADMIN, ACME, {"maxAccounts": 2})
    limit = Pause.PLAN_LIMIT
    assert pauses(await office.accounts_of()) == [None, None, limit, limit, limit]
    assert await office.secrets(ids[3]) == {"password": "hunter2"}

    await office.tenants.update(ADMIN, ACME, {"maxAccounts": 3})
    assert pauses(await office.accounts_of()) == [None, None, None, limit, limit]

    await office.tenants.update(ADMIN, ACME, {"maxAccounts": None})
    assert pauses(await office.accounts_of()) == [None, None, None, None, Pause.MANUAL]


async def test_a_preview_says_what_a_limit_does_and_does_nothing(office: Office) -> None:
    """So that who goes to a smaller plan sees which mailboxes it costs."""
    ids = [(await office.account()).account.id for _ in range(4)]
    before = dict(office.records.rows.records)

    found = await office.tenants.preview(ANNA, ACME, max_accounts=1)

    assert (found.current, found.pauses, found.resumes) == (4, tuple(ids[:0:-1]), ())
    assert dict(office.records.rows.records) == before
    await office.tenants.update(ADMIN, ACME, {"maxAccounts": 1})
    after = await office.tenants.preview(ANNA, ACME, max_accounts=None)
    assert (after.current, after.pauses, after.resumes) == (4, (), tuple(ids[1:]))
    with pytest.raises(InvalidError):
        await office.tenants.preview(ANNA, ACME, max_accounts=-1)


async def test_a_place_that_becomes_free_is_taken_by_who_waits(office: Office) -> None:
    """The oldest of those that the limit paused."""
    ids = [(await office.account()).account.id for _ in range(3)]
    await office.tenants.update(ADMIN, ACME, {"maxAccounts": 1})

    await office.accounts.delete(ANNA, ids[0])

    found = await office.accounts_of()
    assert {id_: each.pause for id_, each in found.items()} == {
        ids[1]: None,
        ids[2]: Pause.PLAN_LIMIT,
    }


async def test_a_limit_is_of_one_tenant_alone(office: Office) -> None:
    """Nor is its pause."""
    await office.account(OSCAR)
    await office.account()

    await office.tenants.update(ADMIN, ACME, {"maxAccounts": 0})
    await office.tenants.pause(ADMIN, ACME)

    assert pauses(await office.accounts_of(OSCAR)) == [None]


async def test_a_limit_that_comes_while_an_account_is_made_holds_for_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one is written before the other is read, on both sides."""
    write = office.records.write
    raced: list[bool] = []

    async def slow(
        changes: Sequence[Put | Drop],
        *,
        now: float,
        notes: Sequence[Note] = (),
        tenant: TenantId | None = None,
    ) -> Written:
        if not raced:
            raced.append(True)
            await office.tenants.update(ADMIN, ACME, {"maxAccounts": 0})
        return await write(changes, now=now, notes=notes, tenant=tenant)

    monkeypatch.setattr(office.records, "write", slow)
    made = await office.account()

    assert made.pause is Pause.PLAN_LIMIT
    assert not (await office.tenants.of(ACME)).is_settling


async def test_who_comes_back_does_not_take_a_place_that_was_taken(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account that is made meanwhile has it: never more than the limit."""
    for _ in range(3):
        await office.account()
    await office.tenants.update(ADMIN, ACME, {"maxAccounts": 2})
    write = office.records.write
    raced: list[bool] = []

    async def slow(
        changes: Sequence[Put | Drop],
        *,
        now: float,
        notes: Sequence[Note] = (),
        tenant: TenantId | None = None,
    ) -> Written:
        if any(each.what == "account.resumed" for each in notes) and not raced:
            raced.append(True)
            await office.account()
        return await write(changes, now=now, notes=notes, tenant=tenant)

    monkeypatch.setattr(office.records, "write", slow)
    await office.tenants.update(ADMIN, ACME, {"maxAccounts": 3})

    assert pauses(await office.accounts_of()) == [None, None, Pause.PLAN_LIMIT, None]


async def test_a_limit_of_many_accounts_is_gone_over_to_in_steps(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is a transaction of so many; one that another writes meanwhile is written alone."""
    monkeypatch.setattr(quota, "STEP", 3)
    monkeypatch.setattr(quota, "PAGE", 2)
    ids = [(await office.account()).account.id for _ in range(8)]
    ask = office.records.record
    raced: list[bool] = []

    async def record(kind: Kind, id_: str, *, tenant: TenantId | None = None) -> object:
        found = await ask(kind, id_, tenant=tenant)
        if id_ == ids[6] and not raced and found is not None:
            raced.append(True)
            await office.records.write([Put(record=found, expected=found.version)], now=1.0)
        return found

    monkeypatch.setattr(office.records, "record", record)
    await office.tenants.update(ADMIN, ACME, {"maxAccounts": 1})

    assert pauses(await office.accounts_of()) == [None, *[Pause.PLAN_LIMIT] * 7]


class Plans(RuleBasedStateMachine):
    """Accounts come, go and are paused while the limit moves, in any order."""

    @initialize()
    def open(self) -> None:
        self.office = asyncio.run(opened())
        self.limit: int | None = None
        self.manual: set[AccountId] = set()
        self.ids: list[AccountId] = []

    @rule(limit=st.none() | st.integers(0, 5))
    def set_limit(self, limit: int | None) -> None:
        asyncio.run(self.office.tenants.update(ADMIN, ACME, {"maxAccounts": limit}))
        self.limit = limit

    @rule()
    def make(self) -> None:
        refused, is_full = False, self.limit is not None and len(self.ids) >= self.limit
        try:
            made = asyncio.run(self.office.account())
            self.ids.append(made.account.id)
        except PlanLimitError:
            refused = True
        assert refused is is_full

    @precondition(lambda self: self.ids)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        id_ = data.draw(st.sampled_from(self.ids))
        asyncio.run(self.office.accounts.delete(ANNA, id_))
        self.ids.remove(id_)
        self.manual.discard(id_)

    @precondition(lambda self: self.ids)
    @rule(data=st.data())
    def pause(self, data: st.DataObject) -> None:
        id_ = data.draw(st.sampled_from(self.ids))
        asyncio.run(self.office.orders.pause(ANNA, id_))
        self.manual.add(id_)

    @precondition(lambda self: self.manual)
    @rule(data=st.data())
    def resume(self, data: st.DataObject) -> None:
        id_ = data.draw(st.sampled_from(sorted(self.manual)))
        asyncio.run(self.office.orders.resume(ANNA, id_))
        self.manual.remove(id_)

    @invariant()
    def the_oldest_have_the_places(self) -> None:
        """Never more than the limit, never fewer than there is room for, and each as it was."""
        found = asyncio.run(self.office.accounts_of())
        placed = self.ids if self.limit is None else self.ids[: self.limit]
        expected = {
            id_: Pause.PLAN_LIMIT
            if id_ not in placed
            else Pause.MANUAL
            if id_ in self.manual
            else None
            for id_ in self.ids
        }
        assert {id_: each.pause for id_, each in found.items()} == expected
        assert sum(each.is_watched for each in found.values()) <= (
            len(self.ids) if self.limit is None else self.limit
        )


Plans.TestCase.settings = settings(
    max_examples=30,
    stateful_step_count=15,
    suppress_health_check=[HealthCheck.too_slow],
)

TestPlans = Plans.TestCase


async def test_what_a_limit_can_not_do_is_refused_in_one_family_of_errors(office: Office) -> None:
    """So that one table makes answers of them."""
    await office.tenants.update(ADMIN, ACME, {"maxAccounts": 0})

    with pytest.raises(RefusalError) as caught:
        await office.account()

    assert caught.value.code == "plan_limit"
