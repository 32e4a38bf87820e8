"""A loop whose time jumps to the next timer when nothing else is to do.

Hours pass in microseconds and every instant is exact, so a test may say "after
three minutes" and mean it. Only for what waits on timers and futures: a real
socket, thread or process would be overtaken.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from selectors import SelectorKey
from typing import Any, TypeVar

T = TypeVar("T")

#: The wall clock at the loop's instant 0: a Tuesday in November 2023.
START = 1_700_000_000.0

#: Timer jumps in one test; a loop that wakes itself without end is a defect, not patience.
MAX_JUMPS = 2_000_000


class _Leap(selectors.DefaultSelector):
    """A selector that moves time on instead of sleeping."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.jumps = 0

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("nothing is left to do: the test waits for what never comes")
        if timeout > 0:
            self.now += timeout
            self.jumps += 1
            if self.jumps > MAX_JUMPS:
                raise AssertionError(f"over {MAX_JUMPS} timers: something spins")
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time; it begins at 0. ``unhandled`` is what nobody caught."""

    def __init__(self) -> None:
        self._leap = _Leap()
        super().__init__(self._leap)
        self.unhandled: list[dict[str, Any]] = []
        self.set_exception_handler(lambda _loop, context: self.unhandled.append(context))

    def time(self) -> float:
        return self._leap.now

    def leap(self, seconds: float) -> None:
        """Let time pass without a turn of the loop, as when the process is stopped."""
        self._leap.now += seconds


class VirtualClock:
    """The wall clock beside the loop's time; ``set_forward`` is a suspend or a clock set anew."""

    def __init__(self) -> None:
        self._offset = START

    def now(self) -> float:
        return self._offset + asyncio.get_running_loop().time()

    def set_forward(self, seconds: float) -> None:
        """Move the wall clock, and only it; negative sets it back."""
        self._offset += seconds


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a test in virtual time; an exception that nobody caught fails it (C9)."""
    loop = VirtualLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        result = runner.run(main)
    assert loop.unhandled == [], f"exceptions that nobody caught: {loop.unhandled}"
    return result


def elapsed() -> float:
    """Return the seconds since the test began."""
    return asyncio.get_running_loop().time()
