"""``vedette guard changes``: what of protective guards is asked for and waits."""

from __future__ import annotations

import json

from vedette.app.guards.wish import aspect_of, told
from vedette.cli.stored import USUAL, Stored
from vedette.outbox.envelope import instant
from vedette.ports.ratchet import Change

HOUR = 3_600.0


def changes(*, stored: Stored = USUAL) -> int:
    """Show the loosenings that wait, and when they hold by each of the two clocks."""
    with stored.read() as reader:
        found = reader.changes()
    for change in found:
        print(json.dumps(_values(change)) if stored.as_json else _line(change))
    return 0


def _values(change: Change) -> dict[str, object]:
    return {
        "id": change.id,
        "guard": change.loosening.guard,
        "account": change.loosening.account,
        "change": aspect_of(change).value,
        "says": told(change),
        "state": change.state.value,
        "by": change.loosening.by,
        "askedAt": instant(change.asked_at),
        "due": instant(change.due),
        "secondsToRun": round(change.left),
    }


def _line(change: Change) -> str:
    return (
        f"{change.id}  {change.loosening.guard}  {told(change)}  ({change.state.value}) "
        f"not before {instant(change.due)}, and {change.left / HOUR:.1f} h of running"
    )
