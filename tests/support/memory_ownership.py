"""The table of instances and shards in memory, on a clock of its own: the database's.

It passes the suite that the real ones pass. Several owners share the ``Rows``; each has a table of
its own before it, so that one can be cut off.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from vedette.errors import StoreError
from vedette.ownership.lease import TTL
from vedette.ownership.moves import View
from vedette.ownership.shard import SHARDS, Holding, InstanceId, Shard
from vedette.ownership.wish import Instance
from vedette.ports.ownership import Keeper
from vedette.ports.store import Fence

#: Seconds after which a dead instance is forgotten.
FORGOTTEN = 86_400.0


@dataclass(slots=True, kw_only=True)
class Rows:
    """What the database holds. ``now`` is its clock; ``written`` counts rows of heartbeats."""

    now: Callable[[], float]
    ttl: float = TTL
    beats: dict[InstanceId, tuple[float, Instance]] = field(default_factory=dict)
    shards: dict[Shard, Holding] = field(
        default_factory=lambda: {
            Shard(number): Holding(shard=Shard(number), owner=None, epoch=0)
            for number in range(SHARDS)
        }
    )
    written: int = 0
    claims: int = 0

    def is_alive(self, instance: InstanceId | None) -> bool:
        """Judge by the database's clock."""
        if instance not in self.beats:
            return False
        return self.beats[instance][0] > self.now() - self.ttl


class MemoryOwnership:
    """``vedette.ports.ownership.Ownership``. ``is_cut`` refuses everything, as a dead line does."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.is_cut = False

    async def beat(self, me: Instance) -> None:
        await self._reach()
        rows = self.rows
        for name, (beaten, _) in list(rows.beats.items()):
            if beaten < rows.now() - FORGOTTEN:
                del rows.beats[name]
        rows.beats[me.id] = (rows.now(), me)
        rows.written += 1

    async def look(self, me: InstanceId) -> View:
        await self._reach()
        rows = self.rows
        alive = {name for name in rows.beats if rows.is_alive(name)}
        return View(
            instances=tuple(
                replace(instance, is_alive=name in alive)
                for name, (_, instance) in sorted(rows.beats.items())
            ),
            shards=tuple(
                row for row in rows.shards.values() if row.owner == me or row.owner not in alive
            ),
        )

    async def claim(self, me: InstanceId, rows: Sequence[Holding]) -> dict[Shard, int]:
        await self._reach()
        there = self.rows
        if not there.is_alive(me):
            return {}
        claimed: dict[Shard, int] = {}
        for row in rows:
            now = there.shards[row.shard]
            if now != row or (now.owner != me and there.is_alive(now.owner)):
                continue
            there.shards[row.shard] = replace(now, owner=me, epoch=now.epoch + 1)
            claimed[row.shard] = now.epoch + 1
        there.claims += len(claimed)
        return claimed

    async def release(self, me: InstanceId, held: Sequence[Holding]) -> None:
        await self._reach()
        for row in held:
            now = self.rows.shards[row.shard]
            if (now.owner, now.epoch) == (me, row.epoch):
                self.rows.shards[row.shard] = replace(now, owner=None)

    async def leave(self, me: InstanceId) -> None:
        await self._reach()
        self.rows.beats.pop(me, None)
        for row in list(self.rows.shards.values()):
            if row.owner == me:
                self.rows.shards[row.shard] = replace(row, owner=None)

    async def holds(self, me: InstanceId, fence: Fence) -> bool:
        await self._reach()
        row = self.rows.shards[Shard(fence.shard)]
        return (row.owner, row.epoch) == (me, fence.epoch) and self.rows.is_alive(me)

    async def owner(self, shard: Shard) -> Keeper | None:
        await self._reach()
        name = self.rows.shards[shard].owner
        if name is None:
            return None
        _, instance = self.rows.beats.get(name, (0.0, Instance(id=name)))
        return Keeper(instance=name, address=instance.address, is_alive=self.rows.is_alive(name))

    async def _reach(self) -> None:
        if self.is_cut:
            raise StoreError("the database can not be reached (simulated)")
