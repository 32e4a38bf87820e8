"""``vedette guard explain``: why guards did what they did with one message."""

from __future__ import annotations

import json
from pathlib import Path

from vedette.cli.view import view
from vedette.errors import UsageError
from vedette.imap.names import decode_name
from vedette.model.action import Decision, Place
from vedette.model.ids import AccountId, ActionId, EventId
from vedette.ports.journal import JournalQuery
from vedette.ports.state import StateView
from vedette.ports.store import EventQuery

#: Decisions of one account that are looked through: a day of a busy mailbox and more.
MAX_DECISIONS = 10_000


def explain(event: str, *, config: Path | None = None, state: Path | None = None) -> int:
    """Tell what each guard decided about a message, with its reasons and what became of it.

    Parameters
    ----------
    event
        The id of an event about the message, or of an action.
    config
        The configuration, for where the state is.
    state
        The state folder itself.
    """
    with view(config, state) as reader:
        account, place, since = _place(reader, event)
        decisions = [
            each
            for each in reader.decisions(account, None, since=since, limit=MAX_DECISIONS)
            if each.origin == place
        ]
        entries = reader.journal(JournalQuery(account=account, since=since, limit=MAX_DECISIONS))
    if not decisions:
        raise UsageError(f"no guard decided about the message of {event}, or it was purged since")
    print(f"{account} {decode_name(place.folder)} UID {place.uid}")
    for decision in reversed(decisions):
        print(_told(decision))
    for entry in entries:
        if entry.origin == place:
            why = f": {entry.reason}" if entry.reason else ""
            print(f"  {entry.action} to {entry.target}: {entry.state.value}{why}  {entry.id}")
    return 0


def _told(decision: Decision) -> str:
    acted = f" [{decision.acted}]" if decision.acted not in {"acted", ""} else ""
    return f"  {decision.guard}@{decision.version[:12]}{acted}: {decision.why}"


def _place(reader: StateView, name: str) -> tuple[AccountId, Place, float]:
    """Return where the message was, of which an event or an action tells."""
    entries = reader.journal(JournalQuery(action=ActionId(name), limit=1))
    if entries:
        return entries[0].account, entries[0].origin, entries[0].at - 1.0
    found = reader.events(EventQuery(event=EventId(name), limit=1))
    if not found:
        raise UsageError(f"there is no event and no action {name}")
    data = json.loads(found[0].body)["data"]
    folder, uid = data.get("folder"), data.get("uid")
    if not isinstance(folder, dict) or uid is None:
        raise UsageError(f"the event {name} is about no message")
    place = Place(
        folder=_wire(reader, found[0].account, str(folder.get("path"))),
        uid_validity=int(data["uidValidity"]),
        uid=int(uid),
    )
    # Decided in the same commit, give or take the clock of the two.
    return found[0].account, place, found[0].time - 3_600.0


def _wire(reader: StateView, account: AccountId, name: str) -> bytes:
    """Return a folder's name on the wire: UTF-8 or modified UTF-7, as its server has it."""
    for state in reader.folders(account):
        if decode_name(state.path) == name:
            return state.path
    return name.encode()
