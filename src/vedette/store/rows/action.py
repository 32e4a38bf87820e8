"""An action of the journal and its row, and what its fate says of the decision behind it.

It knows no driver and no SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from vedette.model.action import ActionState, Decision, JournalEntry, Place
from vedette.model.ids import AccountId, ActionId, TenantId
from vedette.model.returning import Fate
from vedette.store.rows.row import Row
from vedette.store.words import printable

#: Entries about one message, for each of its keys: a message that was acted on a hundred times is
#: no message but somebody's attack.
ABOUT: Final = 100

#: The message that a decision and its actions are about, and the guard.
Judged: TypeAlias = tuple[AccountId, str, Place]


def judged(of: Decision | JournalEntry) -> Judged:
    """Return what a decision or an action is about."""
    return of.account, of.guard, of.origin


def told(decision: Decision, fates: set[Fate] | None) -> Decision:
    """Return the decision as it is to be kept: one of its actions was written, or none was."""
    if fates is None or Fate.WRITTEN in fates:
        return decision
    return replace(decision, acted=Fate.RETURNED if Fate.RETURNED in fates else Fate.REPEATED)


def columns(entry: JournalEntry) -> dict[str, Any]:
    """Return the values of an entry's row, without its keys."""
    return {
        "id": entry.id,
        "tenant": entry.tenant,
        "account": entry.account,
        "guard": entry.guard,
        "version": entry.version,
        "action": entry.action,
        "kind": entry.kind,
        "target": entry.target,
        "seen": entry.seen,
        "listed": entry.listed,
        "message": entry.message,
        "folder": entry.origin.folder,
        "uid_validity": entry.origin.uid_validity,
        "uid": entry.origin.uid,
        **{f"result_{name}": value for name, value in place(entry.result).items()},
        "state": entry.state,
        "attempts": entry.attempts,
        "reason": printable(entry.reason),
        "at": entry.at,
        "changed": entry.changed,
        "expires": entry.expires,
    }


def place(where: Place | None) -> dict[str, bytes | int | None]:
    """Return the values of a place that may not be known."""
    return {
        "folder": None if where is None else where.folder,
        "uid_validity": None if where is None else where.uid_validity,
        "uid": None if where is None else where.uid,
    }


def entry(row: Row, identity: Sequence[bytes]) -> JournalEntry:
    """Return the entry of a row, whose first column is its number."""
    return JournalEntry(
        id=ActionId(row[1]),
        tenant=TenantId(row[2]),
        account=AccountId(row[3]),
        guard=row[4],
        version=row[5],
        action=row[6],
        kind=row[7],
        target=row[8],
        seen=bool(row[9]),
        listed=bool(row[10]),
        message=row[11],
        identity=tuple(identity),
        origin=Place(folder=row[12], uid_validity=row[13], uid=row[14]),
        result=(
            None if row[15] is None else Place(folder=row[15], uid_validity=row[16], uid=row[17])
        ),
        state=ActionState(row[18]),
        attempts=row[19],
        reason=row[20],
        at=row[21],
        changed=row[22],
        expires=row[23],
        seq=row[0],
    )
