"""What ``vedette status`` and the API show: each account's state, derived from proof, not flags."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Final

from vedette.errors import Trouble
from vedette.model.account import AccountState, Health
from vedette.model.delivery import EndpointState
from vedette.outbox.envelope import instant
from vedette.ports.registration import Pause

#: "live" is proven within this many seconds: two intervals of proof and a slow answer.
LIVE = 300.0

#: Failures that only other credentials end.
_OF_CREDENTIALS: Final = frozenset({Trouble.AUTH, Trouble.REVOKED})

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How an account is doing, as the API shows it; instants in seconds since 1970, None: never.

    ``state`` is one of ``init``, ``connecting``, ``syncing``, ``live``, ``degraded``,
    ``auth_failed``, ``paused`` and ``error``. ``reason`` is one line about why, ``reply`` and
    ``response_code`` the server's own words in it. ``pause`` is why nothing is tried, where it is
    ``paused``. ``is_due`` says that a person has to do something before mail comes again.
    """

    state: str
    since: float
    reason: str | None = None
    reply: str | None = None
    response_code: str | None = None
    pause: Pause | None = None
    last_error_at: float | None = None
    last_proof_at: float | None = None
    last_event_at: float | None = None
    lag: float | None = None
    attempts: int = 0
    next_retry_at: float | None = None
    is_due: bool = False


def condition(
    health: Health | None, *, now: float, pause: Pause | None = None, created_at: float = 0.0
) -> Condition:
    """Say how a registered account is; ``pause`` is what it is registered as paused for.

    Without a health nobody has begun to watch it yet.
    """
    if health is None:
        state = "init" if pause is None else "paused"
        return Condition(state=state, since=created_at, pause=pause, is_due=pause is not None)
    state, reason = health.state.value, health.reason
    if health.state is AccountState.CONNECTED:
        state = "live"
        if not _is_proven(health, now):
            state = "degraded"
            reason = reason or _unproven(health)
    if state == AccountState.PAUSED and pause is None and health.trouble in _OF_CREDENTIALS:
        pause = Pause.AUTH_FAILURE
    return Condition(
        state=state,
        since=health.since,
        reason=reason,
        reply=health.reply,
        response_code=health.response_code,
        pause=pause,
        last_error_at=health.error_at,
        last_proof_at=health.proof_at,
        last_event_at=health.work_at,
        lag=health.lag,
        attempts=health.attempts,
        next_retry_at=health.retry_at,
        is_due=state in {AccountState.AUTH_FAILED, AccountState.PAUSED, AccountState.ERROR},
    )


def _is_proven(health: Health, now: float) -> bool:
    return health.proof_at is not None and now - health.proof_at <= LIVE


def _unproven(health: Health) -> str:
    if health.proof_at is None:
        return "nothing has proved yet that the connection is alive"
    return f"nothing has proved since {instant(health.proof_at)} that the connection is alive"


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
