"""``vedette guard changes``: what of protective guards is asked for and waits."""

from __future__ import annotations

import json as json_module
import sys
from pathlib import Path

from vedette.app.guards.wish import aspect_of, told
from vedette.cli.place import state_of
from vedette.outbox.envelope import instant
from vedette.ports.ratchet import Change
from vedette.store.reader import read_only

HOUR = 3_600.0


def changes(
    *, config: Path | None = None, state: Path | None = None, json: bool | None = None
) -> int:
    """Show the loosenings that wait, and when they hold by each of the two clocks.

    Parameters
    ----------
    config
        The configuration, for where the state is.
    state
        The state folder itself.
    json
        One JSON line per change; the default where the output is not a terminal.
    """
    with read_only(state_of(config, state)) as reader:
        found = reader.changes()
    as_json = json if json is not None else not sys.stdout.isatty()
    for change in found:
        print(json_module.dumps(_values(change)) if as_json else _line(change))
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
