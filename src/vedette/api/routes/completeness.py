"""``/v1/accounts/{id}/completeness``: whether every message was told. It must not know who counts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Security

from vedette.api.caller import allowed
from vedette.api.services import Given
from vedette.api.shapes.completeness import CompletenessShown, completeness
from vedette.model.ids import AccountId
from vedette.service.caller import Caller

router = APIRouter(prefix="/v1/accounts", tags=["completeness"])

Reader = Annotated[Caller, Security(allowed, scopes=["accounts:read"])]


@router.get("/{account}/completeness")
async def get_completeness(account: str, caller: Reader, services: Given) -> CompletenessShown:
    """Show what the server counted against what was told, by folder and day, at the last look."""
    found = await services.accounts.get(caller, AccountId(account))
    id_ = found.account.id
    days = [] if services.counts is None else list(services.counts.days(id_))
    return completeness(id_, days)
