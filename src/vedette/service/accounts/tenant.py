"""A tenant as a record, both ways: its name, its quotas, and whether it is paused.

It must not know its accounts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from vedette.model.ids import TenantId
from vedette.ports.records import Kind, Record
from vedette.service.accounts import fields
from vedette.service.body import members, readable, written
from vedette.service.form import Form, flaw

#: The tenant of whoever has no tenants; it is there without being made.
DEFAULT: Final = TenantId("default")

#: A quota beyond this is none.
MAX_QUOTA: Final = 10_000_000

#: What a host application keeps beside a tenant: names of its own, for its own use.
MAX_SETTINGS: Final = 100

#: What a person may set.
SETTABLE: Final = frozenset(
    {"name", "maxAccounts", "maxEndpoints", "maxGuards", "retentionDays", "consent", "settings"}
)

#: Days that events may be kept for a tenant: ten years.
MAX_DAYS: Final = 3_650


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """Somebody whose accounts are walled off from everybody else's. None is no limit.

    ``retention_days`` is how long its events are kept, where that is less than what the service
    keeps. ``settings`` is the host application's own, and means nothing here. ``consent`` is the version of the words that its accounts ask for, unless they say it
    themselves. ``is_settling`` says that accounts have still to be paused or resumed for its limit,
    ``is_leaving`` that it is being deleted. Instants are in seconds since 1970.
    """

    id: TenantId
    name: str = ""
    max_accounts: int | None = None
    max_endpoints: int | None = None
    max_guards: int | None = None
    retention_days: int | None = None
    consent: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    paused_at: float | None = None
    pause_reason: str = ""
    is_settling: bool = False
    is_leaving: bool = False
    created_at: float = 0.0
    updated_at: float = 0.0
    version: int = 0

    @property
    def stopped_at(self) -> float | None:
        """Since when none of its accounts is watched; None where they are."""
        if self.is_leaving and self.paused_at is None:
            return self.updated_at
        return self.paused_at


def members_of(tenant: Tenant) -> dict[str, object]:
    """Return the members of a body."""
    return {
        "name": tenant.name,
        "maxAccounts": tenant.max_accounts,
        "maxEndpoints": tenant.max_endpoints,
        "maxGuards": tenant.max_guards,
        "retentionDays": tenant.retention_days,
        "consent": tenant.consent,
        "settings": dict(tenant.settings),
        "pausedAt": tenant.paused_at,
        "pauseReason": tenant.pause_reason,
        "settling": tenant.is_settling,
        "leaving": tenant.is_leaving,
    }


def record_of(tenant: Tenant, *, over: Record | None = None) -> Record:
    """Return the record to write; ``over`` is what it replaces, whose unknown members stay."""
    return Record(
        kind=Kind.TENANT,
        id=tenant.id,
        tenant=tenant.id,
        body=written(members_of(tenant), over=over),
        label=f"{tenant.id} {tenant.name}",
    )


def tenant_of(record: Record) -> Tenant:
    """Read a record. Raises NewerError where it says what this version does not know."""
    form = Form(members(record))
    found = read(form, id_=TenantId(record.id))
    tenant = replace(
        found,
        paused_at=_instant(form, "pausedAt"),
        pause_reason=form.text("pauseReason"),
        is_settling=form.flag("settling", default=False),
        is_leaving=form.flag("leaving", default=False),
        created_at=record.created_at,
        updated_at=record.updated_at,
        version=record.version,
    )
    readable(form, record)
    return tenant


def read(form: Form, *, id_: TenantId) -> Tenant:
    """Read what a person may set; mistakes are in the form."""
    return Tenant(
        id=id_,
        name=form.text("name", longest=200),
        max_accounts=_quota(form, "maxAccounts"),
        max_endpoints=_quota(form, "maxEndpoints"),
        max_guards=_quota(form, "maxGuards"),
        retention_days=_whole(form, "retentionDays", low=1, high=MAX_DAYS),
        consent=form.optional("consent", longest=100),
        settings=_settings(form),
    )


def _quota(form: Form, field_: str) -> int | None:
    return _whole(form, field_, low=0, high=MAX_QUOTA)


def _whole(form: Form, field_: str, *, low: int, high: int) -> int | None:
    return None if form.raw(field_) is None else form.whole(field_, low, low=low, high=high)


def _settings(form: Form) -> dict[str, str]:
    value = form.raw("settings")
    if value is None:
        return {}
    if not isinstance(value, Mapping) or len(value) > MAX_SETTINGS:
        form.fail("settings", f"expected an object of texts, {MAX_SETTINGS} at most")
        return {}
    for name, each in value.items():
        why = flaw(name, longest=100) or flaw(each)
        if why is not None:
            form.fail("settings", why)
            return {}
    return dict(value)


def _instant(form: Form, field_: str) -> float | None:
    found = form.number(field_, 0.0, low=0.0, high=fields.LAST_INSTANT)
    return found if field_ in form else None
