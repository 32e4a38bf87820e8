"""Which deliveries are asked for, and a page of them: of one endpoint, or of all.

It must not know how they are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Query

from vedette.api.pages import Asked, Page
from vedette.api.services import Services
from vedette.api.shapes.endpoints import DeliveryShown, delivery, slot, slot_text, which
from vedette.model.delivery import DeliveryState
from vedette.service.caller import Caller
from vedette.service.endpoints.outgoing import Slot, Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    """Those of these events, in this state; the page begins at ``place``."""

    events: Wanted
    state: DeliveryState | None
    place: Slot | None


def _sifted(
    window: Asked,
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
) -> Sifted:
    return Sifted(
        events=which(
            account=account, types=type_, since=from_, until=to, event=event, limit=window.limit
        ),
        state=None if state is None else DeliveryState(state),
        place=slot(window.after),
    )


#: Which deliveries are asked for.
Sifting = Annotated[Sifted, Depends(_sifted)]


async def listed(
    services: Services, caller: Caller, asked: Sifted, *, endpoint: str | None = None
) -> Page[DeliveryShown]:
    """Return a page of deliveries to an endpoint, or to all that the caller sees."""
    found = await services.outgoing.deliveries(
        caller, asked.events, endpoint=endpoint, state=asked.state, slot=asked.place
    )
    return Page(items=[delivery(each) for each in found.items], next=slot_text(found.next))
