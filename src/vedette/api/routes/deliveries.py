"""``/v1/deliveries``: what became of events, at all endpoints. It must not know how they are kept."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Security

from vedette.api.caller import allowed
from vedette.api.pages import Asked, Page
from vedette.api.services import Given
from vedette.api.shapes.endpoints import DeliveryShown, delivery, slot, slot_text, which
from vedette.model.delivery import DeliveryState
from vedette.service.caller import Caller

router = APIRouter(prefix="/v1/deliveries", tags=["deliveries"])

Reader = Annotated[Caller, Security(allowed, scopes=["endpoints:read"])]


@router.get("")
async def list_deliveries(
    window: Asked,
    caller: Reader,
    services: Given,
    state: Annotated[
        Literal["due", "delivered", "failed"] | None, Query(description="In this state.")
    ] = None,
    account: Annotated[str | None, Query(max_length=255)] = None,
    type_: Annotated[
        str | None, Query(alias="type", max_length=1000, description="With commas between.")
    ] = None,
    from_: Annotated[str | None, Query(alias="from", max_length=40)] = None,
    to: Annotated[str | None, Query(max_length=40)] = None,
    event: Annotated[str | None, Query(max_length=255)] = None,
) -> Page[DeliveryShown]:
    """List deliveries to one's own endpoints, those of the newest events first; a page may be short."""
    meant = which(
        account=account, types=type_, since=from_, until=to, event=event, limit=window.limit
    )
    found = await services.outgoing.deliveries(
        caller,
        meant,
        state=None if state is None else DeliveryState(state),
        slot=slot(window.after),
    )
    return Page(items=[delivery(each) for each in found.items], next=slot_text(found.next))
