"""One request at a time for each key: who comes while it is under way waits for its outcome.

The request is a task of its own. Whoever waits may give up; the request goes on, because a token
that was granted and not kept is a consent lost. It must not know what is requested.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")

#: Seconds that a request may take to end when everything ends.
GRACE: Final = 20.0


class Flights(Generic[T]):
    """Requests under way, by key."""

    def __init__(self) -> None:
        self._tasks: dict[Hashable, asyncio.Task[T]] = {}

    async def join(self, key: Hashable, ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return what the request under way brings, or that of a new one by ``ask``."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(ask(), name=f"token {key}")
            task.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(task)

    async def stop(self) -> None:
        """Let what is under way end, within bounds. Idempotent."""
        tasks = list(self._tasks.values())
        if not tasks:
            return
        _done, late = await asyncio.wait(tasks, timeout=GRACE)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)

    def _landed(self, key: Hashable, task: asyncio.Task[T]) -> None:
        del self._tasks[key]
        if not task.cancelled():
            # Who asked may be gone; an error that nobody takes is not one to complain of.
            task.exception()
