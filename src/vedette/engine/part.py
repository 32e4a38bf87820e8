"""The one shape of every long-lived part: start, started, stop, stopped.

A part owns the tasks it spawns. A task that ends with an exception is a crash:
it is logged, kept in ``crash``, told to ``on_crash`` and wakes ``wait``; it is
never silent. What to do about it (stop the program, build the part anew) is
decided by who started the part, never by the part.

::

    NEW ──start()──► STARTING ──_open()──► RUNNING ──stop()──► STOPPING ──_close()──► STOPPED
                         │                                         ▲
                         └──────────── _open() raised ─────────────┘

A part is started once. It knows nothing of what it does: that is its subclass.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from enum import StrEnum, unique
from typing import Any, TypeAlias

import structlog

_log = structlog.get_logger(__name__)

OnCrash: TypeAlias = Callable[["Part", BaseException], None]


@unique
class PartState(StrEnum):
    """Where a part is in its life; the order is the order of time."""

    NEW = "new"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"


class Part:
    """The base of long-lived parts. Subclasses fill ``_open`` and ``_close``.

    ``name`` stands in logs. ``on_crash`` is called once for each task of the
    part that ends with an exception, from the event loop.
    """

    def __init__(self, name: str, *, on_crash: OnCrash | None = None) -> None:
        self.name = name
        self.state = PartState.NEW
        self.crash: BaseException | None = None
        self._on_crash = on_crash
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stopping: asyncio.Task[None] | None = None
        self._started = asyncio.Event()
        self._over = asyncio.Event()  # stopped, or crashed
        self._stopped = asyncio.Event()

    @property
    def started(self) -> bool:
        """Whether ``start`` came to its end and ``stop`` was not called."""
        return self.state is PartState.RUNNING

    @property
    def stopped(self) -> bool:
        """Whether nothing of the part runs any more."""
        return self.state is PartState.STOPPED

    async def wait_started(self) -> None:
        """Return when the part runs (or has run)."""
        await self._started.wait()

    async def wait_stopped(self) -> None:
        """Return when nothing of the part runs any more."""
        await self._stopped.wait()

    async def wait(self) -> None:
        """Return when the part was stopped; raise what a task of it crashed with."""
        await self._over.wait()
        if self.crash is not None:
            raise self.crash

    async def start(self) -> None:
        """Bring the part up. When that fails it is stopped, and the error is raised."""
        if self.state is not PartState.NEW:
            raise RuntimeError(f"the part {self.name} was started before")
        self.state = PartState.STARTING
        try:
            await self._open()
        except BaseException:
            await self.stop()
            raise
        # ``stop`` may have been called meanwhile; then it has the last word.
        if self.state is PartState.STARTING:
            self.state = PartState.RUNNING
        self._started.set()

    async def stop(self) -> None:
        """Bring it down and wait for that. Idempotent; all callers wait for the one end.

        Cancelling the caller does not cancel the stop.
        """
        if self._stopping is None:
            self.state = PartState.STOPPING
            self._stopping = asyncio.create_task(self._stop(), name=f"{self.name}.stop")
        await asyncio.shield(self._stopping)

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run ``work`` as a task of this part; it is cancelled at the stop, after ``_close``."""
        if self.state in {PartState.NEW, PartState.STOPPED}:
            work.close()
            raise RuntimeError(f"the part {self.name} is {self.state}: it runs no task {name}")
        task = asyncio.create_task(work, name=f"{self.name}.{name}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def _open(self) -> None:
        """Acquire what the part needs and spawn its tasks."""

    async def _close(self) -> None:
        """End the work in an orderly way; the tasks still run. Bounded in time."""

    async def _stop(self) -> None:
        try:
            await self._close()
        finally:
            await self._cancel(self._tasks)
            self.state = PartState.STOPPED
            self._over.set()
            self._stopped.set()

    @staticmethod
    async def _cancel(tasks: set[asyncio.Task[Any]]) -> None:
        """Cancel tasks and wait until each has ended; what they raise goes to ``_ended``."""
        mine = [task for task in tasks if task is not asyncio.current_task()]
        for task in mine:
            task.cancel()
        if mine:
            await asyncio.wait(mine)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            return
        _log.error("part.crashed", part=self.name, task=task.get_name(), exc_info=error)
        if self.crash is None:
            self.crash = error
        self._over.set()
        if self._on_crash is not None:
            self._on_crash(self, error)
