"""``vedette guard audit``: what people decided about guards, in an unbroken trail."""

from __future__ import annotations

import json as json_module
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from vedette.cli.place import state_of
from vedette.errors import StoreError
from vedette.outbox.envelope import instant
from vedette.ports.audit import AuditEntry
from vedette.store.reader import StateReader, read_only

#: Entries of one page.
PAGE = 1_000


def audit(
    *,
    verify: Annotated[bool, Parameter(negative=())] = False,
    config: Path | None = None,
    state: Path | None = None,
    json: bool | None = None,
) -> int:
    """Show every step that was taken about guards: who, when, what; oldest first.

    Parameters
    ----------
    verify
        Only say whether the trail is unbroken, and its last digest; keep that one elsewhere.
    config
        The configuration, for where the state is.
    state
        The state folder itself.
    json
        One JSON line per step; the default where the output is not a terminal.
    """
    with read_only(state_of(config, state)) as reader:
        if verify:
            return _verified(reader)
        as_json = json if json is not None else not sys.stdout.isatty()
        after = 0
        while page := reader.audit_trail(after=after, limit=PAGE):
            for entry in page:
                print(json_module.dumps(_values(entry)) if as_json else _line(entry))
            after = page[-1].seq
    return 0


def _verified(reader: StateReader) -> int:
    trail = reader.verify_audit()
    if trail.broken_at is not None:
        raise StoreError(
            f"the audit is broken at entry {trail.broken_at}: it was changed, or is missing"
        )
    count = "1 entry" if trail.entries == 1 else f"{trail.entries:,} entries"
    print(f"{count}, unbroken; the last digest is {trail.head.hex() or 'none'}")
    return 0


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
