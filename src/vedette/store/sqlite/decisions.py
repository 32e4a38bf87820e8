"""Write what guards decided, count it, list it, and let the old ones go.

It knows rows and nothing of transactions: the writer puts each call into its own.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from vedette.model.action import Decision, Place
from vedette.model.ids import AccountId, TenantId
from vedette.ports.journal import Tally
from vedette.store.sqlite.statements import sql
from vedette.store.words import printable

_PUT = sql("decision_put")
_OF_ACCOUNT = sql("decisions_of_account")
_OF_GUARD = sql("decisions_of_guard")
_OF_ALL = sql("decisions_of_all")
_PURGE = sql("decisions_purge")
_TALLY_ADD = sql("tally_add")
_TALLIES_OF_ACCOUNT = sql("tallies_of_account")
_TALLIES_OF_GUARD = sql("tallies_of_guard")
_TALLIES_OF_ALL = sql("tallies_of_all")

#: Seconds; counts are of days in UTC.
DAY: Final = 86_400


def write(connection: sqlite3.Connection, decisions: Iterable[Decision]) -> None:
    """Insert decisions and count each in the tally of its day."""
    counts: Counter[tuple[AccountId, str, int, str, str]] = Counter()
    rows = []
    for each in decisions:
        rows.append(_columns(each))
        counts[each.account, each.guard, int(each.at // DAY), each.verdict, each.acted] += 1
    connection.executemany(_PUT, rows)
    connection.executemany(
        _TALLY_ADD,
        (
            {
                "account": account,
                "guard": guard,
                "day": day,
                "verdict": verdict,
                "acted": acted,
                "count": count,
            }
            for (account, guard, day, verdict, acted), count in counts.items()
        ),
    )


def _columns(decision: Decision) -> dict[str, Any]:
    return {
        "tenant": decision.tenant,
        "account": decision.account,
        "guard": decision.guard,
        "version": decision.version,
        "folder": decision.origin.folder,
        "uid_validity": decision.origin.uid_validity,
        "uid": decision.origin.uid,
        "message": decision.message,
        "domain": printable(decision.domain),
        "verdict": decision.verdict,
        "wanted": decision.wanted,
        "score": decision.score,
        "symbols": json.dumps(decision.symbols, separators=(",", ":")),
        "why": printable(decision.why),
        "acted": decision.acted,
        "at": decision.at,
    }


def decisions(
    connection: sqlite3.Connection,
    *,
    account: AccountId | None,
    guard: str | None,
    since: float,
    limit: int,
) -> list[Decision]:
    """Return decisions, newest first."""
    statement = _OF_ALL if guard is None else _OF_GUARD
    if account is not None:
        statement = _OF_ACCOUNT
    values = {"account": account, "guard": guard, "since": since, "limit": max(limit, 0)}
    return [_decision(row) for row in connection.execute(statement, values)]


def _decision(row: tuple[Any, ...]) -> Decision:
    return Decision(
        tenant=TenantId(row[0]),
        account=AccountId(row[1]),
        guard=row[2],
        version=row[3],
        origin=Place(folder=row[4], uid_validity=row[5], uid=row[6]),
        message=row[7],
        domain=row[8],
        verdict=row[9],
        wanted=row[10],
        score=row[11],
        symbols=tuple((name, float(score)) for name, score in json.loads(row[12])),
        why=row[13],
        acted=row[14],
        at=row[15],
    )


def tallies(
    connection: sqlite3.Connection, *, account: AccountId | None, guard: str | None, since: str
) -> list[Tally]:
    """Return the daily counts, the oldest day first."""
    statement = _TALLIES_OF_ALL if guard is None else _TALLIES_OF_GUARD
    if account is not None:
        statement = _TALLIES_OF_ACCOUNT
    values = {"account": account, "guard": guard, "since": since}
    return [
        Tally(
            account=AccountId(row[0]),
            guard=row[1],
            day=row[2],
            verdict=row[3],
            acted=row[4],
            count=row[5],
        )
        for row in connection.execute(statement, values)
    ]


def purge(connection: sqlite3.Connection, *, before: float, limit: int) -> int:
    """Delete at most ``limit`` decisions, the oldest first."""
    return connection.execute(_PURGE, {"before": before, "limit": max(limit, 0)}).rowcount
