"""Make a database of Postgres as it was before anything was written to it.

A test of the store takes some milliseconds; a database of its own would take a second, for the
files of all its partitions. Must not know: what any table is for, but for those that begin with a
row.
"""

from __future__ import annotations

import asyncpg

#: What a database begins with, and what stays.
_KEPT = {"schema_version"}
_FIRST = (
    "INSERT INTO shard (id) VALUES (0)",
    "INSERT INTO uptime (id, seconds, counted_at) VALUES (0, 0.0, database_clock())",
    "INSERT INTO audit_chain (id, last) VALUES (0, 0)",
    "INSERT INTO record_revision (id, last) VALUES (0, 0)",
)

_TABLES = """
SELECT oid::regclass::text FROM pg_class
WHERE relkind IN ('r', 'p') AND NOT relispartition
  AND relnamespace = current_schema()::regnamespace
"""
_SEQUENCES = """
SELECT setval(oid::regclass, 1, false) FROM pg_class
WHERE relkind = 'S' AND relnamespace = current_schema()::regnamespace
"""


async def empty(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Delete every row, whatever forbids it, and count from 1 again."""
    await connection.execute(_SEQUENCES)
    tables = [row[0] for row in await connection.fetch(_TABLES) if row[0] not in _KEPT]
    await connection.execute(
        "; ".join(
            [
                "BEGIN",
                "SET LOCAL session_replication_role = replica",
                *(f"DELETE FROM {table}" for table in tables),
                *_FIRST,
                "COMMIT",
            ]
        )
    )
