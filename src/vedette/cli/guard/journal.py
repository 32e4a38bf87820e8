"""``vedette guard journal``: what guards did in mailboxes, newest first."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from vedette.cli.stored import NEWEST, USUAL, Newest, Stored
from vedette.errors import UsageError
from vedette.imap.names import decode_name
from vedette.model.action import ActionState, JournalEntry
from vedette.ports.journal import JournalQuery


def journal(
    *,
    newest: Newest = NEWEST,
    guard: str | None = None,
    only: str | None = None,
    stored: Stored = USUAL,
) -> int:
    """Show what guards did: the action, the message's place before and now, and its state.

    Parameters
    ----------
    guard
        Only this guard's.
    only
        Only actions in this state, such as done or undone.
    """
    if only is not None and only not in set(ActionState):
        raise UsageError(f"--only {only}: the states are {', '.join(ActionState)}")
    query = JournalQuery(
        account=newest.owner,
        guard=guard,
        states=() if only is None else (ActionState(only),),
        since=newest.start,
        limit=newest.most,
    )
    with stored.read() as reader:
        found = reader.journal(query)
    for entry in found:
        print(json.dumps(_values(entry), ensure_ascii=False) if stored.as_json else _line(entry))
    return 0


def _values(entry: JournalEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "account": entry.account,
        "guard": entry.guard,
        "action": entry.action,
        "kind": entry.kind,
        "target": entry.target,
        "state": entry.state.value,
        "folder": decode_name(entry.origin.folder),
        "uidValidity": entry.origin.uid_validity,
        "uid": entry.origin.uid,
        "at": _when(entry.at),
        "changed": _when(entry.changed),
        "expires": None if entry.expires is None else _when(entry.expires),
        "reason": entry.reason or None,
    }


def _line(entry: JournalEntry) -> str:
    place = f"{entry.account} {decode_name(entry.origin.folder)} UID {entry.origin.uid}"
    what = f"{entry.guard}: {entry.action} to {entry.target}"
    why = f" ({entry.reason})" if entry.reason else ""
    return f"{_when(entry.at)}  {entry.state.value:9} {place}  {what}{why}  {entry.id}"


def _when(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
