"""Counters, gauges and readings."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from vedette.telemetry.counters import Counter, Gauge, Reading
from vedette.telemetry.registry import Point, Registry


def test_a_counter_grows_from_zero() -> None:
    """It is there before its first move, so that a scrape shows 0."""
    sent = Counter("sent_total", "Events sent", registry=Registry())
    before = list(sent.points())
    sent.inc()
    sent.inc(by=2)

    assert before == [Point("", (), 0)]
    assert list(sent.points()) == [Point("", (), 3)]


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


def test_a_labelled_number_is_there_for_each_value_from_the_start() -> None:
    """Else the first move is no increase to whoever computes rates."""
    values = ("delivered", "refused", "gone")
    outcomes = Counter("o_total", "o", label="outcome", values=values, registry=Registry())
    outcomes.inc("delivered")
    outcomes.inc("refused")
    outcomes.inc("delivered")

    assert list(outcomes.points()) == [
        Point("", (("outcome", "delivered"),), 2),
        Point("", (("outcome", "refused"),), 1),
        Point("", (("outcome", "gone"),), 0),
    ]


def test_a_label_that_is_fed_from_outside_ends_in_other() -> None:
    """And not in memory, nor in a name that says whose mailbox it is."""
    counter = Counter("x_total", "x", label="host", values=("known",), registry=Registry())
    for number in range(10_000):
        counter.inc(f"host-{number}")

    assert [point.labels for point in counter.points()] == [
        (("host", "known"),),
        (("host", "other"),),
    ]
    assert counter.value("other") == 10_000


def test_a_name_is_declared_once() -> None:
    """Two files that move one number by accident are found at import."""
    registry = Registry()
    Counter("x_total", "x", registry=registry)
    with pytest.raises(ValueError, match="declared twice"):
        Gauge("x_total", "x", registry=registry)


def test_a_label_comes_with_its_values() -> None:
    """A label whose values nobody lists may have any."""
    with pytest.raises(ValueError, match="label without values"):
        Counter("a_total", "a", label="kind", registry=Registry())
    with pytest.raises(ValueError, match="values without one"):
        Counter("b_total", "b", values=("x",), registry=Registry())


def test_a_move_with_the_wrong_label_is_an_error() -> None:
    """A label where none is declared, and none where one is."""
    plain = Counter("a_total", "a", registry=Registry())
    labelled = Counter("b_total", "b", label="kind", values=("x",), registry=Registry())
    with pytest.raises(ValueError, match="wrong label"):
        plain.inc("x")
    with pytest.raises(ValueError, match="wrong label"):
        labelled.inc()


def test_a_reading_is_counted_when_it_is_asked_for() -> None:
    """What is unknown of it is ``other``, and added up."""
    reading = Reading(
        "sessions",
        "Sessions",
        labels={"state": ("live",), "provider": ("google", "other")},
        registry=Registry(),
    )
    sessions: dict[tuple[str, ...], float] = {}
    reading.attach(lambda: sessions)
    before = list(reading.points())
    sessions |= {("live", "google"): 2, ("live", "a.example"): 3, ("live", "b.example"): 4}

    assert before == []
    assert list(reading.points()) == [
        Point("", (("state", "live"), ("provider", "google")), 2),
        Point("", (("state", "live"), ("provider", "other")), 7),
    ]


def test_who_was_replaced_can_not_detach_who_reads_now() -> None:
    """A service that stops late does not take the numbers of the next one along."""
    reading = Reading("sessions", "Sessions", registry=Registry())

    def old() -> Mapping[tuple[str, ...], float]:
        return {(): 1}

    def new() -> Mapping[tuple[str, ...], float]:
        return {(): 2}

    reading.attach(old)
    reading.attach(new)
    reading.detach(old)
    kept = list(reading.points())
    reading.detach(new)

    assert kept == [Point("", (), 2)]
    assert list(reading.points()) == []
