"""Reading mail off the event loop: small messages here, large ones in a worker.

A worker is started when the first large message comes, serves one message at a
time, and ends after a minute without work. When it dies, the message it died on is
told by ``ReaderKilled`` and the next message gets a new one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from vedette.mime import Depth, Message, read
from vedette.reader.errors import Cause, ReaderKilled, ReaderUnavailable
from vedette.reader.worker import Worker

KIB = 1024
MIB = 1024 * KIB
_PROGRAM = ("-m", "vedette.reader.child")


class MessageReader:
    """Reads messages for the engine; safe to use from many tasks of one loop.

    ``workers`` bounds the processes; ``cpu_seconds`` and ``memory`` (bytes of address
    space) bound each message by the kernel, ``deadline`` (seconds) by the clock.
    Messages under ``inline_below`` bytes are read at once: that takes milliseconds.
    An unused worker ends after ``idle`` seconds. ``program`` is what a worker runs.
    """

    def __init__(
        self,
        *,
        workers: int = 1,
        cpu_seconds: float = 10,
        memory: int = 512 * MIB,
        deadline: float = 30,
        inline_below: int = 256 * KIB,
        idle: float = 60,
        program: Sequence[str] = _PROGRAM,
    ) -> None:
        self._cpu_seconds = cpu_seconds
        self._memory = memory
        self._deadline = deadline
        self._inline_below = inline_below
        self._idle_seconds = idle
        self._program = tuple(program)
        self._free = asyncio.Semaphore(workers)
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._sweeper: asyncio.Task[None] | None = None
        self._stopped = False

    @property
    def workers(self) -> int:
        """How many worker processes there are now."""
        return len(self._idle) + len(self._busy)

    async def start(self) -> None:
        """Allow work again after ``stop``; workers start when they are needed."""
        self._stopped = False

    async def stop(self) -> None:
        """End all workers; requests under way fail with ``ReaderUnavailable``. Idempotent."""
        self._stopped = True
        sweeper, self._sweeper = self._sweeper, None
        if sweeper is not None:
            sweeper.cancel()
            await asyncio.gather(sweeper, return_exceptions=True)
        workers = [*self._idle, *self._busy]
        self._idle.clear()
        await asyncio.gather(*(worker.kill() for worker in workers))

    async def read(
        self,
        source: bytes | Path,
        *,
        depth: Depth = Depth.TEXT,
        trusted_authserv: Collection[str] = (),
        size: int | None = None,
        isolate: bool = False,
        shown: bool = False,
    ) -> Message:
        """Read one message from its bytes or from a spool file.

        ``size`` is the size of the whole message where ``source`` is its beginning.
        ``isolate`` sends even a small one to a worker: for a second try. A spool file
        always goes to a worker, so that no disk is waited for here. ``shown`` asks for
        what the HTML shows (see ``mime.read``).

        Raises ``ReaderKilled`` when this message killed the worker or passed a limit,
        ``ReaderUnavailable`` when there is no worker to be had. Waits for a free worker
        as long as the messages before it may take: ``deadline`` each.
        """
        if isinstance(source, bytes) and len(source) < self._inline_below and not isolate:
            return read(
                source, depth=depth, trusted_authserv=trusted_authserv, size=size, shown=shown
            )
        request: dict[str, Any] = {
            "depth": depth.value,
            "trusted_authserv": list(trusted_authserv),
            "size": size,
            "shown": shown,
        }
        async with self._free:
            worker = await self._take()
            try:
                self._refuse_when_stopped()  # it may have been, while the worker started
                message = await self._ask(worker, request, source)
            except BaseException as error:
                # Killed, too late or cancelled: its pipes are in an unknown state.
                self._busy.discard(worker)
                await worker.kill()
                if self._stopped and isinstance(error, ReaderKilled):
                    raise ReaderUnavailable("the mail reader was stopped") from error
                raise
            self._give_back(worker)
            return message

    async def _ask(self, worker: Worker, request: dict[str, Any], source: bytes | Path) -> Message:
        try:
            async with asyncio.timeout(self._deadline):
                return await worker.ask(request, source)
        except TimeoutError as error:
            raise ReaderKilled(
                f"the message was not read within {self._deadline:g} s", cause=Cause.DEADLINE
            ) from error

    async def _take(self) -> Worker:
        """Return a worker that is alive, an idle one or a new one, and count it as busy."""
        self._refuse_when_stopped()
        worker = None
        while worker is None and self._idle:
            worker = self._idle.pop()
            if not worker.alive:
                await worker.kill()
                worker = None
        if worker is None:
            worker = await Worker.start(self._program, self._memory, self._cpu_seconds)
        self._busy.add(worker)
        return worker

    def _refuse_when_stopped(self) -> None:
        if self._stopped:
            raise ReaderUnavailable("the mail reader was stopped")

    def _give_back(self, worker: Worker) -> None:
        self._busy.discard(worker)
        self._idle.append(worker)
        if self._sweeper is not None:
            self._sweeper.cancel()
        self._sweeper = asyncio.create_task(self._sweep(), name="reader.sweep")

    async def _sweep(self) -> None:
        """End the idle workers after a while; every message that is read starts it anew."""
        await asyncio.sleep(self._idle_seconds)
        workers, self._idle = self._idle, []
        await asyncio.gather(*(worker.kill() for worker in workers))
