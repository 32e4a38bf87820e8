"""``/v1/guards``: a guard is tried, on a message or on a mailbox. It must not know how guards judge."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Security

from vedette.api.caller import allowed
from vedette.api.services import Given
from vedette.api.shapes.rehearsals import (
    BacktestShown,
    BacktestWish,
    TestWish,
    TrialShown,
    backtested,
    draft_of,
    ground_of,
    octets_of,
    trial,
)
from vedette.service.caller import Caller

router = APIRouter(prefix="/v1/guards", tags=["guards"])

Reader = Annotated[Caller, Security(allowed, scopes=["guards:read"])]
MailReader = Annotated[Caller, Security(allowed, scopes=["guards:read", "mail:read"])]


@router.post("/{guard}/test")
async def test_guard(guard: str, wish: TestWish, caller: Reader, services: Given) -> TrialShown:
    """Say what a guard would do with a message, and why. Nothing is kept or moved."""
    found = await services.guardroom.rehearsing.test(caller, guard, octets_of(wish), wish.authserv)
    return trial(found)


@router.post("/{guard}/backtest")
async def backtest_guard(
    guard: str, wish: BacktestWish, caller: MailReader, services: Given
) -> BacktestShown:
    """Say what a guard would have done with the mail of a mailbox, a stretch at a time.

    Nothing is moved or marked. Ask again with `next` until it is null.
    """
    found = await services.guardroom.rehearsing.backtest(
        caller, guard, draft_of(wish), ground_of(wish)
    )
    return backtested(found)
