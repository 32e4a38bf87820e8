"""A guard's decision and its row, and the daily count of decisions.

It knows no driver and no SQL.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from vedette.model.action import Decision, Place
from vedette.model.ids import AccountId, TenantId
from vedette.ports.journal import Tally
from vedette.store.rows.row import Row
from vedette.store.words import printable

#: Seconds; counts are of days in UTC.
_DAY: Final = 86_400

#: The ordinal of 1970-01-01, the day 0 of our instants.
_EPOCH: Final = date(1970, 1, 1).toordinal()


def columns(decision: Decision) -> dict[str, Any]:
    """Return the values of a decision's row."""
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


def decision(row: Row) -> Decision:
    """Return the decision of a row, whose first column is its number."""
    return Decision(
        tenant=TenantId(row[1]),
        account=AccountId(row[2]),
        guard=row[3],
        version=row[4],
        origin=Place(folder=row[5], uid_validity=row[6], uid=row[7]),
        message=row[8],
        domain=row[9],
        verdict=row[10],
        wanted=row[11],
        score=row[12],
        symbols=tuple((name, float(score)) for name, score in json.loads(row[13])),
        why=row[14],
        acted=row[15],
        at=row[16],
        seq=row[0],
    )


def counted(decisions: Iterable[Decision]) -> list[dict[str, Any]]:
    """Return by how much each tally grows, in the order of their keys.

    Raises ValueError or OverflowError for an instant that is on no day of the calendar.
    """
    counts = Counter(
        (each.account, each.guard, _day(each.at), each.verdict, each.acted) for each in decisions
    )
    return [
        {
            "account": account,
            "guard": guard,
            "day": day,
            "verdict": verdict,
            "acted": acted,
            "count": counts[account, guard, day, verdict, acted],
        }
        for account, guard, day, verdict, acted in sorted(counts)
    ]


def _day(at: float) -> str:
    """Return the day of an instant (UTC, ISO date)."""
    return date.fromordinal(_EPOCH + int(at // _DAY)).isoformat()


def tally(row: Row) -> Tally:
    """Return the tally of a row."""
    return Tally(
        account=AccountId(row[0]),
        guard=row[1],
        day=row[2],
        verdict=row[3],
        acted=row[4],
        count=row[5],
    )
