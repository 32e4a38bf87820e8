"""An event loop in which everything is decided by one seed.

Time jumps to the next timer when nothing is ready. Which of the ready turns runs next is drawn
from the dice: the oldest half of the time, any of them else. Each choice goes into the schedule
hash, so two runs with one hash did the same things in the same order.

A process that died leaves its turns in the grave: no ``finally`` runs, as none runs after
SIGKILL. A process that is stopped has its turns put off as the objects they are, so that
cancelling them still works. It must not know IMAP, a store or a sink.
"""

from __future__ import annotations

import asyncio
import heapq
import random
from asyncio import events
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from hashlib import blake2b
from struct import Struct
from typing import Any, NoReturn, TypeVar

from tests.sim import process
from tests.sim.process import Killed, Process

T = TypeVar("T")

#: Turns of one history. The longest honest one has a tenth of it.
STEP_LIMIT = 3_000_000

#: Cancelled timers are swept out when there are so many and they are the majority.
SWEEP = 256

_CHOICE = Struct("<IId")


class StuckError(AssertionError):
    """The simulation can not end: nothing is left to do, or something spins."""


class OutsideError(RuntimeError):
    """Something asked for a thread, a socket or a process: they are outside of this world."""


class SimulatedTask(asyncio.Task[Any]):
    """A task whose hash is its number: a set of tasks iterates alike in every run."""

    number = 0
    owner: Process | None = None

    def __hash__(self) -> int:
        return self.number

    def add_done_callback(
        self, fn: Callable[..., object], /, *, context: Context | None = None
    ) -> None:
        """Have something done at its end: by the process whose task it is, and so not if it died."""
        if context is not None and self.owner is not None and process.of(context) is None:
            context = self.owner.context.copy()
        super().add_done_callback(fn, context=context)

    @property
    def is_unread(self) -> bool:
        """Whether it ended with an exception that nobody asked for."""
        return self.done() and bool(self._log_traceback)


