"""``/v1/oauth``: apps, consents in a browser or on a device, and those that are kept.

Where a provider sends the browser back to is a page (``connect.py``). It must not know how a token is
had.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response, Security

from vedette.api.caller import allowed
from vedette.api.etags import Expected, tag
from vedette.api.pages import Asked, Listing, listing
from vedette.api.services import Given
from vedette.api.shapes.oauth import (
    AppChange,
    AppShown,
    AppWish,
    AuthorizeShown,
    AuthorizeWish,
    DeviceShown,
    DeviceWish,
    GrantShown,
    PollShown,
    app,
    authorize,
    device,
    grant,
    poll,
)
from vedette.model.ids import AccountId, TenantId
from vedette.service.caller import Caller

router = APIRouter(prefix="/v1/oauth", tags=["oauth"])

Reader = Annotated[Caller, Security(allowed, scopes=["oauth:read"])]
#: What is written is shown in return, so who writes has to be one who reads.
Writer = Annotated[Caller, Security(allowed, scopes=["oauth:read", "oauth:write"])]


@router.post("/apps", status_code=201)
async def create_app(
    wish: AppWish, caller: Writer, services: Given, response: Response
) -> AppShown:
    """Register an app; its secret is sealed, and no answer ever has it."""
    form = wish.form()
    made = await services.hall.apps.create(caller, form, tenant=_tenant(form.pop("tenant", None)))
    response.headers["Location"] = f"{router.prefix}/apps/{made.id}"
    tag(response, made.version)
    return app(made)


@router.get("/apps")
async def list_apps(
    window: Asked,
    caller: Reader,
    services: Given,
    tenant: Annotated[str | None, Query(max_length=255, description="Of this tenant.")] = None,
) -> Listing[AppShown]:
    """List apps by id."""
    found = await services.hall.apps.page(
        caller, after=window.after, limit=window.limit, tenant=_tenant(tenant)
    )
    return listing(found, app)


@router.get("/apps/{app_id}")
async def get_app(app_id: str, caller: Reader, services: Given, response: Response) -> AppShown:
    """Show an app, without its secret."""
    found = await services.hall.apps.get(caller, app_id)
    tag(response, found.version)
    return app(found)


@router.patch("/apps/{app_id}")
async def change_app(
    app_id: str,
    change: AppChange,
    expected: Expected,
    caller: Writer,
    services: Given,
    response: Response,
) -> AppShown:
    """Change an app. Accounts that were refused because of it are tried again."""
    found = await services.hall.apps.update(caller, app_id, change.form(), expected=expected)
    tag(response, found.version)
    return app(found)


@router.delete("/apps/{app_id}", status_code=204)
async def delete_app(app_id: str, expected: Expected, caller: Writer, services: Given) -> None:
    """Delete an app that no account is connected by."""
    await services.hall.apps.delete(caller, app_id, expected=expected)


@router.post("/authorize", status_code=201)
async def authorize_account(wish: AuthorizeWish, caller: Writer, services: Given) -> AuthorizeShown:
    """Return where to send a browser for a consent. For a new account it needs `accounts:write`."""
    form = wish.form()
    tenant = _tenant(form.pop("tenant", None))
    return authorize(await services.hall.links.straight(caller, form, tenant=tenant))


@router.post("/device", status_code=201)
async def begin_device(wish: DeviceWish, caller: Writer, services: Given) -> DeviceShown:
    """Ask the provider for a code that a person types in elsewhere (RFC 8628)."""
    registered = await services.accounts.find(caller, AccountId(wish.account))
    found = await services.hall.devices.begin(
        caller,
        app=wish.app,
        account=registered.account.id,
        tenant=_tenant(wish.tenant),
        is_delegated=bool(wish.delegated),
    )
    return device(found)


@router.post("/device/{device_id}/poll")
async def poll_device(device_id: str, caller: Writer, services: Given) -> PollShown:
    """Ask once whether the code was used."""
    return poll(await services.hall.devices.poll(caller, device_id))


@router.get("/grants/{account}")
async def get_grant(account: str, caller: Reader, services: Given) -> GrantShown:
    """Show whose consent an account is connected by; never its tokens."""
    return grant(await services.hall.connecting.consent(caller, AccountId(account)))


@router.delete("/grants/{account}", status_code=204)
async def forget_grant(account: str, caller: Writer, services: Given) -> None:
    """Forget a consent with its tokens: the account has to be connected anew."""
    await services.hall.connecting.forget(caller, AccountId(account))


def _tenant(given: object) -> TenantId | None:
    return None if given is None else TenantId(str(given))
