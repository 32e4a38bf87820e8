"""A server of the tests as a context: started at its beginning, removed at its end.

Must not know: which server it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Started(ABC):
    """What runs between ``with`` and the end of its block."""

    @abstractmethod
    def start(self) -> None:
        """Start it, and return once it serves."""

    @abstractmethod
    def close(self) -> None:
        """End it, and remove what it made."""

    def __enter__(self) -> Self:
        """Start it."""
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it and remove its folders."""
        self.close()
