"""``/v1/autoconfig``: where the mailbox of an address is. It must not know who is asked."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Security

from vedette.api.caller import allowed
from vedette.api.services import Given
from vedette.api.shapes.autoconfig import DiscoveryShown, discovery
from vedette.service.caller import Caller

router = APIRouter(prefix="/v1/autoconfig", tags=["autoconfig"])

#: Servers that an address names are asked, so who asks has to be one who may connect.
Writer = Annotated[Caller, Security(allowed, scopes=["accounts:write"])]


@router.get("")
async def find_mailbox(
    caller: Writer,
    services: Given,
    address: Annotated[str, Query(min_length=3, max_length=320, description="A mail address.")],
) -> DiscoveryShown:
    """Find the server of an address: what every source said, which was believed, and hints."""
    return discovery(await services.hall.discovering.find(caller, address))
