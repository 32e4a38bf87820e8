"""Guards, and what people set beside them, as JSON. It must not know how guards judge."""

from __future__ import annotations

from typing import Any, Final, Literal

import orjson
from pydantic import Field

from vedette.api.shapes.model import (
    GivenId,
    GivenSecret,
    Instant,
    Shown,
    Wish,
    instant,
    shown_instant,
)
from vedette.app.guards.wish import told
from vedette.ports.override import Allow, Scope, Switch
from vedette.ports.ratchet import Change, ChangeState
from vedette.ports.registration import Origin
from vedette.service.guards.post import MAX_ENTRIES, RegisteredGuard
from vedette.service.guards.warding import Asked

#: Actions that are taken back, or accounts attached, at once.
_AT_ONCE: Final = 1_000
#: Accounts that are swept at once: each has its server search, and an entry in the audit.
_SWEPT: Final = 100


class GuardChange(Wish):
    """What of a guard is to be changed. What loosens a protective one waits for the ratchet."""

    pack: str | None = Field(default=None, max_length=100, description="A shipped pack.")
    # No more than a request holds.
    text: str | None = Field(default=None, description="A pack of one's own.")
    active: bool | None = None
    mode: str | None = Field(default=None, max_length=40)
    tenants: list[str] | None = Field(default=None, max_length=MAX_ENTRIES)
    accounts: list[str] | None = Field(default=None, max_length=MAX_ENTRIES)
    folders: list[str] | None = Field(default=None, max_length=MAX_ENTRIES)
    sweep: dict[str, int] | None = None
    private: bool | None = None
    partner: str | None = Field(default=None, max_length=255)
    help: str | None = Field(default=None, max_length=1000)
    partner_secret: GivenSecret | None = None


class GuardWish(GuardChange):
    """A guard to be posted."""

    id: GivenId | None = Field(default=None, description="Its name.")
    tenant: GivenId | None = Field(default=None, description="For admins to choose.")


class AccountsWish(Wish):
    """Accounts that a guard is to stand at, or no more."""

    accounts: list[GivenId] = Field(min_length=1, max_length=_AT_ONCE)


class SweepWish(Wish):
    """Accounts of which the mail that is there already is to be judged."""

    accounts: list[GivenId] = Field(min_length=1, max_length=_SWEPT)


class UndoWish(Wish):
    """Actions that are to be taken back."""

    actions: list[GivenId] = Field(min_length=1, max_length=_AT_ONCE)


class SwitchWish(Wish):
    """Which guards are to keep all mail in place, or to act again."""

    scope: Literal["guard", "tenant", "account", "host"]
    name: GivenId = Field(default="", description="Of the guard, tenant or account.")


class GuardPauseWish(SwitchWish):
    """Which guards are to keep all mail in place, and for how long."""

    seconds: float | None = Field(default=None, gt=0, le=365 * 86_400)


class AllowWish(Wish):
    """A domain that a guard is to leave alone, or to judge again."""

    account: GivenId
    guard: GivenId
    domain: str = Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x20\x7f]+$")


class GrantWish(Wish):
    """The secret of a guard's partner."""

    secret: GivenSecret


class GuardShown(Shown):
    """A guard, as it is wanted; what is enforced of a protective one may be more."""

    id: str
    tenant: str | None
    pack: str | None
    text: str | None
    active: bool
    origin: Literal["api", "file"] = Field(
        description="Who keeps it: one of the configuration `file` is changed there."
    )
    settings: dict[str, Any]
    secrets: list[str]
    created_at: Instant
    updated_at: Instant


class AskedShown(Shown):
    """What became of a wish."""

    done: str | None = Field(description="What is done, in a line for a person.")
    waiting: list[str] = Field(description="What the ratchet holds, and until when; a line each.")


class SweptShown(Shown):
    """What is being swept."""

    accounts: int = Field(description="How many accounts.")


class SwitchShown(Shown):
    """What is switched off."""

    scope: Scope
    name: str
    until: Instant | None
    reason: str
    by: str
    at: Instant


class SwitchesShown(Shown):
    """All that is switched off."""

    items: list[SwitchShown]


class AllowShown(Shown):
    """A domain that a guard leaves alone."""

    account: str
    guard: str
    domain: str
    source: str
    at: Instant


class AllowsShown(Shown):
    """All domains that guards leave alone at an account."""

    items: list[AllowShown]


class ChangeShown(Shown):
    """A loosening that waits."""

    id: int
    guard: str
    account: str | None
    what: Any
    says: str = Field(description="What it is, in words for a person.")
    by: str
    asked_at: Instant
    due_at: Instant
    left: float = Field(description="Seconds for which the service has to run until then.")
    state: ChangeState


class ChangesShown(Shown):
    """All loosenings that wait, oldest first."""

    items: list[ChangeShown]


def guard(found: RegisteredGuard) -> GuardShown:
    """Return a guard as it is shown."""
    return GuardShown(
        id=found.id,
        tenant=found.tenant,
        pack=found.pack,
        text=found.text or None,
        active=found.active,
        origin="api" if found.origin is Origin.API else "file",
        settings=dict(found.members),
        secrets=list(found.sealed),
        created_at=instant(found.created_at),
        updated_at=instant(found.updated_at),
    )


def asked(found: Asked) -> AskedShown:
    """Return what became of a wish as it is shown."""
    return AskedShown(done=found.done, waiting=list(found.waiting))


def switch(found: Switch) -> SwitchShown:
    """Return a switch as it is shown."""
    return SwitchShown(
        scope=found.scope,
        name=found.name,
        until=shown_instant(found.until),
        reason=found.reason,
        by=found.by,
        at=instant(found.at),
    )


def allow(found: Allow) -> AllowShown:
    """Return an allow as it is shown."""
    return AllowShown(
        account=found.account,
        guard=found.guard,
        domain=found.domain,
        source=found.source,
        at=instant(found.at),
    )


def change(found: Change) -> ChangeShown:
    """Return a loosening as it is shown."""
    loosening = found.loosening
    return ChangeShown(
        id=found.id,
        guard=loosening.guard,
        account=loosening.account,
        what=orjson.loads(loosening.what),
        says=told(found),
        by=loosening.by,
        asked_at=instant(found.asked_at),
        due_at=instant(found.due),
        left=found.left,
        state=found.state,
    )
