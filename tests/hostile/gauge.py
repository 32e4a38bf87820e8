"""What a run costs its loop and its memory, measured from inside: turns and peaks.

A turn is from the moment at which the loop looks up from its selector to the moment at which it
asks again: for so long nobody else is served. Its processor time is what counts; the clock on
the wall also tells of the machine's other tenants. Must not know what runs.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from contextlib import suppress
from pathlib import Path
from selectors import SelectorKey

_STATUS = Path("/proc/self/status")
_PEAK = Path("/proc/self/clear_refs")
#: What resets the peak (proc(5)).
_RESET = "5"
MIB = 1024 * 1024


class _Watched(selectors.DefaultSelector):
    """A selector that measures what happens between two questions."""

    def __init__(self) -> None:
        super().__init__()
        self.cpu = self.wall = 0.0
        self._cpu_at = time.thread_time()
        self._wall_at = time.perf_counter()

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        self.cpu = max(self.cpu, time.thread_time() - self._cpu_at)
        self.wall = max(self.wall, time.perf_counter() - self._wall_at)
        try:
            return super().select(timeout)
        finally:
            self._cpu_at, self._wall_at = time.thread_time(), time.perf_counter()


class Gauge:
    """Measures one loop and this process from ``begin`` on."""

    def __init__(self) -> None:
        self._selector = _Watched()
        self._peak_before = 0

    def loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop that is measured."""
        return asyncio.SelectorEventLoop(self._selector)

    def begin(self) -> None:
        """Forget what was, such as the imports of a start."""
        self._selector.cpu = self._selector.wall = 0.0
        # Not every container lets us; the peak then counts from the start of the process.
        with suppress(OSError):
            _PEAK.write_text(_RESET)
        self._peak_before = _peak()

    @property
    def longest(self) -> float:
        """Processor seconds of the longest turn."""
        return self._selector.cpu

    @property
    def longest_wall(self) -> float:
        """Seconds of the longest turn, other processes included."""
        return self._selector.wall

    @property
    def growth(self) -> float:
        """MiB by which the peak of resident memory has grown."""
        return (_peak() - self._peak_before) / MIB


def _peak() -> int:
    """Return the peak of resident memory in octets."""
    for line in _STATUS.read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("the kernel tells no peak of memory")
