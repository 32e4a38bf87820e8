"""Lets old things go: days that are over, what lies in between, events of tenants that keep less.

It knows when what goes; the statements are those of whoever knows the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from vedette.model.ids import TenantId
from vedette.ports.clock import Clock
from vedette.store.postgres import history
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.numbers import day_of
from vedette.store.postgres.partitions import Partitions
from vedette.store.postgres.statements import sql
from vedette.store.postgres.transaction import Transactions

_OF_TENANTS: Final = sql("events_prune_of_tenants")

#: Lanes that one step of a prune looks at: some ten milliseconds. Each instance goes round them all,
#: and there are two or three for each mailbox and endpoint.
LANES: Final = 5_000


class Pruner:
    """One instance's part in it; what others did meanwhile is gone, and harms nothing."""

    __slots__ = ("_clock", "_lane", "_partitions", "_transactions")

    def __init__(self, transactions: Transactions, partitions: Partitions, clock: Clock) -> None:
        self._transactions = transactions
        self._partitions = partitions
        self._clock = clock
        #: Behind which the next look at unused lanes begins.
        self._lane = history.NO_LANE

    async def prune(self, *, events_before: float, seen_before: float, limit: int) -> int:
        """Drop days that are over, and delete identity keys in a bounded step.

        Rows of a dropped day count as the database estimates them.
        """
        now = self._clock.now()
        await self._partitions.make_ahead(day_of(now))
        gone = await self._partitions.sweep(before=events_before, now=now)
        work = partial(
            history.prune,
            events_before=events_before,
            seen_before=seen_before,
            limit=limit,
            now=now,
        )
        rows = await self._transactions.run(work)
        if rows < limit:
            look = partial(history.prune_lanes, after=self._lane, limit=LANES)
            self._lane = await self._transactions.run(look)
        return gone + rows

    async def prune_tenants(self, before: Mapping[TenantId, float], *, limit: int) -> int:
        """Delete settled events of tenants, each those from before an instant, in a bounded step."""
        work = partial(_prune_tenants, before=before, limit=max(limit, 0))
        return await self._transactions.run(work)


async def _prune_tenants(
    connection: Connection, before: Mapping[TenantId, float], limit: int
) -> int:
    gone: int = await connection.fetchval(_OF_TENANTS, list(before), list(before.values()), limit)
    return gone
