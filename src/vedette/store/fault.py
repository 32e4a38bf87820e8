"""Why the last write of a store failed, for whoever asks whether anything can be written.

Nobody writes only to find that out: on a disk that is full the engine tries again all the time.
It must not know which store it is of.
"""

from __future__ import annotations

from collections.abc import Iterable
from time import monotonic
from typing import Final

from vedette.errors import StoreError, StoreFullError, StoreUnwritableError

#: Seconds for which a failed write counts where none came after it. Who is told that the service is
#: not ready sends it nothing to write, so it has to end by itself; a retry comes sooner.
STANDS: Final = 60.0


class Fault:
    """The last failure that was of the store, and not of what was to be written."""

    __slots__ = ("_at", "_error")

    def __init__(self) -> None:
        self._error: StoreError | None = None
        self._at = 0.0

    def note(self, errors: Iterable[Exception | None]) -> None:
        """Take what became of writes, oldest first; None is one that was done."""
        for error in errors:
            if error is None:
                self._error = None
            elif isinstance(error, StoreFullError | StoreUnwritableError):
                self._error, self._at = error, monotonic()

    def standing(self) -> StoreError | None:
        """Return the failure, if no write was done since, and it was a moment ago."""
        if self._error is None or monotonic() - self._at > STANDS:
            return None
        # A new one each time: a traceback belongs to one caller.
        return type(self._error)(str(self._error))
