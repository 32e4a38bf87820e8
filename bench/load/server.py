"""A load server as a benchmark sees it: start it, let mail arrive, read its counters.

Must not know: how it serves.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from bench.load.books import Books, Counters
from bench.load.chain import issue
from bench.load.options import Load

#: Seconds for a server of any size to start or to end.
_START = 30.0
_END = 15.0
_ROOT = Path(__file__).parents[2]


class LoadServer:
    """A running server. ``host`` is what the certificate is for; ``ca_file`` is to be trusted."""

    host = "localhost"

    def __init__(self, load: Load, folder: Path, process: subprocess.Popen[str]) -> None:
        self.load = load
        self.ca_file = folder / "ca.pem"
        self._folder = folder
        self._orders: IO[str] = _there(process.stdin)
        ready = json.loads(_there(process.stdout).readline() or "{}")
        if "port" not in ready:
            raise RuntimeError("the load server did not start")
        self.port: int = ready["port"]
        self._books = Books(folder / "books", load.mailboxes)

    def deliver(self, mailbox: int, *, size: int = 0) -> None:
        """Let a message arrive in one mailbox; ``size`` in octets, 0 is the server's usual one."""
        self._do("deliver", first=mailbox, last=mailbox + 1, size=size)

    def deliver_all(self, first: int = 0, last: int | None = None, *, size: int = 0) -> None:
        """Let one message arrive in each mailbox of a range, at once."""
        self._do("deliver", first=first, last=self._last(last), size=size)

    def arrive(
        self,
        rate: float,
        *,
        first: int = 0,
        last: int | None = None,
        size: int = 0,
        count: int = 2**31,
    ) -> None:
        """Let messages arrive in random mailboxes of a range, ``rate`` a second; 0 ends it."""
        self._stream("arrivals", rate, first, last, size, count)

    def drop(self, mailbox: int) -> None:
        """Cut the connection of a mailbox."""
        self._do("drop", first=mailbox)

    def drops(self, rate: float, *, first: int = 0, last: int | None = None) -> None:
        """Cut connections of random mailboxes, ``rate`` a second; 0 ends it."""
        self._stream("drops", rate, first, last, 0, 2**31)

    def restart(self, seconds: float) -> None:
        """Cut every connection and refuse new ones for so long."""
        self._do("restart", seconds=seconds)

    def count(self, mailbox: int) -> int:
        """Return how many messages a mailbox has; UIDs are 1 to that."""
        return self._books.count(mailbox)

    def sent(self, mailbox: int, uid: int) -> int:
        """Return when a message was announced, in nanoseconds of CLOCK_MONOTONIC."""
        return self._books.facts(mailbox, uid)[0]

    def stats(self) -> Counters:
        """Return the sum of all counters."""
        return self._books.total()

    def transcript(self) -> list[tuple[int, str, str]]:
        """Return the conversation with the mailbox that ``Load.transcript`` names: (ns, who, what)."""
        path = self._folder / f"transcript-{self.load.transcript}.json"
        path.unlink(missing_ok=True)
        self._do("transcript", first=self.load.transcript)
        deadline = time.monotonic() + _END
        while not path.exists():
            if time.monotonic() > deadline:
                raise TimeoutError("the load server wrote no transcript")
            time.sleep(0.01)
        notes: list[tuple[int, str, str]] = [tuple(note) for note in json.loads(path.read_text())]
        return notes

    def close(self) -> None:
        """Let go of the shared memory."""
        self._books.close()

    def _last(self, last: int | None) -> int:
        return self.load.mailboxes if last is None else last

    def _stream(
        self, name: str, rate: float, first: int, last: int | None, size: int, count: int
    ) -> None:
        self._do(
            "stream",
            name=name,
            rate=rate,
            first=first,
            last=self._last(last),
            size=size,
            count=count,
        )

    def _do(self, what: str, **how: Any) -> None:
        self._orders.write(json.dumps({"do": what, **how}) + "\n")
        self._orders.flush()


@contextmanager
def load_server(load: Load) -> Iterator[LoadServer]:
    """Run a server in processes of its own for the time of a ``with``."""
    with tempfile.TemporaryDirectory(prefix="vd-load-") as name:
        folder = Path(name)
        issue(folder)
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.load.conductor", load.to_json(), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=_ROOT,
        )
        try:
            server = LoadServer(load, folder, process)
            try:
                yield server
            finally:
                server.close()
        finally:
            _there(process.stdin).close()
            try:
                process.wait(_END)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            _there(process.stdout).close()


def _there(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise RuntimeError("the process has no such pipe")
    return pipe
