"""The life of a connection: one table, and the one function that fires it.

::

    GREETING ──welcome──► NOT_AUTHENTICATED ──login──► AUTHENTICATED ──select──► SELECTED
        └───────────────preauth───────────────────────►    ▲   ◄──unselect──────┘  ↺ select
                                                            └── refused: a SELECT that fails
    any ──goodbye──► LOGOUT ──end──► CLOSED                     leaves nothing selected

Everything that moves a connection from one state to another stands here, and which command
may be sent in which state (RFC 9051 section 3). It must not know commands or bytes: commands
are named by their verb.
"""

from __future__ import annotations

from enum import Enum, unique

from vedette.errors import UsageError


@unique
class State(Enum):
    """Where a connection stands. CLOSED is the end; LOGOUT waits for the server's end."""

    GREETING = "greeting"
    NOT_AUTHENTICATED = "not authenticated"
    AUTHENTICATED = "authenticated"
    SELECTED = "selected"
    LOGOUT = "logout"
    CLOSED = "closed"


@unique
class Signal(Enum):
    """What moves a connection."""

    WELCOME = "greeted with OK"
    PREAUTH = "greeted with PREAUTH"
    LOGIN = "credentials accepted"
    SELECT = "folder opened"
    REFUSED = "folder not opened"
    UNSELECT = "folder left"
    GOODBYE = "LOGOUT sent"
    END = "stream over"


_TABLE: dict[tuple[State, Signal], State] = {
    (State.GREETING, Signal.WELCOME): State.NOT_AUTHENTICATED,
    (State.GREETING, Signal.PREAUTH): State.AUTHENTICATED,
    (State.NOT_AUTHENTICATED, Signal.LOGIN): State.AUTHENTICATED,
    (State.AUTHENTICATED, Signal.SELECT): State.SELECTED,
    (State.AUTHENTICATED, Signal.REFUSED): State.AUTHENTICATED,
    (State.SELECTED, Signal.SELECT): State.SELECTED,
    (State.SELECTED, Signal.REFUSED): State.AUTHENTICATED,
    (State.SELECTED, Signal.UNSELECT): State.AUTHENTICATED,
    (State.NOT_AUTHENTICATED, Signal.GOODBYE): State.LOGOUT,
    (State.AUTHENTICATED, Signal.GOODBYE): State.LOGOUT,
    (State.SELECTED, Signal.GOODBYE): State.LOGOUT,
    **{(state, Signal.END): State.CLOSED for state in State},
}

_NEW = State.NOT_AUTHENTICATED
_IN = State.AUTHENTICATED
_OPEN = State.SELECTED
_ANY = frozenset({_NEW, _IN, _OPEN})
_KNOWN = frozenset({_IN, _OPEN})
_FOLDER = frozenset({_OPEN})

# IDLE is allowed in the authenticated state, and mute there: it is worth nothing (RFC 2177).
_ALLOWED: dict[str, frozenset[State]] = {
    "CAPABILITY": _ANY,
    "NOOP": _ANY,
    "LOGOUT": _ANY,
    "ID": _ANY,
    "STARTTLS": frozenset({_NEW}),
    "LOGIN": frozenset({_NEW}),
    "AUTHENTICATE": frozenset({_NEW}),
    "ENABLE": frozenset({_IN}),
    "NAMESPACE": _KNOWN,
    "LIST": _KNOWN,
    "STATUS": _KNOWN,
    "SELECT": _KNOWN,
    "EXAMINE": _KNOWN,
    "CREATE": _KNOWN,
    "APPEND": _KNOWN,
    "NOTIFY": _KNOWN,
    "IDLE": _FOLDER,
    "UNSELECT": _FOLDER,
    "UID FETCH": _FOLDER,
    "UID SEARCH": _FOLDER,
    "UID STORE": _FOLDER,
    "UID COPY": _FOLDER,
    "UID MOVE": _FOLDER,
    "UID EXPUNGE": _FOLDER,
}


def fire(state: State, signal: Signal) -> State | None:
    """Return the state that follows, or None where the signal has no place."""
    return _TABLE.get((state, signal))


def check_allowed(verb: str, state: State) -> None:
    """Raise UsageError when a command may not be sent in this state."""
    allowed = _ALLOWED.get(verb, frozenset())
    if state not in allowed:
        places = " or ".join(sorted(each.value for each in allowed)) or "no state"
        raise UsageError(f"{verb} is not sent while {state.value}; it needs: {places}")
