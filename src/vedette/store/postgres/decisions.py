"""Write what guards decided, count it, list it, and let the old ones go.

It knows rows and nothing of transactions: each call is within that of its caller.
"""

from __future__ import annotations

from collections.abc import Sequence

from vedette.model.action import Decision
from vedette.model.ids import AccountId
from vedette.ports.journal import Spot, Tally
from vedette.store.postgres.bulk import arrays, touched
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.statements import sql
from vedette.store.rows import decision as rows
from vedette.store.rows.spot import top

_INSERT = sql("decisions_insert")
_OF_ACCOUNT = sql("decisions_of_account")
_OF_GUARD = sql("decisions_of_guard")
_OF_ALL = sql("decisions_of_all")
_PURGE = sql("decisions_purge")
_TALLIES_ADD = sql("tallies_add")
_TALLIES_OF_ACCOUNT = sql("tallies_of_account")
_TALLIES_OF_GUARD = sql("tallies_of_guard")
_TALLIES_OF_ALL = sql("tallies_of_all")


async def write(connection: Connection, decisions: Sequence[Decision]) -> None:
    """Insert decisions and count each in the tally of its day."""
    if not decisions:
        return
    counts = rows.counted(decisions)
    await connection.execute(_INSERT, *arrays(map(rows.columns, decisions)))
    await connection.execute(_TALLIES_ADD, *arrays(counts))


async def decisions(
    connection: Connection,
    *,
    account: AccountId | None,
    guard: str | None,
    since: float,
    limit: int,
    until: float | None = None,
    below: Spot | None = None,
) -> list[Decision]:
    """Return decisions, newest first."""
    bounds = (since, *top(until, below), max(limit, 0))
    if account is not None:
        found = await connection.fetch(_OF_ACCOUNT, account, guard, *bounds)
    elif guard is not None:
        found = await connection.fetch(_OF_GUARD, guard, *bounds)
    else:
        found = await connection.fetch(_OF_ALL, *bounds)
    return [rows.decision(row) for row in found]


async def tallies(
    connection: Connection, *, account: AccountId | None, guard: str | None, since: str
) -> list[Tally]:
    """Return the daily counts, the oldest day first."""
    if account is not None:
        found = await connection.fetch(_TALLIES_OF_ACCOUNT, account, guard, since)
    elif guard is not None:
        found = await connection.fetch(_TALLIES_OF_GUARD, guard, since)
    else:
        found = await connection.fetch(_TALLIES_OF_ALL, since)
    return [rows.tally(row) for row in found]


async def purge(connection: Connection, *, before: float, limit: int) -> int:
    """Delete at most ``limit`` decisions, the oldest first."""
    return touched(await connection.execute(_PURGE, before, max(limit, 0)))
