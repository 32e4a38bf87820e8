"""``/v1/accounts/{account}/logs``: what is said to the mail server of an account.

Lines are outlines without secrets and without mail. It must not know how they are made.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Security

from vedette.api.caller import allowed
from vedette.api.services import Given
from vedette.api.shapes.logs import LogShown, LogWish, log
from vedette.model.ids import AccountId
from vedette.service.caller import Caller

router = APIRouter(prefix="/v1/accounts", tags=["accounts"])

Reader = Annotated[Caller, Security(allowed, scopes=["accounts:read"])]
Writer = Annotated[Caller, Security(allowed, scopes=["accounts:read", "accounts:write"])]


@router.post("/{account}/logs")
async def record_logs(account: str, wish: LogWish, caller: Writer, services: Given) -> LogShown:
    """Keep the lines of its connections in memory for a while, without secrets and mail.

    It is the instance that watches the account that has them; another one answers
    `watched_elsewhere`. Asked again, it goes on from now.
    """
    return log(await services.listening.begin(caller, AccountId(account), wish.seconds))


@router.get("/{account}/logs")
async def get_logs(account: str, caller: Reader, services: Given) -> LogShown:
    """Show the last lines, oldest first, up to a quarter of an hour after the last was kept.

    Where nobody asked for them there are none, and `until` is null.
    """
    return log(await services.listening.read(caller, AccountId(account)))
