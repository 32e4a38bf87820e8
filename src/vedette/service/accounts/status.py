"""What ``vedette status`` shows: each account's state, derived from proof and not from flags."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Final

from vedette.model.account import AccountState, Health
from vedette.model.delivery import EndpointState
from vedette.outbox.envelope import instant

#: "live" is proven within this many seconds: two intervals of proof and a slow answer.
LIVE = 300.0

#: No account has anything that waits.
NOTHING: Final[Mapping[str, Sequence[str]]] = MappingProxyType({})


@unique
class Liveness(StrEnum):
    """What can honestly be said of an account now."""

    INIT = "init"
    CONNECTING = "connecting"
    SYNCING = "syncing"
    LIVE = "live"
    SILENT = "silent"
    """It says that it is connected, and nothing proved that for minutes."""
    DEGRADED = "degraded"
    AUTH_FAILED = "auth failed"
    PAUSED = "paused"
    ERROR = "error"
    STOPPED = "stopped"


#: What is said of states that need no proof.
_OTHERS: Final = {
    AccountState.INIT: Liveness.INIT,
    AccountState.CONNECTING: Liveness.CONNECTING,
    AccountState.SYNCING: Liveness.SYNCING,
    AccountState.DEGRADED: Liveness.DEGRADED,
    AccountState.AUTH_FAILED: Liveness.AUTH_FAILED,
    AccountState.PAUSED: Liveness.PAUSED,
    AccountState.ERROR: Liveness.ERROR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRow:
    """One account. Ages are in seconds; None means never.

    ``waiting`` says what of it the file wants to loosen and a guard holds for now.
    """

    account: str
    email: str
    liveness: Liveness
    since: float
    proof_age: float | None
    event_age: float | None
    error_age: float | None
    error: str | None
    lag: float | None
    waiting: tuple[str, ...] = ()


def rows(
    healths: Iterable[Health],
    *,
    now: float,
    running: bool,
    waiting: Mapping[str, Sequence[str]] = NOTHING,
) -> list[StatusRow]:
    """Return the rows by account. ``running`` is whether a service runs on the state."""
    return [
        StatusRow(
            account=health.account,
            email=health.email,
            liveness=liveness(health, now=now, running=running),
            since=health.since,
            proof_age=_age(health.proof_at, now),
            event_age=_age(health.work_at, now),
            error_age=_age(health.error_at, now),
            error=health.reason,
            lag=health.lag,
            waiting=tuple(waiting.get(health.account, ())),
        )
        for health in sorted(healths, key=lambda health: health.account)
    ]


def liveness(health: Health, *, now: float, running: bool) -> Liveness:
    """Say how an account is; a state that says connected still has to be proven."""
    if not running:
        return Liveness.STOPPED
    if health.state is AccountState.CONNECTED:
        return Liveness.LIVE if _is_proven(health, now) else Liveness.SILENT
    return _OTHERS[health.state]


def _is_proven(health: Health, now: float) -> bool:
    return health.proof_at is not None and now - health.proof_at <= LIVE


def troubles(endpoints: Iterable[EndpointState], known: Collection[str] | None) -> list[str]:
    """Return a line for each endpoint that is disabled or has only failures.

    Of an endpoint that is not ``known`` by name any more nothing is said; None: all are.
    """
    found = []
    for state in endpoints:
        if known is not None and state.id not in known:
            continue
        if state.disabled_at is not None:
            since = instant(state.disabled_at)
            found.append(f"endpoint {state.id} is disabled since {since}: {state.disabled_reason}")
        elif state.failing_since is not None:
            since, count = instant(state.failing_since), state.failures
            found.append(f"endpoint {state.id} takes nothing since {since}: {count} in a row")
    return found


def _age(at: float | None, now: float) -> float | None:
    return None if at is None else max(0.0, now - at)
