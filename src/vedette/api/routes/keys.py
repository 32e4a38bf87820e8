"""``/v1/keys``: make, list and revoke API keys. It must not know how keys are kept."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response, Security

from vedette.api.caller import allowed
from vedette.api.pages import Asked, Listing, listing
from vedette.api.services import Given
from vedette.api.shapes.keys import KeyShown, KeyWish, NewKey, new, shown
from vedette.model.ids import TenantId
from vedette.service.accounts.registration import instant_of
from vedette.service.caller import Caller
from vedette.service.refusals import invalid

router = APIRouter(prefix="/v1/keys", tags=["keys"])

Reader = Annotated[Caller, Security(allowed, scopes=["keys:read"])]
Writer = Annotated[Caller, Security(allowed, scopes=["keys:write"])]


@router.post("", status_code=201)
async def create_key(wish: KeyWish, caller: Writer, services: Given, response: Response) -> NewKey:
    """Make a key; the answer alone has it. A key can do no more than who makes it."""
    expires_at = None
    if wish.expires_at is not None:
        expires_at = instant_of(wish.expires_at)
        if expires_at is None:
            raise invalid("expiresAt", "is no instant, such as 2026-11-01T00:00:00Z")
    given = {
        "name": wish.name,
        "tenant": wish.tenant,
        "scopes": wish.scopes,
        "expiresAt": expires_at,
    }
    key, secret = await services.keys.create(caller, given)
    response.headers["Location"] = f"{router.prefix}/{key.id}"
    return new(key, secret)


@router.get("")
async def list_keys(
    window: Asked,
    caller: Reader,
    services: Given,
    tenant: Annotated[str | None, Query(max_length=255, description="Of this tenant.")] = None,
) -> Listing[KeyShown]:
    """List keys by id."""
    of = None if tenant is None else TenantId(tenant)
    found = await services.keys.page(caller, after=window.after, limit=window.limit, tenant=of)
    return listing(found, shown)


@router.get("/{key}")
async def get_key(key: str, caller: Reader, services: Given) -> KeyShown:
    """Show a key, without its secret."""
    return shown(await services.keys.get(caller, key))


@router.delete("/{key}", status_code=204)
async def revoke_key(key: str, caller: Writer, services: Given) -> None:
    """Revoke a key: it is good for nothing from now on."""
    await services.keys.revoke(caller, key)
