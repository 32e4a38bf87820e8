"""``vedette`` as a process that ends itself with SIGKILL at a crash point.

::

    python -m tests.support.killed '{"point": "cursor-moved", "visit": 2}' serve --config …
    python -m tests.support.killed                                  # a nursery

A nursery has imported the program and forks a process for each line it reads,
so that a start takes as long as the service needs and not as long as Python
does: many short lives are what it is for. It says each process's number, and
the status with which it ended.

Two points lie in the middle of what the system usually takes whole: half a
line, half a request. There, and only there, the system is made to take half.

Must not know: what a test delivers, and what it expects.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from vedette.cli.main import main
from vedette.crashpoint import Crashpoint, observe
from vedette.sinks import lines, webhook

#: Arms a death that waits for it; the service itself takes other signals.
ARM = signal.SIGUSR1
#: What is logged then.
ARMED = "armed"


class Death:
    """Ends this process at the ``visit``-th visit of a point, counted from ``arm`` on.

    With ``after`` visits count from the first one of that point on.
    """

    def __init__(
        self,
        point: Crashpoint,
        visit: int,
        *,
        armed: bool = True,
        after: Crashpoint | None = None,
    ) -> None:
        self._point = point
        self._after = after
        self._left = visit
        self._armed = armed
        # Points are on several threads; the n-th visit is one visit.
        self._lock = Lock()

    def arm(self) -> None:
        """Count from now on."""
        self._armed = True
        os.write(sys.stderr.fileno(), f"{ARMED}\n".encode())

    def __call__(self, point: Crashpoint) -> None:
        """Learn that a point is reached."""
        if not self._armed:
            return
        if self._after is not None:
            if point is self._after:
                self._after = None
            return
        if point is not self._point:
            return
        with self._lock:
            self._left -= 1
            if self._left == 0:
                # A signal to oneself is delivered before the call returns.
                os.kill(os.getpid(), signal.SIGKILL)


def doom(fate: Mapping[str, Any]) -> None:
    """Install the death that ``fate`` tells: ``point``, ``visit``, ``armed`` unless by ARM, ``after``."""
    after = fate.get("after")
    death = Death(
        Crashpoint(fate["point"]),
        int(fate.get("visit", 1)),
        armed=fate.get("armed", True),
        after=None if after is None else Crashpoint(after),
    )
    signal.signal(ARM, lambda _number, _frame: death.arm())
    observe(death)
    if fate["point"] == Crashpoint.LINE_TORN:
        _tear_lines()
    elif fate["point"] == Crashpoint.REQUEST_TORN:
        _tear_requests()


def _tear_lines() -> None:
    """Have each line be taken in two parts, as by a disk that was full for a moment."""

    def half(fd: int, data: bytes | memoryview) -> int:
        return os.write(fd, data[: (len(data) + 1) // 2])

    class Torn:
        """The module ``os`` as the sink for lines sees it, with another ``write``."""

        write = staticmethod(half)

        def __getattr__(self, name: str) -> Any:
            return getattr(os, name)

    vars(lines)["os"] = Torn()


def _tear_requests() -> None:
    """Have each request be taken in parts, as by a line whose buffers are full."""

    class Half(socket.socket):
        def send(self, data: Any, flags: int = 0) -> int:
            return super().send(memoryview(data)[: (len(data) + 1) // 2], flags)

    class Torn:
        """The module ``socket`` as the sink for webhooks sees it, with another class."""

        socket = Half

        def __getattr__(self, name: str) -> Any:
            return getattr(socket, name)

    vars(webhook)["socket"] = Torn()


def nursery() -> None:
    """Fork a process for each line of standard input, one at a time, until it ends."""
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(_live(request))
        _say(child)
        _, status = os.waitpid(child, 0)
        _say(os.waitstatus_to_exitcode(status))


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _live(request: Mapping[str, Any]) -> int:
    """Be the process that was asked for; return its exit status."""
    os.setsid()
    for number, file, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, request["out"], os.O_WRONLY | os.O_APPEND),
        (2, request["err"], os.O_WRONLY | os.O_APPEND),
    ):
        handle = os.open(file, flags)
        os.dup2(handle, number)
        os.close(handle)
    os.chdir(request["cwd"] or Path.cwd())
    os.environ.clear()
    os.environ.update(request["env"])
    if request["fate"] is not None:
        doom(request["fate"])
    try:
        return main(request["words"])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _run() -> int:
    if len(sys.argv) == 1:
        nursery()
        return 0
    doom(json.loads(sys.argv[1]))
    return main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(_run())
