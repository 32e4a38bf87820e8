"""An account's own story: which state follows on which, and what is kept of a failure, as one table.

::

    init ─► connecting ─► syncing ─► connected          "live" is connected, and proved of late
                ▲            │           │
                └── failed ──┘           ├── failed twice in a row ─► degraded
                                         └── login refused ─► auth_failed ─► paused

    held: to paused, unusable: to error, from anywhere; back by what somebody changes

What a restart, a handover or a passing drop does to a connected account is nothing: nobody is told
of a disconnect that the next second ends. The words of a refused login stay until a login succeeds
or the credentials change; a line that drops meanwhile says nothing about them. It must not know
who tries, nor when.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Any, Final

from vedette.errors import Trouble
from vedette.model.account import AccountState, Health, Hold
from vedette.sync.trouble import STRIKES


@unique
class Happening(StrEnum):
    """What befalls an account."""

    BEGUN = "begun"
    """It is watched again as it was: a restart, a handover, a setting that is about other things."""
    RENEWED = "renewed"
    """It is watched again with what may help: credentials, a wish to reconnect, the end of a hold."""
    SOUGHT = "sought"
    """All mail from some instant on is to be looked through anew."""
    DIALLED = "dialled"
    LOGGED_IN = "logged_in"
    SYNCED = "synced"
    FAILED = "failed"
    """In passing: the first failure in a row."""
    FAILING = "failing"
    REFUSED = "refused"
    """The credentials were."""
    PARKED = "parked"
    HELD = "held"
    UNUSABLE = "unusable"
    """It can not be watched as it is set."""


_INIT, _CONNECTING, _SYNCING, _CONNECTED, _DEGRADED, _AUTH_FAILED, _PAUSED, _ERROR = AccountState


def _row(**to: AccountState) -> Mapping[AccountState, AccountState]:
    return MappingProxyType({AccountState(name): state for name, state in to.items()})


def _all(to: AccountState) -> Mapping[AccountState, AccountState]:
    return MappingProxyType(dict.fromkeys(AccountState, to))


#: Which state follows; where there is none for a state, it stays.
TABLE: Final[Mapping[Happening, Mapping[AccountState, AccountState]]] = MappingProxyType(
    {
        Happening.BEGUN: _row(syncing=_CONNECTING),
        Happening.RENEWED: _row(
            syncing=_CONNECTING, auth_failed=_CONNECTING, paused=_CONNECTING, error=_CONNECTING
        ),
        Happening.SOUGHT: _row(connecting=_SYNCING, connected=_SYNCING),
        Happening.DIALLED: _row(init=_CONNECTING),
        Happening.LOGGED_IN: _row(init=_SYNCING, connecting=_SYNCING),
        Happening.SYNCED: _all(_CONNECTED),
        Happening.FAILED: _row(init=_CONNECTING, syncing=_CONNECTING),
        Happening.FAILING: _row(
            init=_DEGRADED, connecting=_DEGRADED, syncing=_DEGRADED, connected=_DEGRADED
        ),
        Happening.REFUSED: MappingProxyType({**_all(_AUTH_FAILED), _PAUSED: _PAUSED}),
        Happening.PARKED: _all(_PAUSED),
        Happening.HELD: _all(_PAUSED),
        Happening.UNUSABLE: _all(_ERROR),
    }
)

#: The states that events tell of, by what is told; the others are on the way to one of these.
TOLD: Final[Mapping[AccountState, AccountState]] = MappingProxyType(
    {
        _CONNECTED: _CONNECTED,
        _DEGRADED: _DEGRADED,
        _AUTH_FAILED: _AUTH_FAILED,
        _PAUSED: _PAUSED,
        _ERROR: _DEGRADED,
    }
)

#: Failures of the credentials.
_OF_CREDENTIALS: Final = frozenset({Trouble.AUTH, Trouble.REVOKED})


#: What a success takes away of a failure.
_CLEARED: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "error": None,
        "trouble": None,
        "reply": None,
        "response_code": None,
        "attempts": 0,
        "retry_at": None,
        "strikes": 0,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What ended a connection, or a try at one; as ``Health`` has it.

    ``is_lasting`` is whether it is more than a passing one.
    """

    error: str
    trouble: Trouble | None = None
    reply: str | None = None
    response_code: str | None = None
    strikes: int = 0
    attempts: int = 0
    retry_at: float | None = None
    is_lasting: bool = False

    @property
    def happening(self) -> Happening:
        """What it is in the story."""
        if self.trouble in _OF_CREDENTIALS:
            return Happening.REFUSED
        return Happening.FAILING if self.is_lasting else Happening.FAILED


