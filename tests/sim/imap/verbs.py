"""Which command is carried out by what, in which state, and what it needs (RFC 9051 section 6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.sim.imap import entry, mailboxes, reading, writing
from tests.sim.imap.talk import Talk
from vedette.demo.arguments import Arguments, BadSyntaxError

Handler = Callable[[Talk, Arguments], str]

#: While these run, sequence numbers stay (RFC 9051 section 7.5.1); the UID forms are others.
NUMBERS_STAY: Final = frozenset({"FETCH", "STORE", "SEARCH"})
#: What tells of arrivals where ``noop_only`` is the conduct.
TELLING: Final = frozenset({"NOOP", "CHECK", "SELECT", "EXAMINE"})
#: These are never refused out of a mood.
SPARED: Final = frozenset({"LOGOUT", "CAPABILITY", "IDLE", "LOGIN", "AUTHENTICATE", "ID"})

_ANYWHERE: Final[dict[str, Handler]] = {
    "CAPABILITY": entry.capability,
    "NOOP": entry.noop,
    "ID": entry.identify,
}
_LOGGED_IN: Final[dict[str, Handler]] = {
    "ENABLE": entry.enable,
    "SELECT": mailboxes.select,
    "EXAMINE": mailboxes.examine,
    "LIST": mailboxes.list_,
    "STATUS": mailboxes.status,
    "NAMESPACE": mailboxes.namespace,
    "CREATE": mailboxes.create,
    "DELETE": mailboxes.delete,
}
_SELECTED: Final[dict[str, Handler]] = {
    "CHECK": entry.noop,
    "UNSELECT": mailboxes.leave,
    "CLOSE": writing.close,
    "EXPUNGE": writing.expunge,
    "FETCH": reading.fetch,
    "SEARCH": reading.search,
    "STORE": writing.store,
    "COPY": writing.copy,
    "MOVE": writing.move,
    "UID FETCH": lambda talk, words: reading.fetch(talk, words, by_uid=True),
    "UID SEARCH": lambda talk, words: reading.search(talk, words, by_uid=True),
    "UID STORE": lambda talk, words: writing.store(talk, words, by_uid=True),
    "UID COPY": lambda talk, words: writing.copy(talk, words, by_uid=True),
    "UID MOVE": lambda talk, words: writing.move(talk, words, by_uid=True),
    "UID EXPUNGE": writing.uid_expunge,
}
_NEEDS: Final = frozenset({"ENABLE", "ID", "NAMESPACE", "IDLE", "NOTIFY", "UNSELECT"})
#: IMAP4rev2 has these within (RFC 9051 appendix E).
_WITHIN_REV2: Final = frozenset({"ENABLE", "NAMESPACE", "IDLE", "UNSELECT"})


def check_offered(talk: Talk, verb: str) -> None:
    """Raise BadSyntaxError for a command of an extension that was not offered."""
    if verb not in _NEEDS or talk.has(verb):
        return
    if not (verb in _WITHIN_REV2 and talk.has("IMAP4rev2")):
        raise BadSyntaxError("no such command")


def anywhere(verb: str) -> Handler | None:
    """Return what carries out a command of any state."""
    return _ANYWHERE.get(verb)


def logged_in(talk: Talk, verb: str) -> Handler:
    """Return what carries out a command of this state. Raises BadSyntaxError."""
    handler = _LOGGED_IN.get(verb)
    if handler is None and talk.view is not None:
        handler = _SELECTED.get(verb)
    if handler is None:
        raise BadSyntaxError("no such command in this state")
    return handler
