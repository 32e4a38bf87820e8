"""The table of a simulated cluster as one instance reaches it: late, with answers lost, or not at all."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterable
from contextvars import Context
from dataclasses import dataclass
from typing import Any, TypeVar

from tests.support.memory_ownership import MemoryOwnership, Rows
from vedette.errors import StoreError
from vedette.ownership.moves import View
from vedette.ownership.shard import Holding, InstanceId, Shard
from vedette.ownership.wish import Instance
from vedette.ports.ownership import Keeper
from vedette.ports.store import Fence

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Line:
    """The way from one instance to the database."""

    dice: random.Random
    cut_until: float = 0.0
    lost: float = 0.02
    slow: float = 0.01


class Table:
    """``vedette.ports.ownership.Ownership`` over a line: the work is done elsewhere."""

    def __init__(self, rows: Rows, line: Line, world: Context) -> None:
        self.rows = MemoryOwnership(rows)
        self.line = line
        self._world = world

    async def do(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Have the database do something; the way there and back may fail by itself."""
        loop, line = asyncio.get_running_loop(), self.line
        reply: asyncio.Future[T] = loop.create_future()

        def arrive() -> None:
            if loop.time() < line.cut_until:
                return  # into the dark: nobody answers, and the caller's patience ends
            value = _value(work())
            if line.dice.random() >= line.lost:
                loop.call_later(line.dice.expovariate(1 / line.slow), answer, value)

        def answer(value: T) -> None:
            if not reply.done() and loop.time() >= line.cut_until:
                reply.set_result(value)

        loop.call_later(line.dice.expovariate(1 / line.slow), arrive, context=self._world)
        try:
            async with asyncio.timeout(6.0):
                return await reply
        except TimeoutError as error:
            raise StoreError("the database does not answer (simulated)") from error

    async def beat(self, me: Instance) -> None:
        await self.do(lambda: self.rows.beat(me))

    async def look(self, me: InstanceId) -> View:
        return await self.do(lambda: self.rows.look(me))

    async def claim(self, me: InstanceId, rows: Iterable[Holding]) -> dict[Shard, int]:
        return await self.do(lambda: self.rows.claim(me, tuple(rows)))

    async def release(self, me: InstanceId, held: Iterable[Holding]) -> None:
        await self.do(lambda: self.rows.release(me, tuple(held)))

    async def leave(self, me: InstanceId) -> None:
        await self.do(lambda: self.rows.leave(me))

    async def holds(self, me: InstanceId, fence: Fence) -> bool:
        return await self.do(lambda: self.rows.holds(me, fence))

    async def owner(self, shard: Shard) -> Keeper | None:
        return await self.do(lambda: self.rows.owner(shard))


def _value(work: Coroutine[Any, Any, T]) -> T:
    """Return what comes of a coroutine that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    raise AssertionError("rows in memory wait for nothing")
