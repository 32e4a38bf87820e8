"""Looks along a tail in steps of bounded work: which rows a query is about, and how many fit.

It knows rows and nothing of who follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from vedette.outbox.selection import matches
from vedette.ports.tail import Spot, TailQuery

#: Events that one look passes at most: three milliseconds of the loop or of the store's thread.
LOOKED: Final = 1_000

#: A row without its body: its spot, its id, its type, its tenant, its account, its time.
Row: TypeAlias = tuple[int, int, str, str, str, str, float]


def wanted(query: TailQuery, rows: Sequence[Row]) -> tuple[list[Row], Spot]:
    """Return the rows that a query is about, up to its limit, and the spot that was looked up to."""
    found: list[Row] = []
    reached = query.after
    for row in rows:
        if len(found) >= query.limit:
            break
        reached = Spot(xid=row[0], seq=row[1])
        if _is_meant(query, row):
            found.append(row)
    return found, reached


def fitting(query: TailQuery, found: Iterable[tuple[Row, int]]) -> Iterator[Row]:
    """Yield the rows whose bodies, of so many octets, are one answer: one at least."""
    octets = 0
    for row, size in found:
        octets += size
        if octets > query.octets and octets > size:
            return
        yield row


def _is_meant(query: TailQuery, row: Row) -> bool:
    return (
        query.tenant in {None, row[4]}
        and query.account in {None, row[5]}
        and matches(query.types, row[3])
    )
