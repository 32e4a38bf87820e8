"""A person pauses, resumes and connects anew; what that can not undo says so."""

from __future__ import annotations

import pytest

from tests.support.office import ACME, ADMIN, ANNA, Office
from vedette.ports.registration import Pause
from vedette.secret import Secret
from vedette.service.refusals import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    PlanLimitError,
    StaleError,
)


async def test_a_paused_account_is_not_watched_until_it_is_resumed(office: Office) -> None:
    """With its instant, and both in the audit."""
    id_ = (await office.account()).account.id

    paused = await office.orders.pause(ANNA, id_)
    assert (paused.pause, paused.is_watched) == (Pause.MANUAL, False)
    assert paused.paused_at is not None
    resumed = await office.orders.resume(ANNA, id_)

    assert (resumed.pause, resumed.paused_at, resumed.is_watched) == (None, None, True)
    assert [each["reason"] for each in office.audit("account.paused")] == ["manual"]
    assert [each["reason"] for each in office.audit("account.resumed")] == ["manual"]


async def test_an_order_twice_is_one(office: Office) -> None:
    """A retry writes nothing: no version, no note."""
    id_ = (await office.account()).account.id
    first = await office.orders.pause(ANNA, id_)

    assert await office.orders.pause(ANNA, id_) == first
    second = await office.orders.resume(ANNA, id_)
    assert await office.orders.resume(ANNA, id_) == second
    assert len(office.audit("account.paused")) == 1


async def test_a_refused_login_is_not_resumed_but_mended(office: Office) -> None:
    """With other credentials, or by an explicit try with the same."""
    id_ = (await office.account()).account.id
    parked = await office.orders.park(ADMIN, id_)
    assert parked.pause is Pause.AUTH_FAILURE

    with pytest.raises(ConflictError, match="new credentials, or reconnect"):
        await office.orders.resume(ANNA, id_)
    again = await office.orders.reconnect(ANNA, id_)
    assert (again.pause, again.reconnect) == (None, 1)

    await office.orders.park(ADMIN, id_)
    mended = await office.accounts.update(ANNA, id_, {"password": Secret("right")})
    assert (mended.pause, mended.is_watched) == (None, True)


@pytest.mark.parametrize("members", [{"title": "x"}, {"password": Secret("")}])
async def test_what_is_no_other_credential_ends_no_refusal(
    office: Office, members: dict[str, object]
) -> None:
    """A new title must not make the server lock the mailbox."""
    id_ = (await office.account()).account.id
    await office.orders.park(ADMIN, id_)

    then = await office.accounts.update(ANNA, id_, members)

    assert then.pause is Pause.AUTH_FAILURE


async def test_only_the_service_says_that_a_login_was_refused(office: Office) -> None:
    """It is its own word."""
    id_ = (await office.account()).account.id

    with pytest.raises(ForbiddenError):
        await office.orders.park(ANNA, id_)


async def test_the_limit_is_not_lifted_by_a_person(office: Office) -> None:
    """In the words of the plan; and a pause by hand stands beneath it."""
    await office.account()
    id_ = (await office.account()).account.id
    await office.tenants.update(ADMIN, ACME, {"maxAccounts": 1})

    for order in (office.orders.resume, office.orders.reconnect):
        with pytest.raises(PlanLimitError) as caught:
            await order(ANNA, id_)
        assert (caught.value.current, caught.value.limit) == (2, 1)
    paused = await office.orders.pause(ANNA, id_)
    assert (paused.pause, paused.beneath) == (Pause.PLAN_LIMIT, Pause.MANUAL)
    resumed = await office.orders.resume(ANNA, id_)
    assert (resumed.pause, resumed.beneath) == (Pause.PLAN_LIMIT, None)


async def test_the_tenants_pause_is_not_lifted_by_its_person(office: Office) -> None:
    """Its own pause is, and it stays paused."""
    id_ = (await office.account()).account.id
    await office.orders.pause(ANNA, id_)
    await office.tenants.pause(ADMIN, ACME)

    resumed = await office.orders.resume(ANNA, id_)

    assert (resumed.pause, resumed.beneath) == (Pause.TENANT, None)
    for order in (office.orders.resume, office.orders.reconnect):
        with pytest.raises(ConflictError, match="tenant is paused"):
            await order(ANNA, id_)


async def test_a_reconnect_that_could_do_nothing_is_refused(office: Office) -> None:
    """A button that does nothing, and says so to nobody, was a bug of another service."""
    id_ = (await office.account()).account.id
    await office.orders.pause(ANNA, id_)
    with pytest.raises(ConflictError, match="resume it"):
        await office.orders.reconnect(ANNA, id_)

    await office.orders.resume(ANNA, id_)
    await office.accounts.update(ANNA, id_, {"active": False})
    with pytest.raises(ConflictError, match="activate it"):
        await office.orders.reconnect(ANNA, id_)


async def test_each_wish_to_follow_anew_is_a_new_one(office: Office) -> None:
    """From the same instant too."""
    id_ = (await office.account()).account.id

    first = await office.orders.resync(ANNA, id_, 1_000.0)
    second = await office.orders.resync(ANNA, id_, 1_000.0)

    assert (first.resync.serial, first.resync.since) == (1, 1_000.0)
    assert second.resync.serial == 2


@pytest.mark.parametrize("since", [-1.0, 4e9, float("nan"), float("inf")])
async def test_what_is_to_come_is_not_followed_anew(office: Office, since: float) -> None:
    """Nor what was before there was mail."""
    id_ = (await office.account()).account.id

    with pytest.raises(InvalidError, match="since"):
        await office.orders.resync(ANNA, id_, since)


async def test_an_order_for_what_is_another_by_now_is_refused(office: Office) -> None:
    """As a change is."""
    made = await office.account()
    id_ = made.account.id
    await office.orders.resync(ANNA, id_, 0.0)

    for order in (office.orders.pause, office.orders.resume, office.orders.reconnect):
        with pytest.raises(StaleError):
            await order(ANNA, id_, expected=made.version)
