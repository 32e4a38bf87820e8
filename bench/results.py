"""The results of a benchmark as a value, and the file they are kept in.

Must not know: how they were measured or are shown.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import sqlite3
import ssl
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results"
#: What the page of the reference is made from; the others are of no lasting interest.
PUBLISHED = FOLDER / "published.json"
LATEST = FOLDER / "latest.json"
SCALE = FOLDER / "scale.json"
PUBLISHED_SCALE = FOLDER / "published-scale.json"

#: What one variant gave: by quantity, one value for each run.
Runs = dict[str, list[float]]


@dataclass(slots=True, kw_only=True)
class Results:
    """Everything about one benchmark. ``missing`` says why a client was left out.

    ``later`` says of figures that were measured by themselves after the others when, at which
    commit, how often and beside what load.
    """

    date: str
    machine: dict[str, str]
    commit: str
    runs: int
    scale: float
    versions: dict[str, str]
    missing: dict[str, str]
    load_before: float
    load_after: float = 0.0
    seconds: float = 0.0
    figures: dict[str, dict[str, Runs]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    later: dict[str, str] = field(default_factory=dict)

    def take(self, newer: Results) -> None:
        """Take the figures of a later run of some in place of our own, and note where from."""
        for name, measured in newer.figures.items():
            self.figures[name] = measured
            self.later[name] = (
                f"{newer.date} at commit `{newer.commit}`, {_times(newer.runs)}; the load average was"
                f" {newer.load_before:.1f} before and {newer.load_after:.1f} after"
            )

    def note(self, figure: str, variant: str, values: dict[str, float]) -> None:
        """Note one run."""
        runs = self.figures.setdefault(figure, {}).setdefault(variant, {})
        for key, value in values.items():
            runs.setdefault(key, []).append(round(value, 6))

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        fresh.replace(path)

    @classmethod
    def read(cls, path: Path) -> Results:
        """Read a file that ``write`` wrote."""
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return cls(**found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The median of some runs, and the least and most of them."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return the spread of one value or more."""
        return cls(median=statistics.median(values), least=min(values), most=max(values))


def begin(*, runs: int, scale: float, versions: dict[str, str], missing: dict[str, str]) -> Results:
    """Return results without figures, of now and here."""
    return Results(
        date=dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        machine=_machine(),
        commit=_commit(),
        runs=runs,
        scale=scale,
        versions=versions,
        missing=missing,
        load_before=os.getloadavg()[0],
    )


def _machine() -> dict[str, str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GiB",
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", platform.system()),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "openssl": ssl.OPENSSL_VERSION,
        "sqlite": sqlite3.sqlite_version,
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _commit() -> str:
    asked = ["git", "rev-parse", "--short", "HEAD"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def _times(runs: int) -> str:
    return "once" if runs == 1 else f"{runs} times"
