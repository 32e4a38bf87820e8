"""What goes from the loop to the writer's thread, and what waits before it goes.

A job with patience stays on the loop until others of its kind have come, or another job that it
must not follow: it costs less of a transaction then, and wakes nobody. Only a job that is in haste
passes it, so that a commit of mail does not wait for more than itself. A note does not even go: the thread
finds it in the notebook when it writes anyway, or is told when it has waited long enough.

It must not know what a job does.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, unique
from queue import Empty, SimpleQueue
from typing import Any, Final

#: Seconds a note may wait for company: half of the second that the port promises.
NOTE: Final = 0.5


@dataclass(slots=True, kw_only=True, eq=False)
class Job:
    """One piece of work, and on its way back what came of it.

    ``done`` is called on the loop when it was done, whether somebody waits for ``reply`` or not.
    What is not ``lasting`` may be undone by a loss of power.
    """

    work: Callable[[sqlite3.Connection], Any]
    writes: bool
    reply: asyncio.Future[Any]
    lasting: bool = True
    done: Callable[[], None] | None = None
    value: Any = None
    error: Exception | None = None


@unique
class Signal(Enum):
    """What else comes through the queue."""

    NOTED = "noted"
    STOP = "stop"


class Jobs:
    """The queue. ``get`` and ``is_empty`` are for the thread, all else is the loop's."""

    __slots__ = ("_noting", "_patient", "_queue", "_release")

    def __init__(self) -> None:
        self._queue: SimpleQueue[list[Job] | Signal] = SimpleQueue()
        self._patient: list[Job] = []
        self._release: asyncio.TimerHandle | None = None
        self._noting: asyncio.TimerHandle | None = None

    def put(self, job: Job, *, in_haste: bool = False) -> None:
        """Send a job, and before it what waited unless it is in haste."""
        self._queue.put([job] if in_haste else [*self._taken(), job])

    def put_later(self, job: Job, patience: float) -> None:
        """Send a job with the next one that is not in haste, or in ``patience`` seconds."""
        self._patient.append(job)
        if self._release is None:
            self._release = asyncio.get_running_loop().call_later(patience, self._released)

    def note(self) -> None:
        """Have the thread look into the notebook before long."""
        if self._noting is None:
            self._noting = asyncio.get_running_loop().call_later(NOTE, self._noted)

    def signal(self, signal: Signal) -> None:
        """Send a signal, and before it what waited."""
        self._released()
        if self._noting is not None:
            self._noting.cancel()
            self._noting = None
        self._queue.put(signal)

    def get(self, wait: float | None) -> list[Job] | Signal | None:
        """Return what comes within ``wait`` seconds, or ever for None."""
        try:
            return self._queue.get(timeout=wait)
        except Empty:
            return None

    def get_more(self) -> list[Job] | Signal | None:
        """Return what is there."""
        try:
            return self._queue.get_nowait()
        except Empty:
            return None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is there now."""
        return self._queue.empty()

    def _taken(self) -> list[Job]:
        patient = self._patient
        if patient:
            self._patient = []
        if self._release is not None:
            self._release.cancel()
            self._release = None
        return patient

    def _released(self) -> None:
        patient = self._taken()
        if patient:
            self._queue.put(patient)

    def _noted(self) -> None:
        self._noting = None
        self._queue.put(Signal.NOTED)
