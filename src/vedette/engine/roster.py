"""The folders of one connection: which are watched now, which are left alone, what is due.

A folder that is refused three times in a row is left alone until the next
listing shows it again; one that a listing does not show is left alone too, and
nothing of its state is dropped (catalogue I14, S17). It must not know a session.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from vedette.engine.watched import Watched
from vedette.imap import StatusItem
from vedette.sync import gaps

#: Refusals of one folder in a row before it is left alone until the next listing (S17).
MAX_REFUSALS = 3

#: So many folders are gone through sooner than looked up.
FEW = 4


class Roster:
    """Folders in the order of their rank: the first that is not parked is kept open."""

    __slots__ = ("_folders", "_index")

    def __init__(self, folders: Iterable[Watched]) -> None:
        self._folders = tuple({watched.folder.path: watched for watched in folders}.values())
        # The folders by path, once there are many: most accounts have one, and no need of it.
        self._index: dict[bytes, Watched] | None = None

    def __iter__(self) -> Iterator[Watched]:
        """Iterate over the folders that are not parked."""
        return iter([each for each in self._folders if not each.parked])

    @property
    def home(self) -> Watched | None:
        """The folder that is kept open, or None when all are parked."""
        return next(iter(self), None)

    @property
    def others(self) -> list[Watched]:
        """The folders that are not kept open."""
        return list(self)[1:]

    def get(self, path: bytes) -> Watched | None:
        """Return a folder that is not parked."""
        watched = self._find(path)
        return None if watched is None or watched.parked else watched

    def refused(self, watched: Watched) -> None:
        """Note that a folder could not be opened or read."""
        watched.failures += 1
        watched.parked = watched.failures >= MAX_REFUSALS

    def relisted(self, listed: Sequence[Watched]) -> bool:
        """Fold a new listing in; return whether the set of watched folders changed."""
        before = [watched.folder.path for watched in self]
        shown = {watched.folder.path for watched in listed}
        for watched in self._folders:
            if watched.folder.path not in shown:
                watched.parked = True
            elif watched.parked:
                # It gets one try now; it is parked again if that fails.
                watched.parked, watched.failures = False, MAX_REFUSALS - 1
        known = {watched.folder.path: watched for watched in self._folders}
        for watched in listed:
            known.setdefault(watched.folder.path, watched)
        self._folders, self._index = tuple(known.values()), None
        return before != [watched.folder.path for watched in self]

    def _find(self, path: bytes) -> Watched | None:
        if len(self._folders) <= FEW:
            return next((each for each in self._folders if each.folder.path == path), None)
        if self._index is None:
            self._index = {each.folder.path: each for each in self._folders}
        return self._index.get(path)

    def owing(self, now: float) -> list[Watched]:
        """Return the folders with a gap that is due at the wall clock's ``now``."""
        return [each for each in self if each.state and gaps.due(each.state.gaps, now)]

    def next_gap(self, now: float) -> float | None:
        """Return the seconds until the next gap is due, or None."""
        waits = [
            wait
            for each in self
            if each.state is not None and (wait := gaps.next_due(each.state.gaps, now)) is not None
        ]
        return min(waits, default=None)


def is_news(watched: Watched, status: StatusItem) -> bool:
    """Tell whether a STATUS shows anything beyond the cursor; an unknown number does.

    UIDNEXT may stay above the last message for ever (S6), so numbers that were
    the same at the last sync are no news.
    """
    if watched.state is None:
        return True
    cursor = watched.state.cursor
    if status.uid_validity is not None and status.uid_validity != cursor.uid_validity:
        return True
    if status.uid_next is None:
        return True
    if status.uid_next == cursor.last_uid + 1:
        return False
    return (status.uid_next, status.messages) != watched.seen
