"""What a scraper is shown."""

from __future__ import annotations

from math import inf, isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.telemetry.openmetrics import parse
from vedette.telemetry.counters import Counter, Gauge, Reading
from vedette.telemetry.exposition import Dialect, dialect_for, number, render
from vedette.telemetry.histogram import Histogram
from vedette.telemetry.registry import Registry

#: Prometheus 3 asks so.
PROMETHEUS_ASKS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def three() -> Registry:
    """Return a registry with a counter, a gauge and a histogram that have moved."""
    registry = Registry()
    Counter("x_total", "All\nof it", label="how", values=("well",), registry=registry).inc("well")
    Gauge("x_bytes", "Size", registry=registry).set(1.5)
    Histogram("x_seconds", "Time", bounds=(0.5,), registry=registry).observe(0.1)
    return registry


def test_the_text_is_what_prometheus_documents() -> None:
    """Format 0.0.4, octet by octet."""
    assert render(registry=three()).decode().splitlines() == [
        r"# HELP x_total All\nof it",
        "# TYPE x_total counter",
        'x_total{how="well"} 1',
        "# HELP x_bytes Size",
        "# TYPE x_bytes gauge",
        "x_bytes 1.5",
        "# HELP x_seconds Time",
        "# TYPE x_seconds histogram",
        'x_seconds_bucket{le="0.5"} 1',
        'x_seconds_bucket{le="+Inf"} 1',
        "x_seconds_sum 0.1",
        "x_seconds_count 1",
    ]


def test_openmetrics_names_units_and_an_end() -> None:
    """A counter's family has no ``_total``, and its points have."""
    text = render(Dialect.OPENMETRICS, three()).decode()
    families = parse(text, openmetrics=True)

    assert {name: (each.kind, each.unit) for name, each in families.items()} == {
        "x": ("counter", ""),
        "x_bytes": ("gauge", "bytes"),
        "x_seconds": ("histogram", "seconds"),
    }
    assert families["x"].points == {("_total", (("how", "well"),)): 1}


@given(help_text=TEXTS, value=TEXTS.filter(bool), dialect=st.sampled_from(Dialect))
def test_whatever_stands_in_a_text_is_read_back_as_it_was(
    help_text: str, value: str, dialect: Dialect
) -> None:
    """Quotes, backslashes and ends of lines can not forge a line."""
    registry = Registry()
    Counter("a_total", help_text, label="b", values=(value,), registry=registry).inc(value, by=7)
    is_open = dialect is Dialect.OPENMETRICS
    families = parse(render(dialect, registry).decode(), openmetrics=is_open)

    assert list(families) == ["a" if is_open else "a_total"]
    (family,) = families.values()
    assert family.help == help_text
    assert list(family.points.items()) == [(("_total" if is_open else "", (("b", value),)), 7)]


@given(st.floats())
def test_a_number_is_read_back_as_it_was(value: float) -> None:
    """Every float, those that are none included."""
    shown = float(number(value))

    assert shown == value or (isnan(shown) and isnan(value))


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (3.0, "3"), (0.25, "0.25"), (inf, "+Inf"), (-inf, "-Inf"), (nan, "NaN")],
)
def test_a_number_is_spelled_as_go_reads_it(value: float, shown: str) -> None:
    """Python's own names of what is no number are not Go's."""
    assert number(value) == shown


@pytest.mark.parametrize(
    ("accept", "dialect"),
    [
        ("", Dialect.PROMETHEUS),
        ("*/*", Dialect.PROMETHEUS),
        ("text/plain", Dialect.PROMETHEUS),
        (PROMETHEUS_ASKS, Dialect.OPENMETRICS),
        ("application/openmetrics-text", Dialect.OPENMETRICS),
        ('application/openmetrics-text; version="1.0.0"', Dialect.OPENMETRICS),
        ("application/openmetrics-text; version=2.0.0", Dialect.PROMETHEUS),
        ("application/openmetrics-text; version=1.0.0; q=0", Dialect.PROMETHEUS),
        ("application/openmetrics-text; q=high, ;;;=", Dialect.OPENMETRICS),
    ],
)
def test_who_asks_for_openmetrics_gets_it(accept: str, dialect: Dialect) -> None:
    """And nobody else: curl shows what every tool reads."""
    assert dialect_for(accept) is dialect


def test_a_reading_that_nobody_feeds_is_a_family_without_points() -> None:
    """A process that has no service yet says nothing false."""
    registry = Registry()
    Reading("sessions", "Sessions", registry=registry)

    assert parse(render(registry=registry).decode())["sessions"].points == {}
