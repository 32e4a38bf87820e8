"""When a guard stops acting by itself: a fuse for each guard and account.

::

    closed ── a limit is passed ──► tripped ── an hour later, and calm ──► closed

Three limits (see ``pack.Limits``): actions in an hour; the share of the last messages that it
acted on; the share of them that one decisive symbol alone accounts for, as a broken list does.
While it is tripped the guard goes on judging and only flags, and what it would have done is
counted on. It closes again when an hour has passed since it tripped and all that it would have
done is at most half of each limit, or when a person closes it with a new ``Breaker()``.

A state is a value; time is an argument. It must not know mailboxes, events and the journal.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum, unique

from vedette.guard.pack import HOUR, Limits
from vedette.guard.verdict import Verdict

#: Messages before a share means anything: three of the first four are no sign of a broken list.
MIN_WINDOW = 20
#: A tripped guard closes when what it would do is down to this part of each limit.
CALM = 0.5

_MINUTE = 60.0
_MINUTES = 60
#: Actions of at least this weight are counted: they take a message from where it was.
_TAKING = 2


@unique
class Fuse(StrEnum):
    """Which limit was passed."""

    RATE = "actions_per_hour"
    SHARE = "share"
    SYMBOL = "symbol_share"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """That a guard stopped acting: when (seconds of the caller's clock), and why."""

    at: float
    fuse: Fuse
    symbol: str = ""
    """The symbol that accounts for it, for ``Fuse.SYMBOL``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """The fuse of one guard on one account; new, it is closed and has seen nothing."""

    trip: Trip | None = None
    minute: int = 0
    """The minute of the last element of ``actions``."""
    actions: tuple[int, ...] = ()
    """Actions, done or withheld, in each of the last 60 minutes."""
    window: tuple[tuple[str, ...] | None, ...] = ()
    """The last messages: None where nothing was to be done, else the symbols that decided it."""

    @property
    def is_tripped(self) -> bool:
        """Whether the guard only flags now."""
        return self.trip is not None


def step(state: Breaker, now: float, verdict: Verdict, limits: Limits) -> Breaker:
    """Count one judged message.

    The guard may act on it if the state that is returned is not tripped. ``now`` is in seconds
    and may stand still or be set back: that counts as no time passing.
    """
    takes = any(action.weight >= _TAKING for action in verdict.actions)
    state = _passed(state, now)
    glance = verdict.decisive if takes else None
    window = (*state.window, glance)[-limits.window :]
    actions = (*state.actions[:-1], state.actions[-1] + takes)
    state = replace(state, window=window, actions=actions)
    if state.trip is not None:
        calm = now - state.trip.at >= HOUR and _passed_limit(state, limits, CALM) is None
        return replace(state, trip=None) if calm else state
    passed = _passed_limit(state, limits, 1.0) if takes else None
    if passed is None:
        return state
    fuse, symbol = passed
    return replace(state, trip=Trip(at=now, fuse=fuse, symbol=symbol))


def _passed(state: Breaker, now: float) -> Breaker:
    """Let time pass: forget the minutes that are an hour ago."""
    minute = max(int(now // _MINUTE), state.minute)
    gone = min(minute - state.minute, _MINUTES)
    actions = (*(state.actions or (0,)), *([0] * gone))[-_MINUTES:]
    return replace(state, minute=minute, actions=actions)


def _passed_limit(state: Breaker, limits: Limits, part: float) -> tuple[Fuse, str] | None:
    """Return the first limit of which more than ``part`` is used, and the symbol that does it."""
    if sum(state.actions) > limits.actions_per_hour * part:
        return Fuse.RATE, ""
    seen = len(state.window)
    if seen < min(MIN_WINDOW, limits.window):
        return None
    taken = [glance for glance in state.window if glance is not None]
    if len(taken) > seen * limits.share * part:
        return Fuse.SHARE, ""
    counts = Counter(name for glance in taken for name in glance)
    for name, count in counts.most_common(1):
        if count > seen * limits.symbol_share * part:
            return Fuse.SYMBOL, name
    return None
