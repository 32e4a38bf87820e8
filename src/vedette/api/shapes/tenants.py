"""Tenants as JSON. It must not know how a tenant is kept."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from vedette.api.shapes.model import GivenId, Instant, Shown, Wish, instant, shown_instant
from vedette.service.accounts.quota import Preview
from vedette.service.accounts.tenant import MAX_DAYS, MAX_QUOTA, MAX_SETTINGS, Tenant

Quota = Annotated[int, Field(ge=0, le=MAX_QUOTA)]


class TenantChange(Wish):
    """What of a tenant is to be changed."""

    name: str | None = Field(default=None, max_length=200)
    max_accounts: Quota | None = Field(
        default=None, description="Accounts at most; those beyond it, the newest, are paused."
    )
    max_endpoints: Quota | None = None
    max_guards: Quota | None = None
    retention_days: int | None = Field(
        default=None,
        ge=1,
        le=MAX_DAYS,
        description="Days for which its events are kept, where that is less than the service keeps"
        " them (`retention.events_days`). What was not delivered yet stays until it is.",
    )
    consent: str | None = Field(
        default=None, max_length=100, description="The words that its accounts have to agree to."
    )
    settings: dict[str, str] | None = Field(
        default=None,
        max_length=MAX_SETTINGS,
        description="What the host application keeps beside it, by names of its own, such as a plan"
        " or a number of its customer: returned as it was given, and never looked into. It is"
        " replaced as a whole, and is no place for secrets: whoever may read the tenant sees it.",
    )


class TenantWish(TenantChange):
    """A tenant to be made."""

    id: GivenId | None = Field(default=None, description="Its id; without one it is given one.")


class TenantPauseWish(Wish):
    """Why something is paused."""

    reason: str = Field(default="", max_length=500)


class TenantShown(Shown):
    """A tenant."""

    id: str
    name: str
    max_accounts: int | None
    max_endpoints: int | None
    max_guards: int | None
    retention_days: int | None
    consent: str | None
    settings: dict[str, str]
    paused_at: Instant | None
    pause_reason: str
    is_leaving: bool = Field(description="It is being deleted, with all that it has.")
    created_at: Instant
    updated_at: Instant


class PreviewShown(Shown):
    """What another limit of accounts would do; nothing was changed."""

    current: int
    limit: int | None
    pauses: list[str] = Field(description="Accounts that would be paused, the newest first.")
    resumes: list[str] = Field(description="Accounts that would be resumed, the oldest first.")


def shown(tenant: Tenant) -> TenantShown:
    """Return a tenant as it is shown."""
    return TenantShown(
        id=tenant.id,
        name=tenant.name,
        max_accounts=tenant.max_accounts,
        max_endpoints=tenant.max_endpoints,
        max_guards=tenant.max_guards,
        retention_days=tenant.retention_days,
        consent=tenant.consent,
        settings=dict(tenant.settings),
        paused_at=shown_instant(tenant.paused_at),
        pause_reason=tenant.pause_reason,
        is_leaving=tenant.is_leaving,
        created_at=instant(tenant.created_at),
        updated_at=instant(tenant.updated_at),
    )


def previewed(preview: Preview) -> PreviewShown:
    """Return what a limit would do as it is shown."""
    return PreviewShown(
        current=preview.current,
        limit=preview.limit,
        pauses=list(preview.pauses),
        resumes=list(preview.resumes),
    )
