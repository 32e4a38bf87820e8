"""``/v1/endpoints``: where events go. It must not know how they are kept, or delivered to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response, Security

from vedette.api.caller import allowed
from vedette.api.deliveries import Sifting, listed
from vedette.api.etags import Expected, tag
from vedette.api.pages import Asked, Listing, Page, listing
from vedette.api.services import Given
from vedette.api.shapes.endpoints import (
    DeliveryShown,
    EndpointChange,
    EndpointShown,
    EndpointWish,
    NewEndpoint,
    QueuedShown,
    RedrivenShown,
    RedriveWish,
    ReplayWish,
    StateShown,
    TestedShown,
    new,
    state,
    tested,
    wanted,
)
from vedette.api.shapes.endpoints import endpoint as _shown
from vedette.api.shapes.replays import progress, queued
from vedette.model.ids import TenantId
from vedette.service.caller import Caller

router = APIRouter(prefix="/v1/endpoints", tags=["endpoints"])

Reader = Annotated[Caller, Security(allowed, scopes=["endpoints:read"])]
Writer = Annotated[Caller, Security(allowed, scopes=["endpoints:read", "endpoints:write"])]

#: Events of one replay; it goes on request by request.
_REPLAYED = 1_000_000


@router.post("", status_code=201)
async def create_endpoint(
    wish: EndpointWish, caller: Writer, services: Given, response: Response
) -> NewEndpoint:
    """Make an endpoint; it is delivered to within a second. The answer alone has a secret that was made."""
    form = wish.form()
    id_, tenant = form.pop("id", None), form.pop("tenant", None)
    found, secret = await services.endpoints.create(
        caller,
        form,
        id_=None if id_ is None else str(id_),
        tenant=None if tenant is None else TenantId(str(tenant)),
    )
    response.headers["Location"] = f"{router.prefix}/{found.id}"
    tag(response, found.version)
    return new(found, secret)


@router.get("")
async def list_endpoints(
    window: Asked,
    caller: Reader,
    services: Given,
    q: Annotated[str, Query(max_length=200, description="Found in title or place.")] = "",
) -> Listing[EndpointShown]:
    """List endpoints by id."""
    found = await services.endpoints.page(caller, after=window.after, text=q, limit=window.limit)
    return listing(found, _shown)


@router.get("/{endpoint}")
async def get_endpoint(
    endpoint: str, caller: Reader, services: Given, response: Response
) -> EndpointShown:
    """Show an endpoint, without its secrets."""
    found = await services.endpoints.get(caller, endpoint)
    tag(response, found.version)
    return _shown(found)


@router.patch("/{endpoint}")
async def change_endpoint(
    endpoint: str,
    change: EndpointChange,
    expected: Expected,
    caller: Writer,
    services: Given,
    response: Response,
) -> EndpointShown:
    """Change an endpoint: what is not sent stays, null goes back to its default."""
    found = await services.endpoints.update(caller, endpoint, change.form(), expected=expected)
    tag(response, found.version)
    return _shown(found)


@router.delete("/{endpoint}", status_code=204)
async def delete_endpoint(
    endpoint: str, expected: Expected, caller: Writer, services: Given
) -> None:
    """Delete an endpoint with its secrets."""
    await services.endpoints.delete(caller, endpoint, expected=expected)


@router.post("/{endpoint}/rotate")
async def rotate_endpoint(
    endpoint: str, expected: Expected, caller: Writer, services: Given, response: Response
) -> NewEndpoint:
    """Sign with a new secret, shown this once, and with the old one beside it until it is retired."""
    found, secret = await services.endpoints.rotate(caller, endpoint, expected=expected)
    tag(response, found.version)
    return new(found, secret)


@router.post("/{endpoint}/retire")
async def retire_endpoint(
    endpoint: str, expected: Expected, caller: Writer, services: Given, response: Response
) -> EndpointShown:
    """End a rotation: nothing is signed with the old secret any more."""
    found = await services.endpoints.retire(caller, endpoint, expected=expected)
    tag(response, found.version)
    return _shown(found)


@router.get("/{endpoint}/state")
async def get_endpoint_state(endpoint: str, caller: Reader, services: Given) -> StateShown:
    """Say how an endpoint is doing."""
    return state(await services.outgoing.state(caller, endpoint))


@router.post("/{endpoint}/enable")
async def enable_endpoint(endpoint: str, caller: Writer, services: Given) -> StateShown:
    """Try an endpoint again that was given up, its backlog first."""
    return state(await services.outgoing.enable(caller, endpoint))


@router.post("/{endpoint}/test")
async def test_endpoint(endpoint: str, caller: Writer, services: Given) -> TestedShown:
    """Send it an event of type `endpoint.test`, signed as any is; say what it answered, and how fast."""
    return tested(await services.outgoing.test(caller, endpoint))


@router.get("/{endpoint}/deliveries")
async def list_endpoint_deliveries(
    endpoint: str, asked: Sifting, caller: Reader, services: Given
) -> Page[DeliveryShown]:
    """List what became of events at an endpoint, those of the newest first; the failed are kept."""
    return await listed(services, caller, asked, endpoint=endpoint)


@router.post("/{endpoint}/redrive")
async def redrive_endpoint(
    endpoint: str, wish: RedriveWish, caller: Writer, services: Given
) -> RedrivenShown:
    """Queue what was given up once more, the oldest first, with the ids that it had."""
    meant = wanted(wish, limit=wish.limit)
    count, has_more = await services.outgoing.redrive(caller, endpoint, meant)
    return RedrivenShown(queued=count, has_more=has_more)


@router.post("/{endpoint}/replay")
async def replay_endpoint(
    endpoint: str, wish: ReplayWish, caller: Writer, services: Given
) -> QueuedShown:
    """Send an endpoint what was committed once more, with the ids that it had; step by step."""
    meant, before = wanted(wish, limit=_REPLAYED), progress(wish.next)
    return queued(await services.outgoing.replay(caller, endpoint, meant, before))
