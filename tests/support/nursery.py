"""Starts services from a process that has imported the program once; see ``killed``.

Must not know: what a service does.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.killed import ARM, ARMED
from tests.support.service import Service, environment

#: The import of the program on a busy machine, and a fork at any time.
_PATIENCE = 60.0


class Forked:
    """One process out of a nursery, with as much of ``subprocess.Popen`` as a service needs."""

    def __init__(self, nursery: subprocess.Popen[bytes]) -> None:
        self._nursery = nursery
        self._buffer = b""
        self.returncode: int | None = None
        self.pid = self._number(_PATIENCE)

    def poll(self) -> int | None:
        """Return the status if it has ended."""
        if self.returncode is None:
            with suppress(subprocess.TimeoutExpired):
                self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the status when it has ended; raise TimeoutExpired."""
        if self.returncode is None:
            self.returncode = self._number(timeout)
        return self.returncode

    def send_signal(self, sig: int) -> None:
        """Send a signal if it still lives."""
        if self.poll() is None:
            # It may have ended a moment ago, and its number is no other's so soon.
            with suppress(ProcessLookupError):
                os.kill(self.pid, sig)

    def kill(self) -> None:
        """End it without a word."""
        self.send_signal(signal.SIGKILL)

    def _number(self, timeout: float | None) -> int:
        pipe = self._nursery.stdout
        if pipe is None:
            raise RuntimeError("the nursery was started without its pipes")
        end = None if timeout is None else time.monotonic() + timeout
        while b"\n" not in self._buffer:
            left = None if end is None else max(end - time.monotonic(), 0.0)
            if not select.select([pipe], [], [], left)[0]:
                raise subprocess.TimeoutExpired("vedette", timeout or 0.0)
            # No more than there is: the pipe is not read ahead of what it has.
            piece = os.read(pipe.fileno(), 64)
            if not piece:
                raise RuntimeError(f"the nursery ended with {self._nursery.wait(_PATIENCE)}")
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\n")
        return int(line)


class Nursery:
    """A context that starts services, one at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.killed"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
        )

    def service(
        self, words: Sequence[str], *, folder: Path, fate: Mapping[str, Any] | None = None
    ) -> Service:
        """Start ``vedette`` with these words; ``fate`` is as ``killed`` reads it."""

        def start(words: Sequence[str], out: Path, err: Path) -> Forked:
            request = {
                "words": list(words),
                "out": str(out),
                "err": str(err),
                "cwd": None,
                "env": environment(),
                "fate": fate,
            }
            pipe = self._process.stdin
            if pipe is None:
                raise RuntimeError("the nursery was started without its pipes")
            pipe.write(json.dumps(request).encode() + b"\n")
            pipe.flush()
            return Forked(self._process)

        return Service(words, folder=folder, start=start)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_PATIENCE)


def arm(service: Service) -> None:
    """Let the death of a service count from now on; return when it does."""
    service.process.send_signal(ARM)
    service.until_logged(ARMED)
