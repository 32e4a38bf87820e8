"""``/v1/audit``: who did what, when. It must not know how the trail is kept."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Security

from vedette.api.caller import allowed
from vedette.api.pages import Asked, Page, cursor
from vedette.api.problems import refuse
from vedette.api.services import Given
from vedette.api.shapes.audit import (
    ChainShown,
    EntryShown,
    TrailShown,
    entry,
    head,
    verified,
)
from vedette.service.caller import Caller

router = APIRouter(prefix="/v1/audit", tags=["audit"])

Reader = Annotated[Caller, Security(allowed, scopes=["audit:read"])]
Admin = Annotated[Caller, Security(allowed, scopes=["admin"])]


@router.get("")
async def list_audit(window: Asked, caller: Reader, services: Given) -> Page[EntryShown]:
    """List entries, oldest first. A page may be short, and `next` is null at the end alone."""
    found = await services.history.read(caller, after=_number(window.after), limit=window.limit)
    following = None if found.next is None else cursor(str(found.next))
    return Page(items=[entry(each) for each in found.entries], next=following)


@router.get("/head")
async def get_audit_head(caller: Reader, services: Given) -> TrailShown:
    """Show the end of the trail: keep a copy of it elsewhere, and nobody can write it anew unseen."""
    return head(await services.history.head(caller))


@router.post("/verify")
async def verify_audit(caller: Admin, services: Given) -> ChainShown:
    """Read the whole trail, and say whether an entry was changed, removed or put in."""
    return verified(await services.history.verify(caller))


def _number(after: str) -> int:
    """Return the number in a cursor, which another list may have given out."""
    if not after:
        return 0
    if after.isascii() and after.isdigit() and len(after) < 19:  # noqa: PLR2004 - 64 bits
        return int(after)
    raise refuse("malformed", "after is a cursor of another list")
