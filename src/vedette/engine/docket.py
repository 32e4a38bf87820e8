"""What one session is to carry out: that there is something, when, and clues to the messages.

The journal on disk holds what is to be done; this holds what must not be on disk, in memory
and bounded. Whoever has no clue looks at the message itself. It must not know a session.
"""

from __future__ import annotations

from collections.abc import Mapping

from vedette.model.action import JournalEntry, Place
from vedette.model.ids import ActionId
from vedette.sync.deed import Clue

#: Clues that are kept: a folder's step has 64 messages, each with a few actions.
MAX_CLUES = 1_000


class Docket:
    """The orders of one session. Instants are the loop's, in seconds."""

    __slots__ = ("_ahead", "_clues", "due", "reopened")

    def __init__(self) -> None:
        # Made when something is entered: where no guard stands, nothing ever is.
        self._clues: dict[ActionId, Clue] | None = None
        #: When the journal is to be asked; None while nothing is known to be in it. At first
        #: it is asked at once: a crash may have left something there.
        self.due: float | None = 0.0
        #: The folder was opened again while it was read: what came meanwhile was not announced.
        self.reopened = False
        self._ahead: dict[Place, ActionId] | None = None

    def entered(self, clues: Mapping[ActionId, Clue]) -> None:
        """Learn that entries were written."""
        self.due = 0.0
        kept = self._clues = self._clues or {}
        for action, clue in clues.items():
            if len(kept) < MAX_CLUES:
                kept[action] = clue

    def clue(self, action: ActionId) -> Clue | None:
        """Return the clue to an action's message."""
        return None if self._clues is None else self._clues.get(action)

    def forget(self, action: ActionId) -> None:
        """Drop the clue: it was used, and what it did not prove is looked at."""
        if self._clues is not None:
            self._clues.pop(action, None)

    def ahead(self, entry: JournalEntry) -> None:
        """Learn that a message was acted on by its head; the rest of it is still to be judged."""
        ahead = self._ahead = self._ahead or {}
        if len(ahead) < MAX_CLUES:
            ahead[entry.origin] = entry.id

    def taken_ahead(self, folder: bytes, uid_validity: int) -> frozenset[int]:
        """Return the UIDs in a folder whose messages were acted on by their heads, so far."""
        places = [place for place in self._ahead or () if place.folder == folder]
        return frozenset(place.uid or 0 for place in places if place.uid_validity == uid_validity)

    def was_ahead(self, origin: Place) -> ActionId | None:
        """Return the action that was carried out by the head of a message, once."""
        return None if self._ahead is None else self._ahead.pop(origin, None)

    def again(self, at: float) -> None:
        """Ask the journal again, not before ``at``."""
        self.due = at if self.due is None else min(self.due, at)
