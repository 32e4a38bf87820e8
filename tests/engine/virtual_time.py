"""A loop whose time jumps to the next timer when nothing else is to do.

Hours pass in microseconds and every instant is exact. Only for what waits on
timers and futures: a real socket, process or thread would be overtaken.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from selectors import SelectorKey
from typing import Any, TypeVar

T = TypeVar("T")

#: The wall clock at the loop's instant 0.
START = 1_700_000_000.0


class _Leap(selectors.DefaultSelector):
    """A selector that moves the loop's time on instead of sleeping."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("nothing is left to do: the test waits for what never comes")
        if timeout > 0:
            # A hair more, as a real wait: a timer is due only when its instant is past.
            self.now += timeout
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time; it begins at 0."""

    def __init__(self) -> None:
        self._leap = _Leap()
        super().__init__(self._leap)

    def time(self) -> float:
        return self._leap.now


class VirtualClock:
    """The wall clock beside the loop's time."""

    def now(self) -> float:
        return START + asyncio.get_running_loop().time()


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a test in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


def elapsed() -> float:
    """Return the seconds since the test began."""
    return asyncio.get_running_loop().time()
