"""Histograms: how long things take, in buckets that are fixed when they are declared.

One observation is a search among some fifteen bounds and two additions, some 200 ns. It must not
know how it is shown. Not for threads, as the counters.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from vedette.telemetry.counters import PLAIN
from vedette.telemetry.registry import OTHER, REGISTRY, Kind, Labels, Point, Registry

#: Seconds: from a commit that a fast disk takes to a receiver that was down for an hour. Each is
#: two or three times the one before, so an estimate is off by no more than that.
SECONDS: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
    300.0, 3600.0,
)  # fmt: skip


class Histogram:
    """Counts values by the first bound that is not below them.

    Its name ends in the unit. With a label there is one set of buckets for each of its values.
    """

    __slots__ = ("_bounds", "_counts", "_label", "_sums", "help", "labels", "name")

    kind = Kind.HISTOGRAM

    def __init__(
        self,
        name: str,
        help_text: str,
        *,
        bounds: Sequence[float] = SECONDS,
        label: str | None = None,
        values: Sequence[str] = (),
        registry: Registry = REGISTRY,
    ) -> None:
        if (label is None) is not (not values):
            raise ValueError(f"the number {name} has a label without values, or values without one")
        if not bounds or list(bounds) != sorted(set(bounds)):
            raise ValueError(f"the bounds of {name} do not grow")
        self.name = name
        self.help = help_text
        self.labels = PLAIN if label is None else {label: tuple(values)}
        self._label = label
        self._bounds = tuple(map(float, bounds))
        keys = tuple(values) or ("",)
        self._counts = {key: [0] * (len(self._bounds) + 1) for key in keys}
        self._sums = dict.fromkeys(keys, 0.0)
        registry.add(self)

    def observe(self, value: float, label: str = "") -> None:
        """Count a value; one below 0 (a clock that was set back) counts as 0.

        Raises ValueError for a wrong label.
        """
        counts = self._counts.get(label)
        if counts is None:
            counts, label = self._others(label), OTHER
        if value < 0:
            value = 0.0
        counts[bisect_left(self._bounds, value)] += 1
        self._sums[label] += value

    def count(self, label: str = "") -> int:
        """Return how many values were counted."""
        return sum(self._counts.get(label, ()))

    def points(self) -> Iterator[Point]:
        """Give the buckets, each with all below it, then the sum and the count."""
        bounds = [*map(bound_name, self._bounds), "+Inf"]
        for key, counts in self._counts.items():
            labels: Labels = () if self._label is None else ((self._label, key),)
            total = 0
            for bound, total in zip(bounds, accumulate(counts), strict=True):
                yield Point("_bucket", (*labels, ("le", bound)), total)
            yield Point("_sum", labels, self._sums[key])
            yield Point("_count", labels, total)

    def _others(self, label: str) -> list[int]:
        if self._label is None or not label:
            raise ValueError(f"the number {self.name} is moved with the wrong label")
        self._sums.setdefault(OTHER, 0.0)
        return self._counts.setdefault(OTHER, [0] * (len(self._bounds) + 1))


def bound_name(bound: float) -> str:
    """Return a bound as OpenMetrics spells it: always with a point (section "Considerations")."""
    return repr(float(bound))
