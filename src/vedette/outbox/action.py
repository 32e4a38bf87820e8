"""Events about what guards decide and do: no subject, no text, no address of the message.

Their ids are functions of the decision or of the action, so that a crash tells nothing twice.
"""

from __future__ import annotations

from typing import Any

from vedette.imap.names import decode_name
from vedette.model.account import Account
from vedette.model.action import Decision, JournalEntry, Place
from vedette.model.event import Event, EventType
from vedette.model.ids import message_event_id, occurrence_event_id
from vedette.outbox.envelope import instant

Json = dict[str, Any]


def decided(account: Account, decision: Decision) -> Event:
    """Return ``guard.decided``: a guard would do, or does, something with a message."""
    kind = EventType.GUARD_DECIDED
    origin = decision.origin
    occurrence = f"{kind}/{decision.guard}/{decision.version}"
    return Event(
        id=message_event_id(
            account.id, origin.folder, origin.uid_validity, origin.uid or 0, occurrence
        ),
        type=kind,
        tenant=account.tenant,
        account=account.id,
        time=decision.at,
        subject=_subject(origin),
        lane=origin.folder,
        data={
            "account": {"id": account.id, "email": account.email},
            "guard": {"name": decision.guard, "version": decision.version},
            "message": _place(origin),
            "verdict": decision.verdict,
            "wanted": decision.wanted,
            "score": round(decision.score, 3),
            "symbols": [
                {"name": name, "score": round(score, 3)} for name, score in decision.symbols
            ],
            "explanation": decision.why,
            "acted": decision.acted,
            "decidedAt": instant(decision.at),
        },
    )


def tripped(account: Account, guard: str, version: str, reason: str, now: float) -> Event:
    """Return ``guard.tripped``: a breaker fell, and the guard only marks from here on."""
    kind = EventType.GUARD_TRIPPED
    return Event(
        id=occurrence_event_id(account.id, kind, f"{guard}/{version}/{now:.6f}"),
        type=kind,
        tenant=account.tenant,
        account=account.id,
        time=now,
        subject=None,
        lane=b"",
        data={
            "account": {"id": account.id, "email": account.email},
            "guard": {"name": guard, "version": version},
            "reason": reason,
            "since": instant(now),
        },
    )


def applied(account: Account, entry: JournalEntry, result: Place | None, now: float) -> Event:
    """Return ``action.applied``: it is done, and the server's words or a search prove it."""
    data = {"result": None if result is None else _place(result), "doneAt": instant(now)}
    return _about(account, entry, EventType.ACTION_APPLIED, now, data)


def failed(account: Account, entry: JournalEntry, reason: str, now: float) -> Event:
    """Return ``action.failed``: it was given up, and the message is where it was."""
    data = {"reason": reason, "failedAt": instant(now)}
    return _about(account, entry, EventType.ACTION_FAILED, now, data)


def undone(account: Account, entry: JournalEntry, by: str, result: Place, now: float) -> Event:
    """Return ``action.undone``: the message is back; ``by`` is ``vedette`` or ``user``."""
    data = {"by": by, "result": _place(result), "reason": entry.reason, "undoneAt": instant(now)}
    return _about(account, entry, EventType.ACTION_UNDONE, now, data)


def _about(account: Account, entry: JournalEntry, kind: EventType, now: float, data: Json) -> Event:
    return Event(
        id=occurrence_event_id(account.id, kind, entry.id),
        type=kind,
        tenant=account.tenant,
        account=account.id,
        time=now,
        subject=_subject(entry.origin),
        lane=entry.origin.folder,
        data={
            "account": {"id": account.id, "email": account.email},
            "action": {
                "id": entry.id,
                "name": entry.action,
                "kind": entry.kind,
                "target": entry.target,
            },
            "guard": {"name": entry.guard, "version": entry.version},
            "message": _place(entry.origin),
            **data,
        },
    )


def _place(place: Place) -> Json:
    return {
        "folder": _name(place.folder),
        "uidValidity": place.uid_validity,
        "uid": place.uid,
    }


def _subject(place: Place) -> str:
    return f"{_name(place.folder)};UIDVALIDITY={place.uid_validity}/;UID={place.uid or 0}"


def _name(folder: bytes) -> str:
    return "INBOX" if folder == b"INBOX" else decode_name(folder)
