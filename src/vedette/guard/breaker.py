"""When a guard stops acting by itself: a fuse for each guard and account.

::

    closed ── a limit is passed ──► tripped ── an hour later, and calm ──► closed

Three limits (see ``pack.Limits``): actions in an hour; the share of the last messages that it
acted on; the share of them that one decisive symbol alone accounts for, as a broken list does.
While it is tripped the guard goes on judging and only flags, and what it would have done is
counted on. It closes again when an hour has passed since it tripped and all that it would have
done is at most half of each limit, or when a person closes it (``Breaker.close``).

A state is a value and time an argument; ``Breaker`` keeps the states of one guard by account.
It must not know mailboxes, events and the journal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum, unique

from vedette.guard.pack import HOUR, Limits
from vedette.model.ids import AccountId

#: Messages before a share means anything: three of the first four are no sign of a broken list.
MIN_WINDOW = 20
#: A tripped guard closes when what it would do is down to this part of each limit.
CALM = 0.5

_MINUTE = 60.0
_MINUTES = 60


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

    @property
    def reason(self) -> str:
        """Why, in a few words for a person."""
        return f"{self.fuse.value}: {self.symbol}" if self.symbol else self.fuse.value


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The fuse of one guard on one account; new, it is closed and has seen nothing."""

    trip: Trip | None = None
    minute: int = 0
    """The minute of the last element of ``actions``."""
    actions: tuple[int, ...] = ()
    """Actions, done or withheld, in each minute of the last hour from the first that had one."""
    window: tuple[tuple[str, ...] | None, ...] = ()
    """The last messages: None where nothing was to be done, else the symbols that decided it."""


def step(
    state: State, now: float, *, acts: bool, symbols: Collection[str], limits: Limits
) -> State:
    """Count one judged message.

    ``acts`` says that the message is to be taken from where it is, ``symbols`` what decided it
    (``Verdict.decisive``); it may be taken if the state that is returned is not tripped. ``now``
    is in seconds and may stand still or be set back: that counts as no time passing.
    """
    state = _at(state, now, acts=acts)
    glance = tuple(symbols) if acts else None
    state = replace(state, window=(*state.window, glance)[-limits.window :])
    if state.trip is not None:
        calm = now - state.trip.at >= HOUR and _used_up(state, limits, CALM) is None
        return replace(state, trip=None) if calm else state
    passed = _used_up(state, limits, 1.0) if acts else None
    if passed is None:
        return state
    fuse, symbol = passed
    return replace(state, trip=Trip(at=now, fuse=fuse, symbol=symbol))


class Breaker:
    """The fuses of one guard, by account. It forgets with the process, and begins closed."""

    __slots__ = ("_states",)

    def __init__(self) -> None:
        self._states: dict[AccountId, State] = {}

    def judged(
        self,
        account: AccountId,
        *,
        symbols: Collection[str],
        acts: bool,
        limits: Limits,
        now: float,
    ) -> str:
        """Count one judged message, as ``step`` does; return why it tripped just now, or nothing."""
        before = self._states.get(account, _NEW)
        after = step(before, now, acts=acts, symbols=symbols, limits=limits)
        self._states[account] = after
        return after.trip.reason if after.trip is not None and before.trip is None else ""

    def reason(self, account: AccountId) -> str:
        """Return why the guard only flags for an account; empty while it may act."""
        trip = self._states.get(account, _NEW).trip
        return trip.reason if trip is not None else ""

    def close(self, account: AccountId) -> None:
        """Let the guard act again at once, and forget what it did: a person said so."""
        self._states.pop(account, None)


_NEW = State()


def _at(state: State, now: float, *, acts: bool) -> State:
    """Let time pass, forget what is an hour ago, and count an action."""
    minute = max(int(now // _MINUTE), state.minute)
    if not state.actions:
        return replace(state, minute=minute, actions=(1,) if acts else ())
    gone = min(minute - state.minute, _MINUTES)
    actions = [*state.actions, *([0] * gone)][-_MINUTES:]
    actions[-1] += acts
    while actions and not actions[0]:
        del actions[0]
    return replace(state, minute=minute, actions=tuple(actions))


def _used_up(state: State, limits: Limits, part: float) -> tuple[Fuse, str] | None:
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
