"""A client that is measured, as a figure sees it: its process, its orders, its memory and its CPU.

Must not know: which client; what is measured.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

from bench.peers.environment import Program

_ROOT = Path(__file__).parents[1]
_PAGE = os.sysconf("SC_PAGESIZE")
#: Seconds for any one order, and for the end.
_DEADLINE = 300.0
_FAREWELL = 20.0
#: Octets of a client's words on its standard error that are shown.
_WORDS = 2000


class ClientError(Exception):
    """A client did not do what it was ordered; the message says which and what it said."""


class Server(Protocol):
    """Where clients connect to."""

    host: str
    port: int
    ca_file: Path


class Client:
    """A running client."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], words: IO[bytes]) -> None:
        self.name = name
        self.pid = process.pid
        self._process = process
        self._words = words
        self._inbound = b""

    def do(self, what: str, **how: Any) -> dict[str, Any]:
        """Give an order and return the answer; raise ClientError when none comes."""
        self.begin(what, **how)
        return self.answer()

    def begin(self, what: str, **how: Any) -> None:
        """Give an order and do not wait."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"do": what, **how}).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise self._failed("ended") from error

    def answer(self) -> dict[str, Any]:
        """Return the answer to the order given last."""
        assert self._process.stdout is not None
        number, end = self._process.stdout.fileno(), time.monotonic() + _DEADLINE
        while b"\n" not in self._inbound:
            ready, _, _ = select.select([number], [], [], max(0.0, end - time.monotonic()))
            chunk = os.read(number, 1 << 20) if ready else b""
            if not chunk:
                raise self._failed("did not answer" if not ready else "ended")
            self._inbound += chunk
        line, _, self._inbound = self._inbound.partition(b"\n")
        found: dict[str, Any] = json.loads(line)
        return found

    def latencies(self) -> list[float]:
        """Return the latencies since the last report, in seconds, sorted."""
        return sorted(each / 1e9 for each in self.do("report")["latencies"])

    def rss(self) -> int:
        """Return the resident memory in octets, of the process that holds the connections."""
        return _resident(self.pid)

    def rss_of_all(self) -> int:
        """Return the resident memory in octets, of all its processes."""
        return sum(_resident(pid) for pid in self._family())

    def cpu(self) -> float:
        """Return the processor seconds used so far, of all its processes."""
        return sum(_used(pid) for pid in self._family())

    def pin(self, core: int) -> None:
        """Keep the process on one core, with its threads, and what it starts from now on."""
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), {core})

    def _family(self) -> list[int]:
        found = [self.pid]
        for pid in found:
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                found += [int(word) for word in children.read_text(encoding="ascii").split()]
        return found

    def _failed(self, how: str) -> ClientError:
        self._words.seek(0)
        said = self._words.read()[-_WORDS:].decode("utf-8", "replace").strip()
        return ClientError(f"{self.name} {how}: {said}")


@contextmanager
def client(
    name: str, program: Program, server: Server, more: Mapping[str, Any] | None = None
) -> Iterator[Client]:
    """Run a client for the time of a ``with``; it has a folder for its state."""
    folder = tempfile.mkdtemp(prefix="vd-bench-", dir=_ROOT / ".cache")
    given = {
        "host": server.host,
        "port": server.port,
        "ca_file": str(server.ca_file),
        "state": f"{folder}/state",
        **(more or {}),
    }
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(
            [*program.argv, json.dumps(given)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=words,
            cwd=_ROOT,
            env=os.environ | {"PYTHONPATH": f"{_ROOT / 'src'}:{_ROOT}"},
        )
        try:
            one = Client(name, process, words)
            # What follows is measured, and the start of an interpreter is no part of it.
            one.do("report")
            yield one
        finally:
            _end(process)
            shutil.rmtree(folder, ignore_errors=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.close()
        process.wait(_FAREWELL)
    except (BrokenPipeError, subprocess.TimeoutExpired):
        process.kill()
        process.wait()
    process.stdout.close()


def _resident(pid: int) -> int:
    words = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    return int(words[1]) * _PAGE


def _used(pid: int) -> float:
    # The clock of a process by its number, in nanoseconds (MAKE_PROCESS_CPUCLOCK with
    # CPUCLOCK_SCHED in Linux's posix-timers.h); /proc counts in hundredths of a second.
    return time.clock_gettime(~pid << 3 | 2)
