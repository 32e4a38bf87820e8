"""Holds what guards did beside moving: the marks that they set, and mail that its text protects.

A mark is set once, it is there when the journal says so, and a mark that its user took off stays
off. Mail that a guard moved by its head is in its own folder again once the rest was read. It must
not know how an action is carried out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol

from tests.sim.guarded import MARK, SPARED, Deed, Guarded
from tests.sim.imap.folder import Arrival, Change, Mail, Touch
from tests.sim.scene import Scene
from tests.sim.telling import Told
from vedette.model.action import ActionState, JournalEntry

#: Whose message it is, and which.
Token = tuple[str, str]

#: Later than all there is.
NEVER: Final = float("inf")
#: It was not done, and it will not be.
_NOT_DONE: Final = frozenset({ActionState.FAILED, ActionState.GONE})


class Known(Protocol):
    """What is known of one scene after its end."""

    scene: Scene
    guard: Guarded
    touches: list[Touch]
    entries: list[JournalEntry]
    received: list[Told]
    arrivals: dict[Token, list[Arrival]]

    @property
    def is_lied_to(self) -> bool:
        """Whether a message that is there may look as if it were not."""

    def by_hand(self, token: Token) -> bool:
        """Tell whether somebody else moved or removed a message."""

    def tokens(self, entry: JournalEntry) -> set[Token]:
        """Return which messages were where an action found its own."""

    def words(self, touch: Touch) -> str:
        """Return what was done, for a person."""

    def named(self, entry: JournalEntry) -> str:
        """Return an entry, for a person."""


class Deeds:
    """Judges one scene, after what all guards have in common."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.scene = known.scene

    def check(self) -> Iterator[str]:
        """Yield every promise that was broken."""
        if self.known.guard.marks:
            yield from self._overdone()
            yield from self._again()
            if self.scene.record.measured_from is not None:
                yield from self._unmarked()
        elif self.known.guard.deed is Deed.SPARE and self.scene.record.measured_from is not None:
            yield from self._taken()

    # Marks.

    def _overdone(self) -> Iterator[str]:
        for touch in self.known.touches:
            if touch.change is not Change.FLAGGED or touch.flags != (MARK,) or not touch.sign:
                yield f"more than a mark: {self.known.words(touch)} {touch.sign}{touch.flags}"

    def _again(self) -> Iterator[str]:
        """Hold that no mark is set once more after it was written that it is set."""
        done: dict[Token, float] = {}
        for at, entry in self.scene.disk.steps:
            if entry.state is ActionState.DONE:
                for token in self.known.tokens(entry):
                    done.setdefault(token, at)
        for touch in self.known.touches:
            at = done.get((touch.arrival.user, touch.arrival.token), NEVER)
            if touch.sign == "+" and touch.at > at:
                yield f"marked again: {self.known.words(touch)}"

    def _unmarked(self) -> Iterator[str]:
        """Hold each mark against what the journal has of it."""
        marked = {
            (user.name, mail.letter.token): _is_marked(mail)
            for user in self.scene.server.users.values()
            for folder in user.folders.values()
            for mail in folder.mails.values()
        }
        # One that was renumbered has an action under each of its UIDs.
        done = {
            token
            for entry in self.known.entries
            if entry.state is ActionState.DONE
            for token in self.known.tokens(entry)
        }
        for entry in self.known.entries:
            for token in self.known.tokens(entry):
                if token not in marked or self._by_hand(token):
                    continue
                if entry.state is ActionState.DONE and not marked[token]:
                    yield f"not marked, and the journal says so: {self.known.named(entry)}"
                elif entry.state is ActionState.UNDONE and marked[token]:
                    yield f"still marked: {self.known.named(entry)}"
                elif self.known.is_lied_to or token in done:
                    continue
                elif entry.state in _NOT_DONE and marked[token]:
                    yield f"marked, and the journal says no: {self.known.named(entry)}"

    def _by_hand(self, token: Token) -> bool:
        return token in self.scene.record.unmarked or self.known.by_hand(token)

    # Mail that is protected by what it says.

    def _taken(self) -> Iterator[str]:
        """Hold that what protects itself is where it came to, whatever was done by its head."""
        read: set[Token] = set()
        for told in self.known.received:
            token = (told.account, told.token or "")
            if not token[1].startswith(SPARED) or self.known.by_hand(token):
                continue
            read.add(token)
            folders = self.scene.mailbox(told.account).folders
            left = [each for each in self.known.arrivals[token] if each.gone_at is None]
            if not any(each.folder in folders for each in left):
                yield f"protected, and taken away: {told}, now in {[each.folder for each in left]}"
        for entry in self.known.entries:
            if entry.state is ActionState.DONE and not read.isdisjoint(self.known.tokens(entry)):
                yield f"protected, and taken away: {self.known.named(entry)}"


def _is_marked(mail: Mail) -> bool:
    return MARK in mail.flags or MARK in mail.labels
