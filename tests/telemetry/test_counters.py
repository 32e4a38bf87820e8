"""Counters and gauges."""

from __future__ import annotations

import pytest

from vedette.telemetry.counters import MAX_VALUES, Counter, Gauge, Kind, Registry, Sample


def test_a_counter_grows_from_zero() -> None:
    """It is there before its first move, so that a scrape shows 0."""
    registry = Registry()
    sent = Counter("sent_total", "Events sent", registry=registry)
    before = [sample.value for sample in registry.samples()]
    sent.inc()
    sent.inc(by=2)

    assert before == [0]
    assert list(registry.samples()) == [
        Sample(name="sent_total", kind=Kind.COUNTER, help="Events sent", label=None, value=3)
    ]


def test_a_counter_does_not_go_back() -> None:
    """A rate over it would lie."""
    with pytest.raises(ValueError, match="does not go back"):
        Counter("x_total", "x", registry=Registry()).inc(by=-1)


def test_a_gauge_goes_both_ways() -> None:
    """It says how things are now."""
    gauge = Gauge("open", "Open links", registry=Registry())
    gauge.set(5)
    gauge.add(-2)

    assert gauge.value() == 3


def test_a_labelled_number_has_one_sample_for_each_value() -> None:
    """In the order of their first move."""
    registry = Registry()
    outcomes = Counter("outcomes_total", "By outcome", label="outcome", registry=registry)
    outcomes.inc("delivered")
    outcomes.inc("refused")
    outcomes.inc("delivered")

    assert [(sample.label, sample.value) for sample in registry.samples()] == [
        (("outcome", "delivered"), 2),
        (("outcome", "refused"), 1),
    ]


def test_values_of_a_label_are_bounded() -> None:
    """A label that is fed from outside ends in ``other`` instead of in memory."""
    registry = Registry()
    counter = Counter("x_total", "x", label="host", registry=registry)
    for number in range(10_000):
        counter.inc(f"host-{number}")

    assert len(list(registry.samples())) == MAX_VALUES + 1
    assert counter.value("other") == 10_000 - MAX_VALUES


def test_a_name_is_declared_once() -> None:
    """Two files that move one number by accident are found at import."""
    registry = Registry()
    Counter("x_total", "x", registry=registry)
    with pytest.raises(ValueError, match="declared twice"):
        Gauge("x_total", "x", registry=registry)


def test_a_move_with_the_wrong_label_is_an_error() -> None:
    """A label where none is declared, and none where one is."""
    plain = Counter("a_total", "a", registry=Registry())
    labelled = Counter("b_total", "b", label="kind", registry=Registry())
    with pytest.raises(ValueError, match="wrong label"):
        plain.inc("x")
    with pytest.raises(ValueError, match="wrong label"):
        labelled.inc()
