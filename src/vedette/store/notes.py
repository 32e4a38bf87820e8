"""Health that waits to be written: one note for each account, the newest wins.

Two threads meet here: the loop puts notes in, the writer takes them to the disk.
"""

from __future__ import annotations

from threading import Lock

from vedette.model.account import Health
from vedette.model.ids import AccountId


class Notebook:
    """Notes by account. A note leaves only after it was committed, and only if no newer one came."""

    __slots__ = ("_lock", "_notes")

    def __init__(self) -> None:
        self._lock = Lock()
        self._notes: dict[AccountId, Health] = {}

    def put(self, health: Health) -> bool:
        """Take a note; return whether the book was empty before it."""
        with self._lock:
            first = not self._notes
            self._notes[health.account] = health
            return first

    def pages(self) -> tuple[Health, ...]:
        """Return the notes that are not on disk yet."""
        with self._lock:
            return tuple(self._notes.values())

    def written(self, pages: tuple[Health, ...]) -> None:
        """Drop the notes that were committed."""
        with self._lock:
            for health in pages:
                if self._notes.get(health.account) is health:
                    del self._notes[health.account]

    def over(self, stored: list[Health]) -> list[Health]:
        """Return the stored notes with the waiting ones laid over them, by account."""
        merged = {health.account: health for health in stored}
        merged.update((health.account, health) for health in self.pages())
        return [merged[account] for account in sorted(merged)]