class SimulatedLoop(asyncio.AbstractEventLoop):
    """``run`` is the one way in. ``unhandled`` is what nobody caught."""

    def __init__(self, dice: random.Random, *, limit: int = STEP_LIMIT) -> None:
        self.steps = 0
        self.unhandled: list[dict[str, Any]] = []
        self.tasks: list[SimulatedTask] = []
        self._dice = dice
        self._limit = limit
        self._now = 0.0
        self._ready: list[asyncio.Handle] = []
        self._timers: list[tuple[float, int, asyncio.Handle]] = []
        self._cancelled = 0
        self._number = 0
        self._grave: list[object] = []
        self._hash = blake2b(digest_size=8)
        self.is_over = False

    @property
    def schedule_hash(self) -> str:
        """Every choice so far, as 16 hexadecimal digits."""
        return self._hash.hexdigest()

    @property
    def waiting(self) -> int:
        """Turns and timers that are neither done nor cancelled."""
        timers = sum(not handle.cancelled() for _, _, handle in self._timers)
        return len(self._ready) + timers

    def tasks_of(self, owner: Process | None) -> list[SimulatedTask]:
        """Return the tasks of a process."""
        return [task for task in self.tasks if task.owner is owner]

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run until ``main`` ends; return its result. Raises StuckError."""
        events._set_running_loop(self)
        try:
            task = self.create_task(main)
            while not task.done():
                self._turn()
            result: T = task.result()
            return result
        finally:
            events._set_running_loop(None)

    def bury(self) -> None:
        """Unwind what still waits, so that letting go of it later has no effect and no words.

        The history is over: what a ``finally`` says now goes nowhere.
        """
        self.is_over = True
        events._set_running_loop(self)
        try:
            for task in self.tasks:
                if not task.done():
                    task._log_destroy_pending = False  # type: ignore[attr-defined]
                    _unwind(task.get_coro())
        finally:
            events._set_running_loop(None)
        self._ready.clear()
        self._timers.clear()
        self._grave.clear()
        self.tasks.clear()

    # What asyncio asks of a loop.

    def time(self) -> float:
        return self._now

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, Killed):
            # Its traceback holds the frames, so that nothing of them is cleaned up.
            self._grave.append(error)
        elif not self.is_over:
            self.unhandled.append(context)

    def call_soon(  # type: ignore[override]  # as before *args had types
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_at(  # type: ignore[override]  # as call_soon
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._push(when, handle)
        return handle

    def call_later(  # type: ignore[override]  # as call_soon
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + max(delay, 0.0), callback, *args, context=context)

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self,
        coro: Any,
        *,
        name: str | None = None,
        context: Context | None = None,
        **_options: Any,
    ) -> Any:
        self._number += 1
        # The number is there before the constructor puts the task into sets.
        kind = SimulatedTask
        task = kind.__new__(kind)
        task.number = self._number
        context = context or copy_context()
        task.owner = process.of(context)
        task.__init__(coro, loop=self, name=name, context=context)  # type: ignore[misc]
        self.tasks.append(task)
        return task

    def _timer_handle_cancelled(self, _handle: asyncio.TimerHandle) -> None:
        self._cancelled += 1
        if self._cancelled > SWEEP and self._cancelled * 2 > len(self._timers):
            self._timers = [entry for entry in self._timers if not entry[2].cancelled()]
            heapq.heapify(self._timers)
            self._cancelled = 0

    def call_soon_threadsafe(  # type: ignore[override]  # whatever it is given, it refuses
        self, *_args: Any, **_options: Any
    ) -> NoReturn:
        raise OutsideError("a thread wants in: there are no threads in a simulation")

    def run_in_executor(  # type: ignore[override]  # as call_soon_threadsafe
        self, *_args: Any, **_options: Any
    ) -> NoReturn:
        raise OutsideError("work for an executor: there are no threads in a simulation")

    async def create_connection(self, *_args: Any, **_options: Any) -> NoReturn:
        raise OutsideError("a socket: the simulated network is reached through its dialer")

    async def getaddrinfo(self, *_args: Any, **_options: Any) -> NoReturn:
        raise OutsideError("a name to resolve: the simulated network is reached through its dialer")

    async def subprocess_exec(self, *_args: Any, **_options: Any) -> NoReturn:
        raise OutsideError("a process of the system: only simulated ones are here")

    # The schedule.

    def _push(self, when: float, handle: asyncio.Handle) -> None:
        self._number += 1
        heapq.heappush(self._timers, (when, self._number, handle))

    def _turn(self) -> None:
        timers, ready = self._timers, self._ready
        while timers and timers[0][0] <= self._now:
            ready.append(heapq.heappop(timers)[2])
        if not ready:
            if not timers:
                raise StuckError("nothing is left to do: the history waits for what never comes")
            self._now = timers[0][0]
            return
        size = len(ready)
        chosen = 0
        if size > 1:
            draw = self._dice.random()
            # One draw decides both: below a half the oldest, else any, evenly.
            chosen = 0 if draw < 0.5 else int((draw - 0.5) * 2.0 * size)
        handle = ready.pop(chosen)
        if handle.cancelled():
            return
        owner = process.of(handle._context)  # type: ignore[attr-defined]
        if owner is not None:
            if owner.is_dead:
                self._grave.append(handle)
                return
            if owner.stopped_until > self._now:
                self._push(owner.stopped_until, handle)
                return
        self.steps += 1
        if self.steps > self._limit:
            raise StuckError(f"over {self._limit} turns by {self._now:.3f} s: something spins")
        self._hash.update(_CHOICE.pack(chosen, size, self._now))
        handle._run()


def new_loop(dice: random.Random, *, limit: int = STEP_LIMIT) -> SimulatedLoop:
    """Return a loop at time 0. What it lacks of a loop would lead outside of the simulation."""
    return SimulatedLoop(dice, limit=limit)  # type: ignore[abstract]


def _unwind(coro: Any) -> None:
    """Run a coroutine to its end in a world where nothing happens any more."""
    # A cleanup may wait, and wait again; who does so for ever is left alone.
    for _ in range(100):
        try:
            coro.throw(Killed())
        except BaseException:  # noqa: BLE001 - whatever it says, its history is over
            return
