"""``/v1/accounts/{account}/folders``: what folders a mailbox has. It must not know servers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Security

from vedette.api.caller import allowed
from vedette.api.services import Given
from vedette.api.shapes.folders import FoldersShown, folder
from vedette.model.ids import AccountId
from vedette.service.caller import Caller

router = APIRouter(prefix="/v1/accounts/{account}/folders", tags=["folders"])

Reader = Annotated[Caller, Security(allowed, scopes=["mail:read"])]


@router.get("")
async def list_folders(account: str, caller: Reader, services: Given) -> FoldersShown:
    """List the folders of a mailbox as its server has them now."""
    found = await services.mailboxes.folders(caller, AccountId(account))
    return FoldersShown(items=[folder(each) for each in found])
