"""What the state has of guards, in the words of the API: for a command without a URL.

It is read beside a service that runs, whether that serves an API or not.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from vedette import client
from vedette.app.guards.wish import told
from vedette.errors import UsageError
from vedette.imap.names import decode_name
from vedette.model.action import Decision, JournalEntry, Place
from vedette.model.ids import AccountId, ActionId, EventId
from vedette.ports.journal import JournalQuery
from vedette.ports.ratchet import Change
from vedette.ports.state import StateView
from vedette.ports.store import EventQuery

#: Decisions of one account that are looked through: a day of a busy mailbox and more.
MAX_DECISIONS: Final = 10_000
#: Seconds around an event within which it was decided: in the same commit, give or take clocks.
AROUND: Final = 3_600.0


def action(entry: JournalEntry) -> client.Action:
    """Return an entry of the journal."""
    return client.Action(
        id=entry.id,
        tenant=entry.tenant,
        account=entry.account,
        guard=entry.guard,
        version=entry.version,
        action=entry.action,
        kind=entry.kind,
        target=entry.target,
        state=entry.state.value,
        reason=entry.reason,
        origin=_place(entry.origin),
        result=None if entry.result is None else _place(entry.result),
        attempts=entry.attempts,
        at=_moment(entry.at),
        changed_at=_moment(entry.changed),
        expires_at=None if entry.expires is None else _moment(entry.expires),
    )


def change(found: Change) -> client.Change:
    """Return a loosening."""
    return client.Change(
        id=found.id,
        guard=found.loosening.guard,
        account=found.loosening.account,
        what=json.loads(found.loosening.what),
        says=told(found),
        by=found.loosening.by,
        asked_at=_moment(found.asked_at),
        due_at=_moment(found.due),
        left=found.left,
        state=found.state.value,
    )


def explanation(reader: StateView, name: str) -> client.Explanation:
    """Return what guards made of the message of an event or an action. Raises UsageError."""
    account, place, at = _about(reader, name)
    query = JournalQuery(account=account, since=at - AROUND, limit=MAX_DECISIONS)
    entries = [each for each in reader.journal(query) if each.origin == place]
    decisions = [
        each
        for each in reader.decisions(account, None, since=at - AROUND, limit=MAX_DECISIONS)
        if each.origin == place
    ]
    return client.Explanation(
        account=account,
        place=_place(place),
        decisions=tuple(map(_decision, reversed(decisions))),
        actions=tuple(map(action, entries)),
    )


def _decision(found: Decision) -> client.Decision:
    return client.Decision(
        account=found.account,
        guard=found.guard,
        version=found.version,
        origin=_place(found.origin),
        domain=found.domain,
        verdict=found.verdict,
        wanted=found.wanted,
        score=found.score,
        symbols=dict(found.symbols),
        why=found.why,
        acted=found.acted,
        at=_moment(found.at),
    )


def _place(found: Place) -> client.Place:
    return client.Place(
        folder=decode_name(found.folder), uid_validity=found.uid_validity, uid=found.uid
    )


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _about(reader: StateView, name: str) -> tuple[AccountId, Place, float]:
    """Return where the message was, of which an event or an action tells, and when."""
    entries = reader.journal(JournalQuery(action=ActionId(name), limit=1))
    if entries:
        return entries[0].account, entries[0].origin, entries[0].at
    found = reader.events(EventQuery(event=EventId(name), limit=1))
    if not found:
        raise UsageError(f"there is no event and no action {name}")
    data = json.loads(found[0].body)["data"]
    folder, uid = data.get("folder"), data.get("uid")
    if not isinstance(folder, dict) or uid is None:
        raise UsageError(f"the event {name} is about no message")
    path = _wire(reader, found[0].account, str(folder.get("path")))
    place = Place(folder=path, uid_validity=int(data["uidValidity"]), uid=int(uid))
    return found[0].account, place, found[0].time


def _wire(reader: StateView, account: AccountId, name: str) -> bytes:
    """Return a folder's name on the wire: UTF-8 or modified UTF-7, as its server has it."""
    known: Sequence[bytes] = [each.path for each in reader.folders(account)]
    return next((path for path in known if decode_name(path) == name), name.encode())
