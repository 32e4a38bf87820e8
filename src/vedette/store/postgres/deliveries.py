"""Claim and settle deliveries, for any number of instances at the same time.

A claim is a lease: it notes its holder and moves ``due`` to the lease's end, so a claim that is
never settled comes back by itself, and an instance that comes back releases its own at once. Rows
that another is claiming are passed over. What a commit queues for a lane that is free is claimed
as it is written (``vedette.store.postgres.postings``). The attempt number counts settled attempts:
a parcel carries the stored number plus one, and an attempt whose settlement was lost is made again
under the same number.

It knows rows and nothing of transactions or of the schedule of retries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from vedette.crashpoint import Crashpoint, crashpoint
from vedette.model.delivery import DeliveryState, Parcel, Settlement
from vedette.model.ids import EndpointId, EventId
from vedette.ports.backlog import COUNTED, Backlog
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.postings import Lane, columns
from vedette.store.postgres.statements import sql
from vedette.store.words import printable

_DUE: Final = sql("deliveries_due")
_DUE_IN_ORDER: Final = sql("deliveries_due_in_order")
_LEASE: Final = sql("deliveries_lease")
_PARCELS: Final = sql("parcels")
_RELEASE: Final = sql("deliveries_release")
_STARTED: Final = sql("database_started")
_REDATE: Final = sql("deliveries_redate")
_REDATING: Final = sql("redating_put")
_REDATE_ALL: Final = sql("deliveries_redate_all")
_ALONE: Final = sql("instance_is_alone")
_CLOCK_SHOWN: Final = sql("clock_shown")
_CLOCK_READ: Final = sql("clock_read")
_ORPHANED: Final = sql("deliveries_orphaned")
_OVERDUE: Final = sql("endpoints_overdue")
_NEXT: Final = sql("delivery_next")
_NEXT_IN_ORDER: Final = sql("delivery_next_in_order")
_WAITING: Final = sql("delivery_waiting")
_LOCK: Final = sql("lanes_lock")
_SETTLE: Final = sql("deliveries_settle")
_LESS: Final = sql("lanes_less")
_PROMOTE: Final = sql("lanes_promote")


async def claim(
    connection: Connection,
    endpoint: EndpointId,
    *,
    ordered: bool,
    limit: int,
    now: float,
    lease: float,
    instance: str,
) -> list[Parcel]:
    """Take at most ``limit`` deliveries that are due, the longest due first."""
    due = await connection.fetch(_DUE_IN_ORDER if ordered else _DUE, endpoint, now, max(limit, 0))
    if not due:
        return []
    await connection.execute(_LEASE, [row[0] for row in due], instance, now + lease)
    events = list({row[1] for row in due})
    written = {row[0]: row for row in await connection.fetch(_PARCELS, events)}
    await read_clock(connection, instance=instance, now=now)
    return [
        Parcel(
            delivery=delivery,
            endpoint=endpoint,
            event=EventId(written[event][1]),
            type=written[event][2],
            lane=lane,
            body=written[event][3],
            attempt=attempt + 1,
            queued_at=queued_at,
        )
        for delivery, event, lane, attempt, queued_at in due
    ]


async def begin(connection: Connection, *, instance: str, now: float) -> None:
    """Take up again what this instance held before it went: it is due at ``now``.

    Where its clock shows less than it did, what waits is redated by the difference, unless others
    are at work beside it, whose clocks are their own.
    """
    shown = await connection.fetchval(_CLOCK_SHOWN, instance)
    if shown is not None and shown > now and await connection.fetchval(_ALONE, instance):
        await connection.execute(_REDATE_ALL, now - shown, now)
    await connection.execute(_RELEASE, instance, now)
    await read_clock(connection, instance=instance, now=now)


async def release(connection: Connection, *, instance: str, now: float) -> None:
    """Give back what this instance holds, as it goes: others need not wait for its leases."""
    await connection.execute(_RELEASE, instance, now)
    await read_clock(connection, instance=instance, now=now)


async def read_clock(connection: Connection, *, instance: str, now: float) -> None:
    """Remember what the wall clock of this instance shows."""
    await connection.execute(_CLOCK_READ, instance, now)


async def adopt(connection: Connection, *, silent: float, now: float) -> None:
    """Let go of what instances hold that were not heard of for ``silent`` seconds."""
    await connection.execute(_ORPHANED, now, silent)


async def started(connection: Connection) -> float:
    """Return when the database was started, in seconds of its own clock."""
    return float(await connection.fetchval(_STARTED))


async def overdue(connection: Connection, *, now: float) -> list[EndpointId]:
    """Return the endpoints that something is due at."""
    return [EndpointId(row[0]) for row in await connection.fetch(_OVERDUE, now)]


async def redate(
    connection: Connection,
    endpoints: Sequence[EndpointId],
    *,
    seconds: float,
    now: float,
    instance: str,
) -> None:
    """Move what is due at these endpoints after ``now`` by ``seconds``, leases included.

    Of the instances that felt the same step of a clock the first one does it for all.
    """
    if await connection.fetchval(_REDATING, instance, seconds):
        await connection.execute(_REDATE, list(endpoints), seconds, now)


async def next_due(connection: Connection, endpoint: EndpointId, *, ordered: bool) -> float | None:
    """Return the instant of the next delivery that a claim could take, leased ones included."""
    due = await connection.fetchval(_NEXT_IN_ORDER if ordered else _NEXT, endpoint)
    return None if due is None else float(due)


async def backlog(connection: Connection) -> Backlog:
    """Return how much is not settled, and since when, of all instances together."""
    row = await connection.fetchrow(_WAITING, COUNTED)
    return Backlog(waiting=0 if row is None else row[0], oldest_at=None if row is None else row[1])


async def settle(
    connection: Connection, settlements: Sequence[Settlement], *, instance: str, now: float
) -> None:
    """Write what came of claimed deliveries; a settled one stays as it is."""
    if not settlements:
        return
    if any(each.state is DeliveryState.DUE for each in settlements):
        # Here and with a claim: nothing else waits for an instant that is to come.
        await read_clock(connection, instance=instance, now=now)
    await connection.execute(_LOCK, [each.delivery for each in settlements])
    for each in _rounds(settlements):
        await _settle(connection, each)


def _rounds(settlements: Sequence[Settlement]) -> list[list[Settlement]]:
    """Deal settlements out so that no delivery comes twice in a round, and all in their order."""
    rounds: list[list[Settlement]] = []
    times: Counter[int] = Counter()
    for settlement in settlements:
        at = times[settlement.delivery]
        times[settlement.delivery] += 1
        if at == len(rounds):
            rounds.append([])
        rounds[at].append(settlement)
    return rounds


async def _settle(connection: Connection, settlements: Sequence[Settlement]) -> None:
    rows = [
        (each.delivery, each.state, each.due, each.attempt, printable(each.reason))
        for each in settlements
    ]
    settled = await connection.fetch(_SETTLE, *zip(*rows, strict=True))
    over = [row for row in settled if row[4] != DeliveryState.DUE]
    if not over:
        return
    less = Counter(map(_place, over))
    left = await connection.fetch(_LESS, *columns(less))
    crashpoint(Crashpoint.LANE_HELD)
    waiting = {_place(row) for row in left if row[3]}
    behind = sorted(waiting.intersection(_place(row) for row in over if row[3]))
    if behind:
        await connection.execute(_PROMOTE, *zip(*behind, strict=True))


def _place(row: Any) -> Lane:
    return row[0], row[1], row[2]
