"""Statements of many rows: what goes in as arrays, and how many rows were touched.

It knows neither rows nor statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def arrays(rows: Iterable[Mapping[str, Any]]) -> list[list[Any]]:
    """Return the columns of rows, each with its values; nothing for no rows.

    The order of the columns is that of the first row, and every row has it: the statement numbers
    its parameters so.
    """
    return [list(column) for column in zip(*(row.values() for row in rows), strict=True)]


def touched(said: str) -> int:
    """Return how many rows a command touched: the number at the end of its tag."""
    return int(said.rpartition(" ")[2])
