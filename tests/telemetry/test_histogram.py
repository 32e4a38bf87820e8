"""Histograms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.telemetry.histogram import SECONDS, Histogram
from vedette.telemetry.registry import Point, Registry


def histogram(*bounds: float) -> Histogram:
    return Histogram("took_seconds", "Took", bounds=bounds or SECONDS, registry=Registry())


def test_a_bucket_holds_all_that_is_not_above_its_bound() -> None:
    """And the last holds everything, as the count does."""
    took = histogram(0.125, 1)
    for value in (0.0625, 0.125, 0.5, 1, 7):
        took.observe(value)

    assert list(took.points()) == [
        Point("_bucket", (("le", "0.125"),), 2),
        Point("_bucket", (("le", "1.0"),), 4),
        Point("_bucket", (("le", "+Inf"),), 5),
        Point("_sum", (), 8.6875),
        Point("_count", (), 5),
    ]


def test_a_clock_that_was_set_back_took_no_time() -> None:
    """A negative sum would make every average a lie."""
    took = histogram()
    took.observe(-3.0)

    assert [point.value for point in took.points() if point.suffix == "_sum"] == [0]
    assert took.count() == 1


def test_each_value_of_a_label_has_buckets_of_its_own() -> None:
    """What was not declared goes to ``other``."""
    took = Histogram(
        "t_seconds", "t", bounds=(1,), label="how", values=("well",), registry=Registry()
    )
    took.observe(0.5, "well")
    took.observe(2, "whatever a server says")

    assert (took.count("well"), took.count("other")) == (1, 1)
    assert {point.labels[0] for point in took.points()} == {("how", "well"), ("how", "other")}


def test_bounds_grow() -> None:
    """A bucket that can not be reached is a mistake."""
    with pytest.raises(ValueError, match="do not grow"):
        histogram(1, 1)
    with pytest.raises(ValueError, match="do not grow"):
        histogram(2, 1)


def test_a_histogram_observed_with_the_wrong_label_is_an_error() -> None:
    """A label where none is declared."""
    with pytest.raises(ValueError, match="wrong label"):
        histogram().observe(1, "x")


@given(st.lists(st.floats(min_value=0, max_value=1e6), max_size=50))
def test_buckets_never_shrink_and_end_at_the_count(values: list[float]) -> None:
    """Whatever was observed."""
    took = histogram()
    for value in values:
        took.observe(value)
    buckets = [point.value for point in took.points() if point.suffix == "_bucket"]

    assert buckets == sorted(buckets)
    assert buckets[-1] == took.count() == len(values)
