"""One trial: a hostile server and an honest neighbour, one engine in a process of its own.

The engine has seen one mail of each before anything is measured. Must not know any attack.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.hostile.server import Server

#: What a loaded machine may need until the next mail is told (seconds).
PATIENCE = 200.0

ROOT = Path(__file__).parents[2]

#: Processor seconds that one turn of the loop may take: the promise of the product.
LONGEST_TURN = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a trial cost: the longest turn in processor seconds, and growth in MiB."""

    longest: float
    longest_wall: float
    growth: float
    crash: str | None


class Trial:
    """Use it as a context; ``victim`` is watched at ``hostile``, ``neighbour`` at ``honest``."""

    def __init__(
        self,
        state: Path,
        *,
        capabilities: str = "IMAP4rev1 IDLE",
        victim: str = "victim",
    ) -> None:
        self.hostile = Server(capabilities=capabilities)
        self.honest = Server()
        self.victim = victim
        self.lines: list[dict[str, Any]] = []
        self._state = state
        self._arriving: queue.Queue[dict[str, Any]] = queue.Queue()
        self._mails = 0

    def __enter__(self) -> Self:
        ports = [f"{self.victim}={self.hostile.port}", f"neighbour={self.honest.port}"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.hostile.subject", str(self._state), *ports],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
        )
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()
        for account in (self.victim, "neighbour"):
            self.until(partial(_connected, account), "a connect")
        self.next_mail_comes()
        self.next_mail_comes(self.hostile)
        self._say("measure\n")
        self.until(lambda line: "measuring" in line, "a gauge")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(PATIENCE)
        self._reading.join(PATIENCE)
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        for server in (self.hostile, self.honest):
            server.__exit__(None, None, None)

    def next_mail_comes(self, server: Server | None = None) -> None:
        """Deliver a small mail, to the neighbour unless told otherwise; wait for its event."""
        self._mails += 1
        subject = f"number {self._mails}"
        chosen = self.honest if server is None else server
        chosen.deliver(b"From: a@b.example\r\nSubject: %b\r\n\r\nHello\r\n" % subject.encode())
        self.until(
            lambda line: line.get("event") == "message.received" and line["subject"] == subject,
            f"event of {subject}",
        )

    def until(self, fits: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """Wait for a line, one that came already included; return it."""
        for line in self.lines:
            if fits(line):
                return line
        end = time.monotonic() + PATIENCE
        while True:
            try:
                line = self._arriving.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {what} within {PATIENCE} s: {self.lines[-5:]}") from None
            self.lines.append(line)
            if fits(line):
                return line
            assert "ended" not in line, f"no {what}: the engine ended; {self.lines[-5:]}"

    def fired(self, times: int = 1) -> None:
        """Wait until the attack is over: all was taken, or the client has left."""
        end = time.monotonic() + PATIENCE
        while self.hostile.fired < times:
            assert time.monotonic() < end, f"the attack goes on: {self.lines[-5:]}"
            time.sleep(0.01)

    def measure(self) -> Measured:
        """End the engine and return what the trial cost."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        found = self.until(lambda line: "longest" in line, "figures")
        measured = Measured(
            longest=found["longest"],
            longest_wall=found["longest_wall"],
            growth=found["growth"],
            crash=found["crash"],
        )
        sys.stdout.write(
            f"longest turn {measured.longest * 1000:.0f} ms of processor time"
            f" ({measured.longest_wall * 1000:.0f} ms by the wall),"
            f" {measured.growth:.0f} MiB more\n"
        )
        return measured

    def _say(self, words: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(words)
        self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._arriving.put(json.loads(line))
        self._arriving.put({"ended": True})


def _connected(account: str, line: dict[str, Any]) -> bool:
    return line.get("connected") == account


def bounded(measured: Measured, *, growth: float) -> None:
    """Hold what was measured against the promise: no stall, no memory beyond ``growth`` MiB."""
    assert measured.crash is None
    assert measured.longest < LONGEST_TURN, f"the loop stood still for {measured.longest:.3f} s"
    assert measured.growth < growth, f"{measured.growth:.0f} MiB more"
