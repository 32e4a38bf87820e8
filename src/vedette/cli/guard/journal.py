"""``vedette guard journal``: what guards did in mailboxes, newest first."""

from __future__ import annotations

import json as json_module
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vedette.cli.events import query_of
from vedette.cli.place import state_of
from vedette.errors import UsageError
from vedette.imap.names import decode_name
from vedette.model.action import ActionState, JournalEntry
from vedette.ports.journal import JournalQuery
from vedette.store.reader import read_only


def journal(
    *,
    config: Path | None = None,
    state: Path | None = None,
    account: str | None = None,
    guard: str | None = None,
    only: str | None = None,
    since: str | None = None,
    limit: int = 50,
    json: bool | None = None,
) -> int:
    """Show what guards did: the action, the message's place before and now, and its state.

    Parameters
    ----------
    config
        The configuration, for where the state is.
    state
        The state folder itself.
    account
        Only this account's.
    guard
        Only this guard's.
    only
        Only actions in this state, such as done or undone.
    since
        Only from this instant on, such as 2026-11-01 or 2026-11-01T12:00:00Z.
    limit
        The newest so many.
    json
        One JSON line per action; the default where the output is not a terminal.
    """
    if only is not None and only not in set(ActionState):
        raise UsageError(f"--only {only}: the states are {', '.join(ActionState)}")
    spanned = query_of(account=account, types=(), since=since, until=None, event=None, limit=limit)
    query = JournalQuery(
        account=spanned.account,
        guard=guard,
        states=() if only is None else (ActionState(only),),
        since=spanned.start,
        limit=limit,
    )
    with read_only(state_of(config, state)) as reader:
        found = reader.journal(query)
    as_json = json if json is not None else not sys.stdout.isatty()
    for entry in found:
        print(json_module.dumps(_values(entry), ensure_ascii=False) if as_json else _line(entry))
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
