"""Write what guards decided, count it, list it, and let the old ones go.

It knows rows and nothing of transactions: the writer puts each call into its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from vedette.model.action import Decision
from vedette.model.ids import AccountId
from vedette.ports.journal import Spot, Tally
from vedette.store.rows import decision as rows
from vedette.store.rows.spot import top
from vedette.store.sqlite.statements import sql

_PUT = sql("decision_put")
_OF_ACCOUNT = sql("decisions_of_account")
_OF_GUARD = sql("decisions_of_guard")
_OF_ALL = sql("decisions_of_all")
_PURGE = sql("decisions_purge")
_TALLY_ADD = sql("tally_add")
_TALLIES_OF_ACCOUNT = sql("tallies_of_account")
_TALLIES_OF_GUARD = sql("tallies_of_guard")
_TALLIES_OF_ALL = sql("tallies_of_all")


def write(connection: sqlite3.Connection, decisions: Sequence[Decision]) -> None:
    """Insert decisions and count each in the tally of its day."""
    counts = rows.counted(decisions)
    connection.executemany(_PUT, map(rows.columns, decisions))
    connection.executemany(_TALLY_ADD, counts)


def decisions(
    connection: sqlite3.Connection,
    *,
    account: AccountId | None,
    guard: str | None,
    since: float,
    limit: int,
    until: float | None = None,
    below: Spot | None = None,
) -> list[Decision]:
    """Return decisions, newest first."""
    statement = _OF_ALL if guard is None else _OF_GUARD
    if account is not None:
        statement = _OF_ACCOUNT
    end, end_seq = top(until, below)
    values = {
        "account": account,
        "guard": guard,
        "since": since,
        "top": end,
        "top_seq": end_seq,
        "limit": max(limit, 0),
    }
    return [rows.decision(row) for row in connection.execute(statement, values)]


def tallies(
    connection: sqlite3.Connection, *, account: AccountId | None, guard: str | None, since: str
) -> list[Tally]:
    """Return the daily counts, the oldest day first."""
    statement = _TALLIES_OF_ALL if guard is None else _TALLIES_OF_GUARD
    if account is not None:
        statement = _TALLIES_OF_ACCOUNT
    values = {"account": account, "guard": guard, "since": since}
    return [rows.tally(row) for row in connection.execute(statement, values)]


def purge(connection: sqlite3.Connection, *, before: float, limit: int) -> int:
    """Delete at most ``limit`` decisions, the oldest first."""
    return connection.execute(_PURGE, {"before": before, "limit": max(limit, 0)}).rowcount
