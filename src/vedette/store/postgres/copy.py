"""Take an installation from SQLite to Postgres: all of it, in one transaction, and proved in it.

The state folder is locked and only read. The database has to be empty; it takes in one table after
the other, page by page, and before the transaction ends both sides are counted, table by table.
What differs, or dies on the way, leaves the database as empty as it was. A copy whose end nobody
saw is found to be done by whoever tries again.

It knows the tables of neither, and no SQL.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vedette.errors import StoreError, StoreUnwritableError
from vedette.ports.audit import Trail
from vedette.secret import Secret
from vedette.store.postgres import intake, numbers, schema
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.partitions import Partitions
from vedette.store.postgres.transaction import Transactions
from vedette.store.sqlite.contents import TABLES, Contents

#: Days whose partitions are made in one transaction: each of them locks some twenty relations, and
#: a database holds some thousands of locks.
DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was found on either side, and was the same.

    ``rows`` are the rows of each table, ``octets`` those of all bodies, ``audit`` the head of the
    trail. ``was_done`` says that an earlier copy had brought it there already.
    """

    rows: dict[str, int]
    octets: int
    audit: Trail
    was_done: bool


async def copy(
    folder: Path,
    url: Secret[str],
    *,
    now: float,
    tell: Callable[[str, int], None] = lambda _table, _rows: None,
) -> Proof:
    """Copy the state in ``folder`` to the database at ``url``; ``tell`` is told of each table.

    Raises StoreUnwritableError where the folder is in use or the database is not empty, and
    StoreError where either fails or what arrived is not what was sent.
    """
    with Contents(folder) as contents:
        transactions = Transactions(url)
        await transactions.start()
        try:
            await transactions.ask(schema.migrate)
            days = sorted({numbers.day_of(instant) for instant in contents.instants()})
            partitions = Partitions(transactions)
            for at in range(0, len(days), DAYS):
                await partitions.make(days[at : at + DAYS], today=numbers.day_of(now))
            return await transactions.run(
                partial(_copy, contents=contents, where=transactions.where, now=now, tell=tell)
            )
        finally:
            await transactions.stop()


async def _copy(
    connection: Connection,
    contents: Contents,
    where: str,
    now: float,
    tell: Callable[[str, int], None],
) -> Proof:
    alive = await intake.hold(connection)
    if alive:
        raise StoreUnwritableError(
            f"{where} is in use by {', '.join(alive)}: stop what runs on it first"
        )
    there = await intake.counts(connection)
    if any(there.values()):
        return await _found(connection, contents, there, where)
    for table in TABLES:
        rows = 0
        for page in contents.pages(table, now=now):
            await intake.put(connection, table, page.columns, page.rows)
            rows += len(page.rows)
        tell(table, rows)
    await intake.finish(connection, contents.numbers(), uptime=contents.uptime())
    found = await _side(connection)
    if found != _source(contents):
        raise StoreError(
            f"what arrived in {where} is not what was sent ({_difference(contents, found)}): "
            "nothing of it is kept"
        )
    return _proof(found, was_done=False)


async def _found(
    connection: Connection, contents: Contents, there: dict[str, int], where: str
) -> Proof:
    """Return the proof of an earlier copy, or refuse what holds something else."""
    found = await _side(connection)
    if found == _source(contents):
        return _proof(found, was_done=True)
    full = ", ".join(f"{table} {rows}" for table, rows in there.items() if rows)
    raise StoreUnwritableError(f"{where} is not empty ({full}): give it one that is")


_Side = tuple[dict[str, int], int, Trail]


async def _side(connection: Connection) -> _Side:
    return (
        await intake.counts(connection),
        await intake.octets(connection),
        await intake.trail(connection),
    )


def _source(contents: Contents) -> _Side:
    return contents.counts(), contents.octets(), contents.trail()


def _proof(side: _Side, *, was_done: bool) -> Proof:
    rows, octets, audit = side
    return Proof(rows=rows, octets=octets, audit=audit, was_done=was_done)


def _difference(contents: Contents, found: _Side) -> str:
    sent, _, _ = _source(contents)
    rows = [
        f"{table}: {found[0].get(table, 0)} of {count} rows"
        for table, count in sent.items()
        if found[0].get(table, 0) != count
    ]
    return "; ".join(rows) or "the bodies or the audit differ"
