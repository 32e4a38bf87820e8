"""The numbers that are declared anywhere: their names, their labels, and who speaks of them.

Must not know: what any of them means.
"""

from __future__ import annotations

import re

import pytest

from scripts.reference_metrics import declared
from tests.house.tree import ROOT
from vedette.telemetry.registry import Kind, Series

#: Names of labels. A new one is added here by somebody who knows all of its values: none is what
#: people or servers call something.
LABELS = {"class", "kind", "outcome", "provider", "state", "status", "type", "version"}
#: Combinations of one series: each costs a line of every scrape, for ever.
MOST = 400
#: What a number may be in. A ratio and a count of things have none.
UNITS = ("_seconds", "_bytes")
#: Where names of numbers are written by hand.
SPOKEN = ("docs/**/*.md", "examples/**/*", "README.md")

SERIES = declared()


@pytest.mark.parametrize("series", SERIES, ids=lambda series: series.name)
def test_a_number_is_named_as_scrapers_expect(series: Series) -> None:
    """Prefix, unit, ``_total`` for what only grows, and one sentence of help."""
    name = series.name

    assert re.fullmatch(r"vedette_[a-z][a-z0-9_]*[a-z0-9]", name)
    assert name.endswith("_total") is (series.kind is Kind.COUNTER)
    assert not re.search(r"_(ms|milliseconds|minutes|kib|kb|mb|count|sum|bucket)$", name)
    if series.kind is Kind.HISTOGRAM:
        assert name.endswith(UNITS)
    assert series.help.endswith(".")
    assert "\n" not in series.help


@pytest.mark.parametrize("series", SERIES, ids=lambda series: series.name)
def test_no_label_comes_from_outside(series: Series) -> None:
    """All values of all labels are known where the number is declared, and they are few."""
    combinations = 1
    for label, values in series.labels.items():
        assert label in LABELS
        assert len(set(values)) == len(values) > 0
        assert all(re.fullmatch(r"[a-z0-9][a-z0-9_.+-]*", value) for value in values)
        combinations *= len(values)

    assert combinations <= MOST


def test_every_number_that_is_spoken_of_is_declared() -> None:
    """In guides, rules and examples; a series of a histogram counts."""
    known = {series.name for series in SERIES}
    known |= {
        f"{series.name}{suffix}"
        for series in SERIES
        if series.kind is Kind.HISTOGRAM
        for suffix in ("_bucket", "_sum", "_count")
    }
    spoken = {
        name
        for pattern in SPOKEN
        for path in ROOT.glob(pattern)
        if path.is_file()
        for name in re.findall(
            r"\bvedette_[a-z0-9_]+(?:_total|_seconds|_bytes)\b", path.read_text()
        )
    }

    assert spoken - known == set()
