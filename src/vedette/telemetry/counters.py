"""Counters and gauges, declared at the top of the file that moves them, with help text.

A number costs one dictionary store; nobody is called and nothing is formatted
until somebody reads ``REGISTRY.samples()``. It must not know how the numbers are
shown. Never label by account, host or address: a label has few, known values.

Not for threads: a number is moved from the event loop's thread only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum, unique

#: Values of one label before the rest are counted as ``other``. A scrape costs about
#: 1 us per sample, and a label with more values than this was fed from outside.
MAX_VALUES = 64
_OTHER = "other"


@unique
class Kind(StrEnum):
    """What a number does: a counter only grows, a gauge goes both ways."""

    COUNTER = "counter"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One number as it stands. ``label`` is ``None`` or (name, value)."""

    name: str
    kind: Kind
    help: str
    label: tuple[str, str] | None
    value: float


class Registry:
    """The numbers of one process, by name, in the order of their declaration."""

    def __init__(self) -> None:
        self._series: dict[str, _Series] = {}

    def add(self, series: _Series) -> None:
        """Take a number. Raises ValueError when its name is taken."""
        if series.name in self._series:
            raise ValueError(f"the number {series.name} is declared twice")
        self._series[series.name] = series

    def samples(self) -> Iterator[Sample]:
        """Give every number as it stands; a labelled one gives nothing before its first move."""
        for series in self._series.values():
            yield from series.samples()


#: The numbers of this process.
REGISTRY = Registry()


class _Series:
    """One name and its values, one for each value of the label."""

    __slots__ = ("_values", "help", "label", "name")

    kind: Kind

    def __init__(
        self, name: str, help_text: str, *, label: str | None = None, registry: Registry = REGISTRY
    ) -> None:
        self.name = name
        self.help = help_text
        self.label = label
        self._values: dict[str, float] = {} if label else {"": 0}
        registry.add(self)

    def value(self, label: str = "") -> float:
        """Return the number as it stands; 0 for a label value never met."""
        return self._values.get(label, 0)

    def samples(self) -> Iterator[Sample]:
        """Give one sample for each value of the label."""
        for value, number in self._values.items():
            label = None if self.label is None else (self.label, value)
            yield Sample(name=self.name, kind=self.kind, help=self.help, label=label, value=number)

    def _key(self, label: str) -> str:
        if bool(label) != (self.label is not None):
            raise ValueError(f"the number {self.name} is moved with the wrong label")
        return label if label in self._values or len(self._values) < MAX_VALUES else _OTHER


class Counter(_Series):
    """A number that only grows, as long as the process lives."""

    __slots__ = ()

    kind = Kind.COUNTER

    def inc(self, label: str = "", *, by: float = 1) -> None:
        """Grow by ``by`` (not negative). Raises ValueError for a wrong label or a step back."""
        if by < 0:
            raise ValueError(f"the counter {self.name} does not go back")
        key = self._key(label)
        self._values[key] = self._values.get(key, 0) + by


class Gauge(_Series):
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
