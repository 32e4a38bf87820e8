"""What earlier actions on a message say of a new one: whether it came back, and from which.

The one rule by which stores and the engine tell a return. It must not know how either is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum, unique
from typing import Final

from vedette.model.action import ActionState, JournalEntry

#: The kind of an action after which a message is not where it was.
_MOVE: Final = "move"

#: Taken back, whatever it was.
_BACK: Final = frozenset({ActionState.UNDONE, ActionState.RETURNED})

#: Carried out, in part or whole.
_ACTED: Final = frozenset(
    {ActionState.COPIED, ActionState.DONE, ActionState.UNDOING, ActionState.EXPIRED}
)


@unique
class Fate(StrEnum):
    """What becomes of a new action."""

    WRITTEN = "written"
    """Nothing is against it."""
    RETURNED = "returned"
    """The message came back: it is left alone."""
    REPEATED = "repeated"
    """It was written, or done, before."""


def fate(entry: JournalEntry, earlier: Sequence[JournalEntry]) -> tuple[Fate, JournalEntry | None]:
    """Say what becomes of an action, and which earlier one it shows to be taken back by the user.

    ``earlier`` are the actions on messages of the account with one of its identity keys, newest
    first. The second part is the one that was DONE and is RETURNED now, if there is one: of
    several only the one that explains best why the message is here.
    """
    if any(each.id == entry.id for each in earlier):
        return Fate.REPEATED, None
    met = [each for each in earlier if _says_something(each, entry)]
    if not met:
        return Fate.WRITTEN, None
    best = max(met, key=lambda each: _weight(each, entry))
    if best.state in _BACK:
        return Fate.RETURNED, None
    if best.kind != _MOVE or _is_same(best, entry):
        return Fate.REPEATED, None
    return Fate.RETURNED, best if best.state is ActionState.DONE else None


def _says_something(earlier: JournalEntry, entry: JournalEntry) -> bool:
    if earlier.guard != entry.guard:
        return False
    if earlier.state in _BACK:
        return True
    # It was where we had put it, and then it was not: this is where it went.
    was_taken = earlier.state is ActionState.GONE and earlier.result is not None
    return (was_taken or earlier.state in _ACTED) and (
        earlier.kind == _MOVE or earlier.action == entry.action
    )


def _is_same(earlier: JournalEntry, entry: JournalEntry) -> bool:
    """Whether both are about the very same UID, which names one message for ever.

    A message that was moved from there is not there again (RFC 9051 section 2.3.1.1): it was
    judged by an answer from before it was moved.
    """
    return earlier.origin.uid is not None and earlier.origin == entry.origin


def _weight(earlier: JournalEntry, entry: JournalEntry) -> tuple[bool, bool, bool]:
    """Prefer what put the message here, then what is being taken back, then what was moved."""
    result = earlier.result
    return (
        result is not None and result.uid is not None and result == entry.origin,
        earlier.state is ActionState.UNDOING,
        earlier.state is ActionState.DONE and earlier.kind == _MOVE,
    )
