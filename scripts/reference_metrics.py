"""What the reference of the numbers takes from their declarations.

Must not know: how a document is laid out.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path

from vedette.telemetry.registry import REGISTRY, Series

SOURCE = Path(__file__).parents[1] / "src"
#: Who declares a number imports one of these.
KINDS = ("vedette.telemetry.counters import", "vedette.telemetry import counters")
HISTOGRAM = "vedette.telemetry.histogram import"


def declared() -> list[Series]:
    """Return every series that any module declares, by name."""
    for path in sorted(SOURCE.glob("vedette/**/*.py")):
        text = path.read_text(encoding="utf-8")
        if any(words in text for words in (*KINDS, HISTOGRAM)):
            importlib.import_module(".".join(path.relative_to(SOURCE).with_suffix("").parts))
    return sorted(REGISTRY, key=lambda series: series.name)


def rows() -> Sequence[Sequence[str]]:
    """Return each series: its name, its type, its labels with their values, its meaning."""
    return [
        (
            f"`{series.name}`",
            series.kind.value,
            "; ".join(f"`{label}`: {', '.join(values)}" for label, values in series.labels.items()),
            series.help,
        )
        for series in declared()
    ]
