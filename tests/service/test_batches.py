"""Of many accounts in one request each is done or refused by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.support.office import ACME, ADMIN, ANNA, OSCAR, Office, wish
from vedette.model.ids import AccountId, TenantId
from vedette.ports.records import Drop, Kind, Put, Written
from vedette.service.accounts.batches import STEP, Addition, Alteration, Outcome, Removal
from vedette.service.accounts.tenant import record_of, tenant_of
from vedette.service.cabinet import Cabinet, Writing
from vedette.service.caller import Caller
from vedette.service.refusals import ForbiddenError, InvalidError


def codes(outcomes: list[Outcome]) -> list[str | None]:
    """Return what was refused, in the order of the items."""
    return [None if each.refusal is None else each.refusal.code for each in outcomes]


async def test_one_mistake_costs_one_item(office: Office) -> None:
    """The others are there, and each outcome is at its item's place."""
    await office.tenants.update(ADMIN, ACME, {"maxAccounts": 2})
    items = [wish(), wish(port=0), wish(), wish()]

    made = await office.batches.create(ANNA, [Addition(wish=each) for each in items])

    assert codes(made) == [None, "invalid", None, "plan_limit"]
    assert len(await office.accounts_of()) == 2


async def test_of_a_whole_step_one_that_is_taken_costs_itself_alone(office: Office) -> None:
    """Those before it and behind it are made, in their order, whatever is refused of them and when."""
    taken = (await office.account()).account.id
    count = 2 * STEP + 3
    items = [Addition(wish=wish(title=str(number)), tenant=ACME) for number in range(count)]
    items[4] = Addition(wish=wish(), id=taken, tenant=ACME)
    items[STEP + 1] = Addition(wish=wish(), id="twice", tenant=ACME)
    items[STEP + 3] = Addition(wish=wish(), id="twice", tenant=ACME)
    items[STEP + 5] = Addition(wish=wish(), tenant=TenantId("nobody"))

    made = await office.batches.create(ADMIN, items)

    refused = {place: code for place, code in enumerate(codes(made)) if code is not None}
    assert refused == {4: "taken", STEP + 3: "taken", STEP + 5: "not_found"}
    titles = [
        each.account.title for each in made if each.account is not None and each.account.title
    ]
    kept = [number for number in range(count) if number not in {4, STEP + 1, STEP + 3, STEP + 5}]
    assert titles == [str(number) for number in kept]
    assert len(office.audit("account.created")) == count - 3 + 1


async def test_a_whole_step_is_one_write(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction for each account would be a wait for the disk for each."""
    write, written = office.records.write, list[int]()

    async def counted(changes: Sequence[Put | Drop], **more: Any) -> Written:
        written.append(len(changes))
        return await write(changes, **more)

    monkeypatch.setattr(office.records, "write", counted)
    await office.batches.create(ANNA, [Addition(wish=wish()) for _ in range(STEP + 1)])

    assert written == [STEP, 1]


async def test_a_tenant_that_is_deleted_meanwhile_gets_none_of_a_batch(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written after it began to leave is taken away again."""
    write = office.cabinet.write

    async def late(caller: Caller, writings: Sequence[tuple[Writing, int]]) -> bool:
        done = await write(caller, writings)
        monkeypatch.setattr(Cabinet, "write", Cabinet.write)
        old = office.records.rows.records[Kind.TENANT, ACME]
        leaving = record_of(replace(tenant_of(old), is_leaving=True), over=old)
        await office.records.write([Put(record=leaving, expected=old.version)], now=1.0)
        return done

    monkeypatch.setattr(Cabinet, "write", lambda _self, *said: late(*said))
    made = await office.batches.create(ANNA, [Addition(wish=wish()) for _ in range(3)])

    assert codes(made) == ["not_found"] * 3
    assert not [key for key in office.records.rows.records if key[0] is Kind.ACCOUNT]


async def test_many_are_changed_and_deleted_by_their_ids(office: Office) -> None:
    """A foreign one is not there; one that is another by now is stale."""
    own = [(await office.account()).account.id for _ in range(2)]
    theirs = (await office.account(OSCAR)).account.id

    changed = await office.batches.update(
        ANNA,
        [
            Alteration(id=own[0], wish={"title": "x"}),
            Alteration(id=theirs, wish={"title": "x"}),
            Alteration(id=own[1], wish={"title": "x"}, expected=9),
        ],
    )
    deleted = await office.batches.delete(
        ANNA, [Removal(id=own[0]), Removal(id=theirs), Removal(id=AccountId("never"))]
    )

    assert codes(changed) == [None, "not_found", "stale"]
    assert codes(deleted) == [None, "not_found", "not_found"]
    assert set(await office.accounts_of()) == {own[1]}


@pytest.mark.parametrize("count", [0, 501])
async def test_a_request_has_so_many_items(office: Office, count: int) -> None:
    """A client waits for all of them."""
    with pytest.raises(InvalidError, match="1 to 500"):
        await office.batches.delete(ANNA, [Removal(id=AccountId("a"))] * count)


async def test_who_may_not_write_is_refused_as_a_whole(office: Office) -> None:
    """Not five hundred times."""
    eve = Caller(name="eve", tenant=ACME, scopes=frozenset({"accounts:read"}))

    with pytest.raises(ForbiddenError):
        await office.batches.delete(eve, [Removal(id=AccountId("a"))])
