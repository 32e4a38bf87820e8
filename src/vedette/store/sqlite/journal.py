"""Write what guards do with mail, so that it is done once and can be taken back.

``write`` is the half of a commit that belongs to guards. It decides which actions are new: a
message on which the same guard acted before came back, and is left alone (``ports.journal``
says when). It knows rows and nothing of transactions: the writer puts each call into its own.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from math import inf
from typing import Any

from vedette.model.action import ActionState, Decision, JournalEntry, Place, follows
from vedette.model.ids import AccountId, ActionId
from vedette.model.returning import Fate, fate
from vedette.ports.journal import JournalQuery
from vedette.ports.store import Fence, Verdict
from vedette.store.rows import action as rows
from vedette.store.rows.spot import top
from vedette.store.sqlite import decisions as decided
from vedette.store.sqlite.postings import is_fenced
from vedette.store.sqlite.statements import sql
from vedette.store.words import printable

_INSERT = sql("action_insert")
_KEY_PUT = sql("action_key_put")
_RETURNED = sql("action_returned")
_STATE = sql("action_state")
_MOVE_ON = sql("action_move_on")
_ATTEMPTED = sql("action_attempted")
_PENDING = sql("actions_pending")
_PENDING_IN = sql("actions_pending_in")
_EXPIRED = sql("actions_expired")
_ABOUT = sql("actions_about")
_IDENTITY = sql("action_identity")
_BY_ID = sql("journal_by_id")
_OF_ACCOUNT = sql("journal_of_account")
_OF_TENANT = sql("journal_of_tenant")
_OF_GUARD = sql("journal_of_guard")
_OF_ALL = sql("journal_of_all")
_PURGE = sql("journal_purge")


def intend(
    connection: sqlite3.Connection,
    fence: Fence,
    decisions: Sequence[Decision],
    actions: Sequence[JournalEntry],
) -> Verdict:
    """Write decisions and actions that move no cursor."""
    if is_fenced(connection, fence):
        return Verdict.FENCED
    write(connection, decisions, actions)
    return Verdict.DONE


def write(
    connection: sqlite3.Connection, decisions: Iterable[Decision], actions: Iterable[JournalEntry]
) -> None:
    """Insert the actions that are new, and every decision with what became of it."""
    fates: dict[rows.Judged, set[Fate]] = {}
    for entry in actions:
        fates.setdefault(rows.judged(entry), set()).add(_insert(connection, entry))
    decided.write(connection, [rows.told(each, fates.get(rows.judged(each))) for each in decisions])


def _insert(connection: sqlite3.Connection, entry: JournalEntry) -> Fate:
    """Write an entry unless its message was acted on before; say what became of it."""
    becomes, returned = fate(entry, acted_on(connection, entry.account, entry.identity))
    if returned is not None:
        connection.execute(_RETURNED, {"id": returned.id, "now": entry.at})
    if becomes is not Fate.WRITTEN:
        return becomes
    row = connection.execute(_INSERT, rows.columns(entry)).fetchone()
    if row is None:
        # Known by its id alone: a message without identity keys.
        return Fate.REPEATED
    connection.executemany(
        _KEY_PUT,
        (
            {"account": entry.account, "key": key, "action": row[0], "rank": rank}
            for rank, key in enumerate(entry.identity)
        ),
    )
    return Fate.WRITTEN


def record(
    connection: sqlite3.Connection,
    action: ActionId,
    state: ActionState,
    *,
    now: float,
    result: Place | None,
    reason: str,
    fence: Fence | None = None,
) -> bool:
    """Move an entry on, if the state may follow and the fence holds."""
    if fence is not None and is_fenced(connection, fence):
        return False
    row = connection.execute(_STATE, {"id": action}).fetchone()
    if row is None or not follows(state, ActionState(row[0])):
        return False
    connection.execute(
        _MOVE_ON,
        {
            "id": action,
            "state": state,
            "now": now,
            "reason": printable(reason),
            "placed": result is not None,
            **rows.place(result),
        },
    )
    return True


def attempted(
    connection: sqlite3.Connection,
    action: ActionId,
    *,
    now: float,
    reason: str,
    fence: Fence | None = None,
) -> int:
    """Count one attempt that came to nothing."""
    if fence is not None and is_fenced(connection, fence):
        return 0
    values = {"id": action, "now": now, "reason": printable(reason)}
    row = connection.execute(_ATTEMPTED, values).fetchone()
    return 0 if row is None else int(row[0])


def pending(
    connection: sqlite3.Connection, account: AccountId, folder: bytes | None
) -> list[JournalEntry]:
    """Return what is to be carried out, oldest first."""
    statement = _PENDING if folder is None else _PENDING_IN
    rows = connection.execute(statement, {"account": account, "place": folder}).fetchall()
    return [_entry(connection, row) for row in rows]


def expired(
    connection: sqlite3.Connection, account: AccountId, *, now: float, limit: int
) -> list[JournalEntry]:
    """Return entries whose time in quarantine is over, oldest first."""
    values = {"account": account, "now": now, "limit": max(limit, 0)}
    return [_entry(connection, row) for row in connection.execute(_EXPIRED, values).fetchall()]


def journal(connection: sqlite3.Connection, query: JournalQuery) -> list[JournalEntry]:
    """Return entries, newest first."""
    if query.action is not None:
        statement = _BY_ID
    elif query.account is not None:
        statement = _OF_ACCOUNT
    elif query.tenant is not None:
        statement = _OF_TENANT
    elif query.guard is not None:
        statement = _OF_GUARD
    else:
        statement = _OF_ALL
    end, end_seq = top(query.until, query.below)
    values = {
        "id": query.action,
        "account": query.account,
        "tenant": query.tenant,
        "guard": query.guard,
        "since": -inf if query.since is None else query.since,
        "top": end,
        "top_seq": end_seq,
        "every_state": not query.states,
        "states": json.dumps(query.states),
        "limit": max(query.limit, 0),
    }
    return [_entry(connection, row) for row in connection.execute(statement, values).fetchall()]


def acted_on(
    connection: sqlite3.Connection, account: AccountId, identity: Sequence[bytes]
) -> list[JournalEntry]:
    """Return entries about the message with one of these keys, newest first."""
    found: dict[int, tuple[Any, ...]] = {}
    for key in identity:
        values = {"account": account, "key": key, "limit": rows.ABOUT}
        found.update((row[0], row) for row in connection.execute(_ABOUT, values))
    return [_entry(connection, found[seq]) for seq in sorted(found, reverse=True)]


def _entry(connection: sqlite3.Connection, row: tuple[Any, ...]) -> JournalEntry:
    keys = connection.execute(_IDENTITY, {"seq": row[0]}).fetchall()
    return rows.entry(row, [key for (key,) in keys])


def purge(connection: sqlite3.Connection, *, before: float, limit: int) -> int:
    """Forget at most ``limit`` entries that are over, the oldest first, with their keys."""
    return connection.execute(_PURGE, {"before": before, "limit": max(limit, 0)}).rowcount
