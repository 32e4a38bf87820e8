"""What servers do beyond the grammar, and how this core bears it. Data, no behaviour.

A quirk has a name, a server, evidence, a date and a test; the behaviour it needs lives where
the grammar is. It must not know connections. The list is checked against the tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirk:
    """One deviation. ``test`` is the name of the test that shows it is borne."""

    name: str
    server: str
    evidence: str
    noted: date
    test: str


_NOTED = date(2026, 11, 20)

QUIRKS: tuple[Quirk, ...] = ()
