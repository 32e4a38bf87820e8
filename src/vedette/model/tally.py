"""What one day of a folder is, held against the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Tally:
    """The numbers of one day, as the server dates its messages.

    ``server`` are those that are there; ``owed`` of them are asked for, and ``missing`` of them
    nobody knew of.
    """

    day: date
    server: int
    owed: int
    missing: int
