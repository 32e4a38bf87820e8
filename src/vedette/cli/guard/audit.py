"""``vedette guard audit``: what people decided about guards, in an unbroken trail."""

from __future__ import annotations

import json as json_module
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from vedette.app.guards.key import kept_key
from vedette.app.guards.seal import is_head, number_of, sealed
from vedette.cli.place import state_of
from vedette.cli.view import view
from vedette.errors import StoreError
from vedette.outbox.envelope import instant
from vedette.ports.audit import AuditEntry
from vedette.ports.state import StateView
from vedette.secret import Secret

#: Entries of one page.
PAGE = 1_000


def audit(
    *,
    verify: Annotated[bool, Parameter(negative=())] = False,
    head: str | None = None,
    config: Path | None = None,
    state: Path | None = None,
    json: bool | None = None,
) -> int:
    """Show every step that was taken about guards: who, when, what; oldest first.

    Parameters
    ----------
    verify
        Only say whether the trail is unbroken, and its head; keep that one elsewhere.
    head
        A head that was kept elsewhere, as the log and a partner's notices have them: say whether
        the trail still has that entry, and all before it, as they were.
    config
        The configuration, for where the state is.
    state
        The state folder itself.
    json
        One JSON line per step; the default where the output is not a terminal.
    """
    folder = state_of(config, state)
    with view(config, state) as reader:
        if verify or head is not None:
            return _verified(reader, kept_key(folder), head)
        as_json = json if json is not None else not sys.stdout.isatty()
        after = 0
        while page := reader.audit_trail(after=after, limit=PAGE):
            for entry in page:
                print(json_module.dumps(_values(entry)) if as_json else _line(entry))
            after = page[-1].seq
    return 0


def _verified(reader: StateView, key: Secret[str] | None, head: str | None) -> int:
    """Say whether the trail is unbroken, and has what a head is of."""
    # What is no head is told of first: it says nothing of the trail.
    number = None if head is None else number_of(head)
    trail = reader.verify_audit()
    if trail.broken_at is not None:
        raise StoreError(
            f"the audit is broken at entry {trail.broken_at}: it was changed, or is missing"
        )
    count = "1 entry" if trail.entries == 1 else f"{trail.entries:,} entries"
    if head is not None and number is not None:
        _check(reader, key, head, number, trail.entries)
    end = "" if key is None else f"; the head is {sealed(trail.entries, trail.head, key)}"
    print(f"{count}, unbroken{end}")
    return 0


def _check(
    reader: StateView, key: Secret[str] | None, head: str, number: int, entries: int
) -> None:
    """Raise StoreError unless a head is of an entry of the trail."""
    if key is None:
        raise StoreError("the key of the guards is not in the state: no head can be looked at")
    if number > entries:
        raise StoreError(
            f"the audit ends at entry {entries} and the head is of entry {number}: the state was "
            "put back, or the audit written over"
        )
    found = reader.audit_trail(after=number - 1, limit=1) if number else []
    if not is_head(head, number, found[0].digest if found else b"", key):
        raise StoreError(
            f"entry {number} is not the one that the head is of: the audit was written over, or "
            "the key of the guards is another"
        )
    print(f"entry {number} and all before it are as they were when the head was told")


def _values(entry: AuditEntry) -> dict[str, object]:
    return {
        "seq": entry.seq,
        "at": instant(entry.at),
        "actor": entry.actor,
        "what": entry.what,
        "detail": json_module.loads(entry.detail),
        "digest": entry.digest.hex(),
    }


def _line(entry: AuditEntry) -> str:
    return f"{entry.seq}  {instant(entry.at)}  {entry.actor}  {entry.what}  {entry.detail}"
