"""``/v1/deliveries``: what became of events, at all endpoints. It must not know how they are kept."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Security

from vedette.api.caller import allowed
from vedette.api.deliveries import Sifting, listed
from vedette.api.pages import Page
from vedette.api.services import Given
from vedette.api.shapes.endpoints import DeliveryShown
from vedette.service.caller import Caller

router = APIRouter(prefix="/v1/deliveries", tags=["deliveries"])

Reader = Annotated[Caller, Security(allowed, scopes=["endpoints:read"])]


@router.get("")
async def list_deliveries(asked: Sifting, caller: Reader, services: Given) -> Page[DeliveryShown]:
    """List deliveries to one's own endpoints, those of the newest events first; a page may be short."""
    return await listed(services, caller, asked)
