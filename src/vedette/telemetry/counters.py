"""Counters and gauges, declared at the top of the file that moves them, with help text.

A number costs one dictionary store; nobody is called and nothing is formatted until somebody
reads it. A ``Reading`` costs nothing at all between two scrapes: it is asked for when it is shown.
It must not know how the numbers are shown.

Not for threads: a number is moved from the event loop's thread only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias

from vedette.telemetry.registry import OTHER, REGISTRY, Kind, Point, Registry

#: A number without labels.
PLAIN: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({})


class _Moved:
    """One name and its values, one for each value of its label; all are there from the start."""

    __slots__ = ("_label", "_values", "help", "labels", "name")

    kind: Kind

    def __init__(
        self,
        name: str,
        help_text: str,
        *,
        label: str | None = None,
        values: Sequence[str] = (),
        registry: Registry = REGISTRY,
    ) -> None:
        if (label is None) is not (not values):
            raise ValueError(f"the number {name} has a label without values, or values without one")
        self.name = name
        self.help = help_text
        self.labels = PLAIN if label is None else {label: tuple(values)}
        self._label = label
        # A series that is first seen at 1 has no increase: a rate over it would miss the first.
        self._values: dict[str, float] = dict.fromkeys(values, 0) if label else {"": 0}
        registry.add(self)

    def value(self, label: str = "") -> float:
        """Return the number as it stands; 0 for a label value never met."""
        return self._values.get(label, 0)

    def points(self) -> Iterator[Point]:
        """Give one point for each value of the label."""
        for value, number in self._values.items():
            yield Point("", () if self._label is None else ((self._label, value),), number)

    def _key(self, label: str) -> str:
        if label in self._values:
            return label
        if self._label is None or not label:
            raise ValueError(f"the number {self.name} is moved with the wrong label")
        return OTHER


class Counter(_Moved):
    """A number that only grows, as long as the process lives. Its name ends in ``_total``."""

    __slots__ = ()

    kind = Kind.COUNTER

    def inc(self, label: str = "", *, by: float = 1) -> None:
        """Grow by ``by`` (not negative). Raises ValueError for a wrong label or a step back."""
        if by < 0:
            raise ValueError(f"the counter {self.name} does not go back")
        key = self._key(label)
        self._values[key] = self._values.get(key, 0) + by


class Gauge(_Moved):
    """A number that says how things are now."""

    __slots__ = ()

    kind = Kind.GAUGE

    def set(self, value: float, label: str = "") -> None:
        """Say how it is. Raises ValueError for a wrong label."""
        self._values[self._key(label)] = value

    def add(self, by: float, label: str = "") -> None:
        """Move it by ``by``, up or down. Raises ValueError for a wrong label."""
        key = self._key(label)
        self._values[key] = self._values.get(key, 0) + by


#: What is asked at a scrape: the value for each combination of label values, in the labels' order.
Read: TypeAlias = Callable[[], Mapping[tuple[str, ...], float]]


class Reading:
    """A gauge that is counted when it is shown, by whoever keeps what it counts.

    ``labels`` has the values of each label. While nobody is attached there are no points.
    """

    __slots__ = ("_read", "help", "labels", "name")

    kind = Kind.GAUGE

    def __init__(
        self,
        name: str,
        help_text: str,
        *,
        labels: Mapping[str, tuple[str, ...]] = PLAIN,
        registry: Registry = REGISTRY,
    ) -> None:
        self.name = name
        self.help = help_text
        self.labels = labels
        self._read: Read | None = None
        registry.add(self)

    def attach(self, read: Read) -> None:
        """Ask ``read`` from now on, and nobody else: one process shows one service."""
        self._read = read

    def detach(self, read: Read) -> None:
        """Ask nobody any more, unless somebody else took over meanwhile."""
        # Two bound methods of one object are equal and not identical.
        if self._read == read:
            self._read = None

    def points(self) -> Iterator[Point]:
        """Give one point for each combination that was counted; unknown values are ``other``."""
        sums: dict[tuple[str, ...], float] = {}
        for values, number in ({} if self._read is None else self._read()).items():
            known = tuple(
                value if value in domain else OTHER
                for value, domain in zip(values, self.labels.values(), strict=True)
            )
            sums[known] = sums.get(known, 0) + number
        for values, number in sums.items():
            yield Point("", tuple(zip(self.labels, values, strict=True)), number)
