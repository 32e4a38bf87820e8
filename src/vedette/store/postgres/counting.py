"""What looks at folders found, on Postgres: each method one transaction."""

from __future__ import annotations

from functools import partial
from typing import Final

from vedette.model.ids import AccountId
from vedette.ports.completeness import DayCount, Look
from vedette.store.postgres.bulk import touched
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.statements import sql
from vedette.store.postgres.transaction import Transactions
from vedette.store.rows.count import Columns, count_of, last_dropped, rows

_PUT: Final = sql("day_count_put")
_TRIM: Final = sql("day_counts_trim")
_COUNTS: Final = sql("day_counts")
_PRUNE: Final = sql("day_counts_prune")


class PostgresCounts:
    """``vedette.ports.completeness.Counts``, over the connections of a store."""

    __slots__ = ("_transactions",)

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def keep(self, look: Look) -> None:
        """Write what a look found."""
        work = partial(_keep, given=rows(look), look=look)
        # A look that a crash of the database undoes is made again.
        await self._transactions.run(work, lasting=False)

    async def days(self, account: AccountId) -> list[DayCount]:
        """Return what is known of an account."""
        return await self._transactions.ask(partial(_days, account=account))


async def _keep(connection: Connection, given: list[Columns], look: Look) -> None:
    await connection.executemany(_PUT, given)
    await connection.execute(_TRIM, look.account, look.path, last_dropped(look))


async def _days(connection: Connection, account: AccountId) -> list[DayCount]:
    return [count_of(account, row) for row in await connection.fetch(_COUNTS, account)]


async def prune(connection: Connection, *, before: float, limit: int) -> int:
    """Delete at most ``limit`` rows that no look has written since ``before``."""
    return touched(await connection.execute(_PRUNE, before, limit))
