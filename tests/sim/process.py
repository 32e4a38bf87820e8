"""A simulated process: what dies as a whole, and what can be stopped and continued.

Whatever runs in its ``context`` belongs to it: the loop drops the turns of a dead process and
defers those of a stopped one, and the simulated ports refuse a dead process silently. It must
not know what runs in it.
"""

from __future__ import annotations

from contextvars import Context, ContextVar


class Killed(BaseException):
    """The process died in the middle of a call; nothing after it has any effect."""


class Process:
    """One run of the program. ``stopped_until`` is a SIGSTOP, on the loop's clock."""

    __slots__ = ("context", "is_dead", "name", "stopped_until")

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_dead = False
        self.stopped_until = 0.0
        self.context = Context()
        self.context.run(_current.set, self)

    def die(self) -> None:
        """End without a word: from here on nothing of it runs, and no port heeds it."""
        self.is_dead = True

    def stop(self, until: float) -> None:
        """Stand still until an instant of the loop's clock."""
        self.stopped_until = max(self.stopped_until, until)


_current: ContextVar[Process | None] = ContextVar("process", default=None)


def of(context: Context) -> Process | None:
    """Return the process that a context belongs to; None is the world around."""
    return context.get(_current)


def current() -> Process | None:
    """Return the process that runs now."""
    return _current.get()
