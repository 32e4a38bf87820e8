"""Lines of some length between clients and a server, in a process of their own, with an eye each.

::

    client ── line: half a round trip each way ── server ── Maildir ◄── eye

A line notes when octets came in at either end. Its eye sees when the mailbox behind it, which had
something to announce, is empty: it looks into the folder itself, because a client that asked all
the time would take the locks and the processor that those who are measured need.

It runs as ``python -m bench.line``: says on which ports it listens, answers each line of input with
what was noted so far, and ends when the input does. Must not know: who is measured.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from itertools import count
from typing import Any

from bench.apart import apart
from bench.receiver import say
from tests.support.fault_proxy import FaultProxy
from tests.support.toxics import Flow, Onward, Pipe, Toxic, Way

#: Seconds between two looks into a folder.
_LOOK = 0.001
#: Seconds for which a mailbox is looked at.
_WATCH = 20.0
#: A loop sleeps whole milliseconds and wakes late: the last two are waited for without sleep.
_AWAKE = 0.002


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A line to be: seconds of its round trip, and the Maildir that is looked at."""

    trip: float
    folder: str


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """Octets that came in at one end: when, on which connection of the line, and from whom."""

    at: float
    cable: int
    up: bool


@dataclass(slots=True, kw_only=True)
class Log:
    """What was noted of a line; ``gone`` are the instants at which its mailbox became empty."""

    notes: list[Note] = field(default_factory=list)
    gone: list[float] = field(default_factory=list)


class _End(Toxic):
    """One end of a line: what comes in here arrives at the other end later."""

    def __init__(self, line: _Line, way: Way) -> None:
        super().__init__(way)
        self._line = line
        self._cables = count()

    def flow(self, _pipe: Pipe) -> Flow:
        return _Way(self._line, next(self._cables), up=self.way is Way.UP)


class _Line:
    """One line at work."""

    def __init__(self, lane: Lane) -> None:
        self.trip = lane.trip
        self.log = Log()
        self.ends = (_End(self, Way.UP), _End(self, Way.DOWN))
        # From "new" a message goes to "cur", so this order misses none.
        self._folders = (f"{lane.folder}/new", f"{lane.folder}/cur")
        self._eye: asyncio.Task[None] | None = None

    def note(self, cable: int, *, up: bool) -> None:
        self.log.notes.append(Note(time.monotonic(), cable, up))
        if not up and (self._eye is None or self._eye.done()) and self._holds():
            self._eye = asyncio.create_task(self._look())

    async def _look(self) -> None:
        end = time.monotonic() + _WATCH
        while time.monotonic() < end:
            if not self._holds():
                self.log.gone.append(time.monotonic())
                return
            await asyncio.sleep(_LOOK)

    def _holds(self) -> bool:
        for folder in self._folders:
            try:
                with os.scandir(folder) as found:
                    if next(found, None) is not None:
                        return True
            except FileNotFoundError:
                continue  # nobody has opened the mailbox yet
        return False


class _Way(Flow):
    """One way of one connection: each octet is under way for so long, however many there are."""

    def __init__(self, line: _Line, cable: int, *, up: bool) -> None:
        self._line = line
        self._cable = cable
        self._up = up
        # The proxy takes a connection at once; a line needs a round trip for that.
        self._open = line.trip if up else 0.0
        self._last: asyncio.Task[None] | None = None

    async def carry(self, data: bytes, onward: Onward) -> None:
        """Let the octets arrive later, in order, and take the next ones at once."""
        self._line.note(self._cable, up=self._up)
        due = time.monotonic() + self._line.trip / 2 + self._open
        self._open = 0.0
        self._last = asyncio.create_task(self._arrive(due, data, onward, self._last))

    async def closing(self) -> None:
        """Let all arrive before the end."""
        if self._last is not None:
            await self._last

    @staticmethod
    async def _arrive(
        due: float, data: bytes, onward: Onward, before: asyncio.Task[None] | None
    ) -> None:
        await asyncio.sleep(due - _AWAKE - time.monotonic())
        while time.monotonic() < due:  # noqa: ASYNC110 - the loop's timers round to milliseconds
            await asyncio.sleep(0)
        if before is not None:
            await before
        await onward(data)


async def serve(host: str, port: int, lanes: Sequence[Lane]) -> None:
    """Carry until the input ends."""
    lines = [_Line(lane) for lane in lanes]
    async with AsyncExitStack() as stack:
        ports = []
        for line in lines:
            proxy = await stack.enter_async_context(FaultProxy(host, port))
            for end in line.ends:
                proxy.put(end)
            ports.append(proxy.port)
        say({"ports": ports})
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
        )
        while await reader.readline():
            say({"logs": [asdict(line.log) for line in lines]})


class Lines:
    """Running lines; ``ports`` are their near ends, in the order of the lanes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.ports: list[int] = self._read()["ports"]

    def logs(self) -> list[Log]:
        """Return what was noted of each line so far."""
        assert self._process.stdin is not None
        self._process.stdin.write("report\n")
        self._process.stdin.flush()
        return [
            Log(notes=[Note(**each) for each in log["notes"]], gone=log["gone"])
            for log in self._read()["logs"]
        ]

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        found: dict[str, Any] = json.loads(self._process.stdout.readline() or "{}")
        if not found:
            raise RuntimeError("the process of the lines ended")
        return found


@contextmanager
def lines(host: str, port: int, lanes: Sequence[Lane]) -> Iterator[Lines]:
    """Lay lines to a server for the time of a ``with``."""
    given = json.dumps([host, port, [asdict(lane) for lane in lanes]])
    with apart("bench.line", given) as process:
        yield Lines(process)


if __name__ == "__main__":
    _host, _port, _lanes = json.loads(sys.argv[1])
    asyncio.run(serve(_host, _port, [Lane(**each) for each in _lanes]))