def after(state: AccountState, happening: Happening) -> AccountState:
    """Return the state that follows."""
    return TABLE[happening].get(state, state)


def news(health: Health) -> AccountState | None:
    """Return what is to be told of a state, or None where it was told, or is no news."""
    told = TOLD.get(health.state)
    return None if told is health.told else told


def begun(health: Health, *, credential: str, reconnect: int, resync: int, now: float) -> Health:
    """Return how the story goes on where a watch begins.

    ``resync`` is the serial of the last wish to look anew.
    """
    before = health
    is_new = credential != health.credential or reconnect != health.reconnect
    # Who was held and has strikes left was held by somebody, who let go.
    is_let_go = health.state is _PAUSED and health.strikes < STRIKES
    if is_new or is_let_go or health.state is _ERROR:
        health = _entered(health, Happening.RENEWED, now)
    else:
        health = _entered(health, Happening.BEGUN, now)
    if is_new:
        health = replace(health, strikes=0, credential=credential, reconnect=reconnect)
    if resync > health.resynced:
        health = _entered(health, Happening.SOUGHT, now)
    # Out of a state and back into it is no turn of the story.
    since = before.since if health.state is before.state else health.since
    return replace(health, since=since, held=None, attempts=0, retry_at=None)


def dialled(health: Health, now: float) -> Health:
    """Return how it is while a connection is being made."""
    return _entered(health, Happening.DIALLED, now, retry_at=None)


def logged_in(health: Health, now: float) -> Health:
    """Return how it is after a login: that was a round trip, so it is alive."""
    return _entered(health, Happening.LOGGED_IN, now, proof_at=now)


def synced(health: Health, now: float, *, resynced: int = 0) -> Health:
    """Return how it is when every folder was looked at: whatever was wrong is over.

    ``resynced`` is the last wish to look anew that is fulfilled by it.
    """
    resynced = max(health.resynced, resynced)
    return _entered(
        health, Happening.SYNCED, now, **_CLEARED, proof_at=now, held=None, resynced=resynced
    )


def withheld(health: Health, reason: str, now: float) -> Health:
    """Return how it is when it is logged in and nothing may be read, and why."""
    return _entered(health, Happening.SYNCED, now, **_CLEARED, proof_at=now, held=reason)


def failed(health: Health, failure: Failure, now: float) -> Health:
    """Return how it is after a failure."""
    happening = failure.happening
    tried = replace(health, attempts=failure.attempts, retry_at=failure.retry_at)
    if happening is not Happening.REFUSED and health.state in {_AUTH_FAILED, _PAUSED}:
        # What was said of the credentials is what somebody has to read.
        return tried
    told = replace(
        tried,
        error_at=now,
        error=failure.error,
        trouble=failure.trouble,
        reply=failure.reply,
        response_code=failure.response_code,
        strikes=failure.strikes,
    )
    return _entered(told, happening, now)


def parked(health: Health, now: float) -> Health:
    """Return how it is when nothing is tried any more until the credentials change."""
    return _entered(health, Happening.PARKED, now, retry_at=None)


def is_held(health: Health, hold: Hold) -> bool:
    """Tell whether it is known already that an account is held, and why."""
    return (health.state, health.held) == (hold.state, _told(health, hold))


def held(health: Health, hold: Hold, now: float) -> Health:
    """Return how it is when somebody wants it not to be watched, or it can not be."""
    if hold.state is _ERROR:
        told = replace(health, held=hold.reason, retry_at=None, attempts=0)
        if health.held != hold.reason:
            told = replace(told, error_at=now)
        return _entered(told, Happening.UNUSABLE, now)
    told = replace(health, held=_told(health, hold), retry_at=None, attempts=0)
    return _entered(told, Happening.HELD, now)


def _told(health: Health, hold: Hold) -> str | None:
    """Return why an account is held; None where what the server said is told as its error."""
    return None if hold.of_login and health.trouble in _OF_CREDENTIALS else hold.reason


def _entered(health: Health, happening: Happening, now: float, **changes: Any) -> Health:
    """Return what follows, with what changes beside the state.

    All in one copy: to copy a health with its twenty members is most of what it costs to note
    what becomes of a login.
    """
    state = after(health.state, happening)
    if state is not health.state:
        changes |= {"state": state, "since": now}
    if all(getattr(health, name) == value for name, value in changes.items()):
        return health
    return replace(health, **changes)
