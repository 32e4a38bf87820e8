"""The partitions of events, payloads and deliveries: one of each for a day.

They are made ahead, so that no commit waits for one, and dropped whole when their day is over and
old: deleted rows would have to be swept up behind the mail. What is not settled by then is moved
to the present day before, in the same transaction. It knows tables and days, and nothing of what
an event is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import Final

import asyncpg

from vedette.store.postgres import numbers
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.faults import translate
from vedette.store.postgres.statements import sql
from vedette.store.postgres.transaction import Transactions

#: The tables that are cut by day, each with the column that is its number.
TABLES: Final = {"event": "seq", "payload": "event", "delivery": "id"}

#: Days that are made ahead: an instance that nobody restarts and whose housekeeping fails for a
#: week still has where to put its mail, and makes what is missing by itself.
AHEAD: Final = 7

#: "VDTP" in ASCII: what those wait for who make or drop partitions (an advisory lock's number).
LOCK: Final = 0x56445450

#: Making one waits for no reader and no writer, only for another change of the shape. Dropping
#: one stops everybody for a moment, so it gives up before the moment is felt, and tries again.
_MAKE: Final = "SET LOCAL lock_timeout = '10s'"
_DROP: Final = "SET LOCAL lock_timeout = '500ms'"
TRIES: Final = 5
PAUSE: Final = 0.5

_THERE: Final = sql("partitions")
_ROWS: Final = sql("partition_rows")
_IN_FLIGHT: Final = sql("partition_in_flight")
_MOVED: Final = sql("partition_moved")
_MOVE_EVENTS: Final = sql("partition_move_events")
_MOVE_PAYLOADS: Final = sql("partition_move_payloads")
_MOVE_REFERENCES: Final = sql("partition_move_references")
_MOVE_DELIVERIES: Final = sql("partition_move_deliveries")


class Partitions:
    """Which days there are, as far as this instance knows: ``make``, ``sweep``."""

    __slots__ = ("_known", "_transactions")

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        self._known: set[int] = set()

    async def make_ahead(self, today: int) -> None:
        """Make what is missing from ``today`` on. Raises StoreError."""
        await self.make(range(today, today + AHEAD + 1), today=today)

    async def make(self, days: Iterable[int], *, today: int) -> None:
        """Make the partitions of these days, if they are missing. Raises StoreError."""
        # Of a day before yesterday another instance may have dropped the partition since.
        missing = sorted({day for day in days if day not in self._known or day < today - 1})
        if missing:
            await self._transactions.run(partial(_make, days=missing))
            self._known.update(missing)

    async def sweep(self, *, before: float, now: float) -> int:
        """Drop the days that lie wholly before ``before``; return rows gone. The present one stays.

        A day with a delivery in flight is left for the next time, and so are all while somebody
        reads on and on. The number of rows is the database's own estimate. Raises StoreError.
        """
        there, today = await self._transactions.ask(_days), numbers.day_of(now)
        over = [day for day in sorted(there) if day < today and (day + 1) * numbers.DAY <= before]
        if not over:
            return 0
        # What is not settled is moved there.
        await self.make([today], today=today)
        gone = 0
        for day in over:
            for _ in range(TRIES):
                with suppress(asyncpg.LockNotAvailableError):
                    gone += await self._drop(day, now)
                    break
                await asyncio.sleep(PAUSE)
            else:
                break
        return gone

    async def _drop(self, day: int, now: float) -> int:
        try:
            rows = await self._transactions.attempt(partial(_drop, day=day, now=now))
        except asyncpg.LockNotAvailableError:
            raise
        except Exception as error:
            raise translate(error, self._transactions.where) from error
        self._known.discard(day)
        return rows


async def _days(connection: Connection) -> set[int]:
    return {
        numbers.named(row[0].removeprefix("event_"))
        for row in await connection.fetch(_THERE, "event")
    }


async def _make(connection: Connection, days: list[int]) -> None:
    await connection.execute(_MAKE)
    await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
    there = await _days(connection)
    for day in days:
        if day in there:
            continue
        for table in TABLES:
            # ATTACH, unlike CREATE … PARTITION OF, lets everybody read and write meanwhile.
            child = f"{table}_{numbers.name(day)}"
            await connection.execute(
                f"CREATE TABLE {child} (LIKE {table} INCLUDING ALL); "
                f"ALTER TABLE {table} ATTACH PARTITION {child} "
                f"FOR VALUES FROM ({numbers.first(day)}) TO ({numbers.first(day + 1)})"
            )


async def _drop(connection: Connection, *, day: int, now: float) -> int:
    await connection.execute(_DROP)
    await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
    if day not in await _days(connection):
        # Another instance was quicker.
        return 0
    await connection.execute(f"LOCK TABLE {', '.join(TABLES)} IN ACCESS EXCLUSIVE MODE")
    within = (numbers.first(day), numbers.first(day + 1))
    if await connection.fetchval(_IN_FLIGHT, *within, now):
        return 0
    children = [f"{table}_{numbers.name(day)}" for table in TABLES]
    rows: int = await connection.fetchval(_ROWS, children)
    today = numbers.first(numbers.day_of(now))
    await connection.execute(_MOVED)
    await connection.execute(_MOVE_EVENTS, *within, today)
    await connection.execute(_MOVE_PAYLOADS, *within)
    await connection.execute(_MOVE_REFERENCES, *within)
    await connection.execute(_MOVE_DELIVERIES, *within, today)
    await connection.execute(f"DROP TABLE {', '.join(children)}")
    return rows
