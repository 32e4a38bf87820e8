"""Whether the last run ended in an orderly way: a file that is there while one runs."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


class RunMarker:
    """The file ``running`` in the state folder. Failing to write it harms nothing.

    Only a run that began may end: one that was refused the state must not take
    away the mark of the one that holds it.
    """

    __slots__ = ("_began", "_path")

    def __init__(self, state: Path) -> None:
        self._path = state / "running"
        self._began = False

    def begin(self) -> bool:
        """Mark that a run began; return whether the one before ended well."""
        ended_well = not self._path.exists()
        self._began = True
        # A full disk is found out by the store, which says so better.
        with suppress(OSError):
            self._path.touch(mode=0o600)
        return ended_well

    def end(self) -> None:
        """Mark that the run ended well, if it began here."""
        if self._began:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
