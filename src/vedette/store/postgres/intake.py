"""Take in all that another store holds, into a database that holds nothing yet.

Events and deliveries keep their order and get the numbers of this store: the old one behind the
day of the row. It knows tables, and nothing of where their rows come from; each call is within the
transaction of its caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from vedette.ports.audit import Trail
from vedette.store.postgres import audit, numbers
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.statements import sql
from vedette.store.words import printable

_PATIENCE: Final = sql("copy_patience")
_HOLD: Final = sql("copy_hold")
_ALIVE: Final = sql("copy_alive")
_COUNTS: Final = sql("copy_counts")
_OCTETS: Final = sql("copy_octets")
_LANES: Final = sql("copy_lanes")
_UPTIME: Final = sql("copy_uptime")
_CHAIN: Final = sql("copy_chain")
_COUNT: Final = sql("copy_count")
_NUMBER: Final = sql("copy_number")
_REVISION: Final = sql("copy_revision")

#: The tables with row level security: whoever it holds for can not COPY into them.
_WALLED: Final = {
    "record": sql("copy_record"),
    "record_gone": sql("copy_record_gone"),
    "secret": sql("copy_secret"),
    "data_key": sql("copy_data_key"),
}

#: Seconds for one statement over a whole table, and for one page of rows.
LONG: Final = 3_600.0
PAGE: Final = 300.0

#: The columns that are true or false here.
_FLAGS: Final = frozenset({"head", "seen", "listed", "is_off", "active", "is_counted"})

#: The tables that number their rows by themselves, each with the column.
_NUMBERED: Final = {
    "folder": "id",
    "action": "seq",
    "decision": "seq",
    "ratchet": "id",
    "consent": "seq",
}

_Row = dict[str, Any]


async def hold(connection: Connection) -> list[str]:
    """Keep everybody from writing until the transaction ends; return the instances that live."""
    await connection.execute(_PATIENCE)
    await connection.execute(_HOLD)
    return [row[0] for row in await connection.fetch(_ALIVE)]


async def counts(connection: Connection) -> dict[str, int]:
    """Return how many rows each table has."""
    return {row[0]: row[1] for row in await connection.fetch(_COUNTS, timeout=LONG)}


async def octets(connection: Connection) -> int:
    """Return the octets of all bodies."""
    return int(await connection.fetchval(_OCTETS, timeout=LONG))


async def trail(connection: Connection) -> Trail:
    """Read the whole audit and say whether it is unbroken."""
    found, done = Trail(entries=0, head=b""), False
    while not done:
        found, done = await audit.verify(connection, found)
    return found


async def put(
    connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Insert some rows of a table."""
    numbered = _RENUMBERED.get(table, _as_it_is)
    plain = printable if table != "audit" else str
    given = [
        numbered(dict(zip(columns, (_fit(n, v, plain) for n, v in pairs), strict=True)))
        for pairs in (list(zip(columns, row, strict=True)) for row in rows)
    ]
    if given and table in _WALLED:
        records = [tuple(row.values()) for row in given]
        await connection.executemany(_WALLED[table], records, timeout=PAGE)
    elif given:
        await connection.copy_records_to_table(
            table,
            records=[tuple(row.values()) for row in given],
            columns=list(given[0]),
            timeout=PAGE,
        )


def _fit(column: str, value: Any, plain: Callable[[str], str]) -> Any:
    if column in _FLAGS:
        return bool(value)
    # An entry of the audit is spelled as its digest says, and fits, or it is an error.
    return plain(value) if isinstance(value, str) else value


def _as_it_is(row: _Row) -> _Row:
    return row


def _event(row: _Row) -> _Row:
    return {**row, "seq": numbers.of(numbers.day_of(row["time"]), row["seq"])}


def _payload(row: _Row) -> _Row:
    return {"event": numbers.of(numbers.day_of(row["time"]), row["event"]), "body": row["body"]}


def _delivery(row: _Row) -> _Row:
    event = numbers.of(numbers.day_of(row.pop("time")), row["event"])
    return {**row, "event": event, "id": numbers.of(numbers.day_of(row["queued_at"]), row["id"])}


_RENUMBERED: Final[Mapping[str, Callable[[_Row], _Row]]] = {
    "event": _event,
    "payload": _payload,
    "delivery": _delivery,
}


async def finish(connection: Connection, given: Mapping[str, int], *, uptime: float) -> None:
    """Set what follows from the rows, and what is counted on from: the numbers that were given."""
    await connection.execute(_LANES, timeout=LONG)
    await connection.execute(_UPTIME, uptime)
    await connection.execute(_CHAIN, given.get("audit", 0))
    await connection.execute(_REVISION, given.get("record", 0))
    last = max(given.get("event", 0), given.get("delivery", 0))
    if last:
        await connection.execute(_COUNT, last)
    for table, column in _NUMBERED.items():
        if given.get(table, 0):
            await connection.execute(_NUMBER, table, column, given[table])
