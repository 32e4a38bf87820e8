"""Ask whether the right to write for a shard still stands.

The row of a shard is filled by who takes it over, with an epoch that is higher each time. What has
shard 0 and epoch 0 is an installation of one owner: the row for it is there from the first step.
It knows rows and nothing of transactions.
"""

from __future__ import annotations

from collections.abc import Iterable

from vedette.ports.store import Fence
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.statements import sql

_STANDING = sql("fences_standing")


async def standing(connection: Connection, fences: Iterable[Fence]) -> frozenset[Fence]:
    """Return those fences that hold, until the end of the transaction."""
    asked = frozenset(fences)
    epochs = await connection.fetch(_STANDING, sorted({fence.shard for fence in asked}))
    held = {(row[0], row[1]) for row in epochs}
    return frozenset(fence for fence in asked if (fence.shard, fence.epoch) in held)


async def is_fenced(connection: Connection, fence: Fence) -> bool:
    """Whether the right to write for the shard is over, or never was."""
    return not await standing(connection, (fence,))
