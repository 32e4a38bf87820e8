"""What looks at folders found, on SQLite: each method one job for the writer's thread."""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import Final

from vedette.model.ids import AccountId
from vedette.ports.completeness import DayCount, Look
from vedette.store.rows.count import Columns, count_of, last_dropped, rows
from vedette.store.sqlite.statements import sql
from vedette.store.sqlite.writer import Writer

_PUT: Final = sql("day_count_put")
_TRIM: Final = sql("day_counts_trim")
_COUNTS: Final = sql("day_counts")
_PRUNE: Final = sql("day_counts_prune")

#: The names of the columns, as ``rows.count`` has them.
_NAMES: Final = ("account", "path", "day", "folder", "server", "owed", "missing", "checked_at")

#: Seconds that a look may wait for another write that takes it along: nobody waits for it.
PATIENCE: Final = 1.0


class SqliteCounts:
    """``vedette.ports.completeness.Counts``, on the writer of a store."""

    __slots__ = ("_writer",)

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def keep(self, look: Look) -> None:
        """Write what a look found."""
        work = partial(_keep, given=rows(look), look=look)
        # A look that a loss of power undoes is made again.
        await self._writer.run(work, writes=True, lasting=False, patience=PATIENCE)

    async def days(self, account: AccountId) -> list[DayCount]:
        """Return what is known of an account."""
        return await self._writer.run(partial(_days, account=account), writes=False)


def _keep(connection: sqlite3.Connection, given: list[Columns], look: Look) -> None:
    connection.executemany(_PUT, (dict(zip(_NAMES, each, strict=True)) for each in given))
    values = {"account": look.account, "path": look.path, "day": last_dropped(look)}
    connection.execute(_TRIM, values)


def _days(connection: sqlite3.Connection, account: AccountId) -> list[DayCount]:
    found = connection.execute(_COUNTS, {"account": account})
    return [count_of(account, row) for row in found]


def prune(connection: sqlite3.Connection, *, before: float, limit: int) -> int:
    """Delete at most ``limit`` rows that no look has written since ``before``."""
    return connection.execute(_PRUNE, {"before": before, "limit": limit}).rowcount
