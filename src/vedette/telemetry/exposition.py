"""Shows the numbers to a scraper: Prometheus text 0.0.4, or OpenMetrics 1.0 where it is asked for.

It must not know what any number means, nor who asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, unique
from math import inf, isinf, isnan

from vedette.telemetry.registry import REGISTRY, Kind, Labels, Registry, Series

#: The units that names may end in, which OpenMetrics wants named (its section "Units").
UNITS = ("seconds", "bytes")

_HELP_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n"})
_VALUE_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


@unique
class Dialect(Enum):
    """How the numbers are written; the value is the media type."""

    PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def dialect_for(accept: str) -> Dialect:
    """Return what an ``Accept`` field asks for: OpenMetrics 1.0 where it is named.

    Prometheus lists what it can read, the best first, so its presence is the wish. A ``q=0``
    (RFC 9110 section 12.4.2) is a refusal.
    """
    for part in accept.split(","):
        media, *parameters = (word.strip().casefold() for word in part.split(";"))
        given = dict(word.partition("=")[::2] for word in parameters)
        refused = _is_zero(given.get("q", "1"))
        version = given.get("version", "1.0.0").strip('"')
        if media == "application/openmetrics-text" and version == "1.0.0" and not refused:
            return Dialect.OPENMETRICS
    return Dialect.PROMETHEUS


def render(dialect: Dialect = Dialect.PROMETHEUS, registry: Registry = REGISTRY) -> bytes:
    """Return all numbers as they stand, in UTF-8."""
    lines: list[str] = []
    for series in registry:
        lines += _family(series, dialect)
    if dialect is Dialect.OPENMETRICS:
        lines.append("# EOF")
    # What is written is ours but for surrogates, which no UTF-8 has.
    return "\n".join([*lines, ""]).encode("utf-8", "backslashreplace")


def _family(series: Series, dialect: Dialect) -> Iterable[str]:
    name = series.name
    is_open = dialect is Dialect.OPENMETRICS
    family = name.removesuffix("_total") if is_open and series.kind is Kind.COUNTER else name
    escapes = _VALUE_ESCAPES if is_open else _HELP_ESCAPES
    yield f"# HELP {family} {series.help.translate(escapes)}"
    yield f"# TYPE {family} {series.kind.value}"
    if is_open:
        for unit in UNITS:
            if family.endswith(f"_{unit}"):
                yield f"# UNIT {family} {unit}"
    for point in series.points():
        yield f"{name}{point.suffix}{_braced(point.labels)} {number(point.value)}"


def _braced(labels: Labels) -> str:
    if not labels:
        return ""
    pairs = (f'{name}="{value.translate(_VALUE_ESCAPES)}"' for name, value in labels)
    return f"{{{','.join(pairs)}}}"


def number(value: float) -> str:
    """Return a value as Go's ``ParseFloat`` reads it; a whole number without a point."""
    if isnan(value):
        return "NaN"
    if isinf(value):
        return "+Inf" if value == inf else "-Inf"
    # Above 2**53 not every whole number is a float any more, and its digits would be made up.
    return str(int(value)) if value == int(value) and abs(value) < 1 << 53 else repr(float(value))


def _is_zero(quality: str) -> bool:
    try:
        return float(quality) == 0.0
    except ValueError:
        return False
