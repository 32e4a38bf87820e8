"""``/v1/guards``: what guards decided and did. It must not know how guards judge."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Security

from vedette.api.caller import allowed
from vedette.api.pages import Asked, Page
from vedette.api.services import Given
from vedette.api.shapes.chronicle import (
    ActionShown,
    DecisionShown,
    ToldShown,
    action,
    decision,
    spot,
    spot_text,
    told,
)
from vedette.model.action import ActionState
from vedette.service.accounts.registration import instant_of
from vedette.service.caller import Caller
from vedette.service.guards.chronicle import Sought
from vedette.service.refusals import InvalidError, Mistake

router = APIRouter(prefix="/v1/guards", tags=["guards"])

Reader = Annotated[Caller, Security(allowed, scopes=["guards:read"])]


def _sought(
    window: Asked,
    guard: Annotated[str | None, Query(max_length=255)] = None,
    account: Annotated[str | None, Query(max_length=255)] = None,
    from_: Annotated[
        str | None, Query(alias="from", max_length=40, description="From this instant on.")
    ] = None,
    to: Annotated[str | None, Query(max_length=40, description="Before this instant.")] = None,
) -> Sought:
    instants: dict[str, float | None] = {}
    mistakes = []
    for name, given in (("from", from_), ("to", to)):
        instants[name] = None if given is None else instant_of(given)
        if given is not None and instants[name] is None:
            mistakes.append(Mistake(field=name, why="is no instant, such as 2026-11-01T00:00:00Z"))
    if mistakes:
        raise InvalidError(mistakes)
    return Sought(
        guard=guard,
        account=account,
        since=instants["from"],
        until=instants["to"],
        below=spot(window.after),
        limit=window.limit,
    )


#: Which rows are asked for.
Seeking = Annotated[Sought, Depends(_sought)]


@router.get("/journal")
async def list_actions(
    sought: Seeking,
    caller: Reader,
    services: Given,
    state: Annotated[ActionState | None, Query(description="In this state.")] = None,
) -> Page[ActionShown]:
    """List what guards did with messages, newest first."""
    found = await services.guardroom.chronicle.journal(caller, sought, state)
    return Page(items=[action(each) for each in found.items], next=spot_text(found.next))


@router.get("/decisions")
async def list_decisions(sought: Seeking, caller: Reader, services: Given) -> Page[DecisionShown]:
    """List what guards decided, newest first; for a tenant at an account or of a guard of its own."""
    found = await services.guardroom.chronicle.decisions(caller, sought)
    return Page(items=[decision(each) for each in found.items], next=spot_text(found.next))


@router.get("/explain/{event}")
async def explain_event(event: str, caller: Reader, services: Given) -> ToldShown:
    """Tell why guards did what they did with the message of an event, or of an action."""
    return told(await services.guardroom.chronicle.explain(caller, event))
