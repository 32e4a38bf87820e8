"""Of many accounts in one request each is done or refused by itself."""

from __future__ import annotations

import pytest

from tests.support.office import ACME, ADMIN, ANNA, OSCAR, Office, wish
from vedette.model.ids import AccountId
from vedette.service.accounts.batches import Addition, Alteration, Outcome, Removal
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
