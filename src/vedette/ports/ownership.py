"""The table of instances and shards: the one truth about who owns what.

All of it is judged by the clock of the one who keeps the table. A wish, a heartbeat or a lease
in memory gives no right to write: only the row of the shard does, and it is read again in the
transaction that writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from vedette.model.account import Health
from vedette.ownership.moves import View
from vedette.ownership.shard import Holding, InstanceId, Shard
from vedette.ownership.wish import Instance
from vedette.ports.store import Fence


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """How some accounts are doing, by their ids, and the mark up to which that was looked at."""

    healths: tuple[Health, ...]
    mark: str


class Notices(Protocol):
    """What all instances noted of accounts. Every method raises StoreError."""

    async def healths_since(self, mark: str, *, after: str = "", limit: int = 1_000) -> Noted:
        """Return the health of accounts behind an id that was noted since a mark; "": of all.

        The mark of a walk's first page is the one for the next walk. Some of it may have been told
        before. A note is told once it is written.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """Whose a shard is: the name of an instance, and the URL of its API.

    ``address`` is empty where nobody else can reach it. One that is not alive has not been heard of
    for so long that another instance takes what it has within seconds.
    """

    instance: InstanceId
    address: str = ""
    is_alive: bool = True


class Ownership(Protocol):
    """Every method raises StoreError; its fate is unknown then, and the caller looks again."""

    async def beat(self, me: Instance) -> None:
        """Write a heartbeat with the instance's weight and standing; the first one joins.

        Those who have been dead for a day are forgotten by the way.
        """

    async def look(self, me: InstanceId) -> View:
        """Return all instances, and the shards that are ``me``'s, nobody's, or a dead one's."""

    async def claim(self, me: InstanceId, rows: Sequence[Holding]) -> dict[Shard, int]:
        """Make these shards ``me``'s, each in the next epoch; return those that are, with it.

        One is left alone whose row is not as it was read, or whose owner lives and is not
        ``me``; all are, when ``me`` itself counts as dead.
        """

    async def release(self, me: InstanceId, held: Sequence[Holding]) -> None:
        """Make these shards nobody's where they are still ``me``'s in that epoch."""

    async def leave(self, me: InstanceId) -> None:
        """Forget an instance; what it still owns is nobody's from then on."""

    async def holds(self, me: InstanceId, fence: Fence) -> bool:
        """Tell whether the shard is ``me``'s in that epoch, and ``me`` counts as alive."""

    async def owner(self, shard: Shard) -> Keeper | None:
        """Return whose a shard is; None while it is nobody's."""
