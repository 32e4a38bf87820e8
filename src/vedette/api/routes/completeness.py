"""``/v1/accounts/{account}/completeness``: whether all was told. It must not know who counts."""

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
    """Show what the server counted against what was told, by folder and day, at the last look.

    Each folder is looked at once a day, by the instance that watches it; any of them tells what was
    found. Two weeks are kept.
    """
    id_ = AccountId(account)
    return completeness(id_, await services.counts.read(caller, id_))
