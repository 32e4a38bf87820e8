"""The numbers of one process, by name: what each is, and how it stands when somebody asks.

It must not know how a number is moved, nor how it is shown. Never label by account, host or
address: a label's values are declared with it, and whatever else comes is ``other``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final, Protocol, TypeAlias

#: What a value of a label becomes that was not declared: it came from outside.
OTHER: Final = "other"

#: Names and values of labels, in the order of their declaration.
Labels: TypeAlias = tuple[tuple[str, str], ...]


@unique
class Kind(StrEnum):
    """What a number does: it only grows, goes both ways, or says how values are spread."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a series. ``suffix`` is what its name has behind that of the series."""

    suffix: str
    labels: Labels
    value: float


class Series(Protocol):
    """One name, and the points that it has now."""

    name: str
    help: str
    kind: Kind
    labels: Mapping[str, tuple[str, ...]]

    def points(self) -> Iterator[Point]:
        """Give the points as they stand."""


class Registry:
    """Series by name, in the order of their declaration."""

    __slots__ = ("_series",)

    def __init__(self) -> None:
        self._series: dict[str, Series] = {}

    def __iter__(self) -> Iterator[Series]:
        """Iterate over the series."""
        return iter(self._series.values())

    def add(self, series: Series) -> None:
        """Take a series. Raises ValueError when its name is taken."""
        if series.name in self._series:
            raise ValueError(f"the number {series.name} is declared twice")
        self._series[series.name] = series


#: The numbers of this process.
REGISTRY = Registry()
