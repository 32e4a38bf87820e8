"""The table of instances and shards, on Postgres.

Its connections are its own: a heartbeat must not wait for mail that is being written. It must not
know who should own what.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from vedette.ownership.lease import TTL
from vedette.ownership.moves import View
from vedette.ownership.shard import SHARDS, Holding, InstanceId, Shard
from vedette.ownership.wish import Instance, Standing
from vedette.ports.ownership import Keeper, Noted
from vedette.ports.store import Fence
from vedette.secret import Secret
from vedette.store.postgres import accounts
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.statements import sql
from vedette.store.postgres.transaction import Transactions

#: Seconds after which a dead instance is forgotten: whoever looks at the table sees for a day who
#: is missing.
FORGOTTEN: Final = 86_400.0

_ROWS: Final = sql("ownership_rows")
_BEAT: Final = sql("ownership_beat")
_FORGET: Final = sql("ownership_forget")
_INSTANCES: Final = sql("ownership_instances")
_SHARDS: Final = sql("ownership_shards")
_CLAIM: Final = sql("ownership_claim")
_RELEASE: Final = sql("ownership_release")
_LEAVE: Final = sql("ownership_leave")
_HOLDS: Final = sql("ownership_holds")
_OWNER: Final = sql("ownership_owner")


class PostgresOwnership:
    """``Ownership`` and ``Notices`` of ``ports.ownership``; started after who makes the tables."""

    def __init__(self, url: Secret[str]) -> None:
        self._transactions = Transactions(url)

    async def start(self) -> None:
        """Connect, and have a row for every shard. Raises StoreError."""
        await self._transactions.start()
        await self._transactions.run(_filled)

    async def stop(self) -> None:
        """Disconnect. Idempotent."""
        await self._transactions.stop()

    async def beat(self, me: Instance) -> None:
        """Write a heartbeat, as the port says."""
        await self._transactions.run(partial(_beat, me=me), lasting=False)

    async def look(self, me: InstanceId) -> View:
        """Read both tables as they are at one moment."""
        return await self._transactions.view(partial(_look, me=me))

    async def claim(self, me: InstanceId, rows: Sequence[Holding]) -> dict[Shard, int]:
        """Take shards, each in its next epoch."""
        return await self._transactions.run(partial(_claim, me=me, rows=rows))

    async def release(self, me: InstanceId, held: Sequence[Holding]) -> None:
        """Make shards nobody's."""
        if held:
            await self._transactions.run(partial(_release, me=me, held=held))

    async def leave(self, me: InstanceId) -> None:
        """Forget an instance."""
        await self._transactions.run(partial(_leave, me=me))

    async def holds(self, me: InstanceId, fence: Fence) -> bool:
        """Ask about one shard."""
        return await self._transactions.ask(partial(_holds, me=me, fence=fence))

    async def owner(self, shard: Shard) -> Keeper | None:
        """Look at one shard."""
        return await self._transactions.ask(partial(_owner, shard=shard))

    async def healths_since(self, mark: str, *, after: str = "", limit: int = 1_000) -> Noted:
        """Return what was noted since a mark, by account, as the port says."""
        work = partial(accounts.healths_since, mark=mark, after=after, limit=limit)
        return await self._transactions.ask(work)


async def _filled(connection: Connection) -> None:
    await connection.execute(_ROWS, SHARDS)


async def _beat(connection: Connection, me: Instance) -> None:
    await connection.execute(_BEAT, me.id, me.weight, me.standing.value, me.address)
    await connection.execute(_FORGET, FORGOTTEN)


async def _look(connection: Connection, me: InstanceId) -> View:
    instances = await connection.fetch(_INSTANCES, TTL)
    shards = await connection.fetch(_SHARDS, me, TTL)
    return View(
        instances=tuple(
            Instance(
                id=InstanceId(name),
                weight=weight,
                # A word of a later version is one of an instance that wants nothing from us.
                standing=Standing.LIVE if state == Standing.LIVE.value else Standing.DRAINING,
                is_alive=alive,
            )
            for name, weight, state, alive in instances
        ),
        shards=tuple(
            Holding(shard=Shard(number), owner=owner, epoch=epoch)
            for number, owner, epoch in shards
        ),
    )


async def _claim(
    connection: Connection, me: InstanceId, rows: Sequence[Holding]
) -> dict[Shard, int]:
    claimed = await connection.fetch(_CLAIM, me, *_columns(rows), TTL)
    return {Shard(number): epoch for number, epoch in claimed}


async def _release(connection: Connection, me: InstanceId, held: Sequence[Holding]) -> None:
    await connection.execute(_RELEASE, me, *_columns(held))


async def _leave(connection: Connection, me: InstanceId) -> None:
    await connection.execute(_LEAVE, me)


async def _holds(connection: Connection, me: InstanceId, fence: Fence) -> bool:
    held: bool = await connection.fetchval(_HOLDS, me, fence.shard, fence.epoch, TTL)
    return held


async def _owner(connection: Connection, shard: Shard) -> Keeper | None:
    row = await connection.fetchrow(_OWNER, shard, TTL)
    if row is None or row[0] is None:
        return None
    return Keeper(instance=InstanceId(row[0]), address=row[1], is_alive=row[2])


def _columns(rows: Sequence[Holding]) -> tuple[list[int], list[int]]:
    return [int(row.shard) for row in rows], [row.epoch for row in rows]
