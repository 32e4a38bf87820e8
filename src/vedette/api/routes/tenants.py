"""``/v1/tenants``: who has accounts, and how many. It must not know how tenants are kept."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response, Security

from vedette.api.caller import allowed
from vedette.api.etags import Expected, tag
from vedette.api.pages import Asked, Listing, listing
from vedette.api.services import Given
from vedette.api.shapes.tenants import (
    PreviewShown,
    TenantChange,
    TenantPauseWish,
    TenantShown,
    TenantWish,
    previewed,
    shown,
)
from vedette.model.ids import TenantId
from vedette.service.accounts.tenant import MAX_QUOTA, Tenant
from vedette.service.caller import Caller

router = APIRouter(prefix="/v1/tenants", tags=["tenants"])

Reader = Annotated[Caller, Security(allowed, scopes=["tenants:read"])]
Admin = Annotated[Caller, Security(allowed, scopes=["admin"])]


@router.post("", status_code=201)
async def create_tenant(
    wish: TenantWish, caller: Admin, services: Given, response: Response
) -> TenantShown:
    """Make a tenant."""
    form = wish.form()
    id_ = form.pop("id", None)
    tenant = await services.tenants.create(caller, form, id_=None if id_ is None else str(id_))
    response.headers["Location"] = f"{router.prefix}/{tenant.id}"
    return _answer(response, tenant)


@router.get("")
async def list_tenants(
    window: Asked,
    caller: Admin,
    services: Given,
    q: Annotated[str, Query(max_length=200, description="Found in id or name.")] = "",
) -> Listing[TenantShown]:
    """List tenants by id."""
    found = await services.tenants.page(caller, after=window.after, text=q, limit=window.limit)
    return listing(found, shown)


@router.get("/{tenant}")
async def get_tenant(
    tenant: str, caller: Reader, services: Given, response: Response
) -> TenantShown:
    """Show a tenant; its own key may as well."""
    return _answer(response, await services.tenants.get(caller, TenantId(tenant)))


@router.patch("/{tenant}")
async def change_tenant(
    tenant: str,
    change: TenantChange,
    expected: Expected,
    caller: Admin,
    services: Given,
    response: Response,
) -> TenantShown:
    """Change a tenant. Accounts beyond a lower limit are paused, the newest first; none is deleted."""
    found = await services.tenants.update(
        caller, TenantId(tenant), change.form(), expected=expected
    )
    return _answer(response, found)


@router.get("/{tenant}/preview")
async def preview_limit(
    tenant: str,
    caller: Admin,
    services: Given,
    max_accounts: Annotated[
        int | None, Query(alias="maxAccounts", ge=0, le=MAX_QUOTA, description="Without: no limit.")
    ] = None,
) -> PreviewShown:
    """Say whom another limit of accounts would pause or resume; nothing is changed."""
    found = await services.tenants.preview(caller, TenantId(tenant), max_accounts=max_accounts)
    return previewed(found)


@router.post("/{tenant}/pause")
async def pause_tenant(
    tenant: str,
    caller: Admin,
    services: Given,
    response: Response,
    wish: TenantPauseWish | None = None,
) -> TenantShown:
    """Stop watching all its accounts."""
    reason = "" if wish is None else wish.reason
    return _answer(response, await services.tenants.pause(caller, TenantId(tenant), reason=reason))


@router.post("/{tenant}/resume")
async def resume_tenant(
    tenant: str, caller: Admin, services: Given, response: Response
) -> TenantShown:
    """End its pause; each account is as it was."""
    return _answer(response, await services.tenants.resume(caller, TenantId(tenant)))


@router.delete("/{tenant}", status_code=204)
async def delete_tenant(tenant: str, expected: Expected, caller: Admin, services: Given) -> None:
    """Delete a tenant with all that it has; what was sealed for it can never be opened again."""
    await services.tenants.delete(caller, TenantId(tenant), expected=expected)


def _answer(response: Response, tenant: Tenant) -> TenantShown:
    tag(response, tenant.version)
    return shown(tenant)
