"""How an account is doing, as it is told to people: what was asked of it, and what is proven.

It must not know how a mailbox is watched.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from vedette.model.account import AccountState, Health
from vedette.ports.registration import Pause, Registration
from vedette.service.accounts.status import LIVE


@unique
class State(StrEnum):
    """The states that are told."""

    INIT = "init"
    """It is registered, and nobody has begun yet."""
    CONNECTING = "connecting"
    SYNCING = "syncing"
    LIVE = "live"
    """Proven by a round trip within the last minutes, never by a flag."""
    DEGRADED = "degraded"
    AUTH_FAILED = "auth_failed"
    PAUSED = "paused"
    ERROR = "error"


#: Why an account is paused, in words for a person.
REASONS: Final = {
    Pause.MANUAL: "it was paused by hand; resume it",
    Pause.AUTH_FAILURE: "the server refused the login; give new credentials, or reconnect",
    Pause.PLAN_LIMIT: "the tenant's plan allows no more accounts",
    Pause.CONSENT: "the owner of the mailbox has not agreed",
    Pause.TENANT: "the tenant is paused",
}

#: Why an account that was switched off is paused.
INACTIVE: Final = "it is not active"

_TOLD: Final = {
    AccountState.INIT: State.INIT,
    AccountState.CONNECTING: State.CONNECTING,
    AccountState.SYNCING: State.SYNCING,
    AccountState.CONNECTED: State.LIVE,
    AccountState.DEGRADED: State.DEGRADED,
    AccountState.AUTH_FAILED: State.AUTH_FAILED,
    AccountState.PAUSED: State.PAUSED,
    AccountState.ERROR: State.ERROR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A state, why it is so, and what is known of the watch; None where nobody watched yet."""

    state: State
    reason: str | None
    health: Health | None


def condition(registration: Registration, health: Health | None, *, now: float) -> Condition:
    """Return how an account is doing."""
    pause = registration.pause
    state = set_state(pause, active=registration.active) or seen_state(health, now)
    return Condition(state=state, reason=_reason(registration, health, now), health=health)


def set_state(pause: Pause | None, *, active: bool) -> State | None:
    """Return the state that somebody asked for, whatever is seen; None: it is to be watched."""
    if not active:
        return State.PAUSED
    if pause is None:
        return None
    return State.AUTH_FAILED if pause is Pause.AUTH_FAILURE else State.PAUSED


def seen_state(health: Health | None, now: float) -> State:
    """Return the state of an account that is to be watched."""
    if health is None:
        return State.INIT
    if health.state is AccountState.CONNECTED and not _is_proven(health, now):
        return State.DEGRADED
    return _TOLD[health.state]


def _reason(registration: Registration, health: Health | None, now: float) -> str | None:
    pause = registration.pause
    if not registration.active:
        return INACTIVE
    if pause is Pause.AUTH_FAILURE and health is not None:
        return health.error or REASONS[pause]
    if pause is not None:
        return REASONS[pause]
    if health is None:
        return None
    if health.state is AccountState.CONNECTED and not _is_proven(health, now):
        return f"connected, and no answer proves it for {LIVE:.0f} s"
    return health.reason


def _is_proven(health: Health, now: float) -> bool:
    return health.proof_at is not None and now - health.proof_at <= LIVE
