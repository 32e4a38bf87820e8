"""Whether the last run ended in an orderly way: a file that is there while one runs."""

from __future__ import annotations

from pathlib import Path


class RunMarker:
    """The file ``running`` in the state folder. Failing to write it harms nothing."""

    __slots__ = ("_path",)

    def __init__(self, state: Path) -> None:
        self._path = state / "running"

    def begin(self) -> bool:
        """Mark that a run began; return whether the one before ended well."""
        ended_well = not self._path.exists()
        try:
            self._path.touch(mode=0o600)
        except OSError:
            # A full disk is found out by the store, which says so better.
            return ended_well
        return ended_well

    def end(self) -> None:
        """Mark that the run ended well."""
        self._path.unlink(missing_ok=True)
