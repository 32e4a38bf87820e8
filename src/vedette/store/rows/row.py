"""A row as every driver gives it: its columns by their places.

It knows no driver.
"""

from __future__ import annotations

from typing import Any, Protocol


class Row(Protocol):
    """A tuple, or what can be asked like one."""

    def __getitem__(self, place: int, /) -> Any:
        """Return the value of a column."""
