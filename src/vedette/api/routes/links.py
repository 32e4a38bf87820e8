"""``/v1/links``: addresses by which people connect a mailbox, once. It must not know their pages."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response, Security

from vedette.api.caller import allowed
from vedette.api.pages import Asked, Listing, listing
from vedette.api.services import Given
from vedette.api.shapes.links import LinkShown, LinkWish, NewLink, new, shown
from vedette.model.ids import TenantId
from vedette.service.caller import Caller

router = APIRouter(prefix="/v1/links", tags=["links"])

Reader = Annotated[Caller, Security(allowed, scopes=["accounts:read"])]
Writer = Annotated[Caller, Security(allowed, scopes=["accounts:read", "accounts:write"])]


@router.post("", status_code=201)
async def create_link(
    wish: LinkWish, caller: Writer, services: Given, response: Response
) -> NewLink:
    """Make a link; the answer alone has its address. With providers it needs `oauth:write` too."""
    form = wish.form()
    tenant = form.pop("tenant", None)
    made = await services.hall.links.create(
        caller, form, tenant=None if tenant is None else TenantId(str(tenant))
    )
    response.headers["Location"] = f"{router.prefix}/{made.link.id}"
    return new(made)


@router.get("")
async def list_links(
    window: Asked,
    caller: Reader,
    services: Given,
    tenant: Annotated[str | None, Query(max_length=255, description="Of this tenant.")] = None,
) -> Listing[LinkShown]:
    """List links that were not used yet, by id."""
    found = await services.hall.links.page(
        caller,
        after=window.after,
        limit=window.limit,
        tenant=None if tenant is None else TenantId(tenant),
    )
    return listing(found, shown)


@router.get("/{link}")
async def get_link(link: str, caller: Reader, services: Given) -> LinkShown:
    """Show a link that was not used yet."""
    return shown(await services.hall.links.get(caller, link))


@router.delete("/{link}", status_code=204)
async def revoke_link(link: str, caller: Writer, services: Given) -> None:
    """Take a link back: nobody connects anything by it any more."""
    await services.hall.links.revoke(caller, link)
