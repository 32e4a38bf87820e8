"""Plays a dialog: the server's part against the real engine, in virtual time.

Stage directions::

    (the client connects)            the next connection; the one before must be over
    (the client hangs up)            after a LOGOUT or without one
    (the server hangs up)            (the connection is reset)
    (the server can not be reached)  holds for the next dial; (… hangs) never answers it
    (the client says nothing for 60 s)
    (30 s pass)                      the server says nothing
    (300 s pass in peace)            the server answers what an idle client asks, and has nothing
    (within 5 s)                     the client's next step is not later than this
    (not before 20 s)                nor earlier than this
    (in one segment)                 the run of S: or C: lines that follows is one write
    (byte by byte)                   the run of S: lines that follows comes an octet at a time
    (TLS starts)                     waits for the client's handshake
    (the password becomes x)         (the service restarts) (the clock is set 3600 s forward)
    (the store fails 2 times)        (the watcher dies)
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import groupby

from tests.support.dialog import Kind, Line, octets
from tests.support.expectation import check
from tests.support.peace import Peace
from tests.support.wire import Wire, WireDialer
from tests.support.world import ACCOUNT, Watch, quiet
from vedette.errors import NetworkError, StoreFullError

#: How a dialog writes a line that is nothing but its CRLF.
EMPTY = "(an empty line)"

#: Virtual seconds in which the client has to say what the dialog has it say.
PATIENCE = 900.0


class Player:
    """The server's part of one dialog."""

    def __init__(self, lines: tuple[Line, ...]) -> None:
        self.dialer = WireDialer(self._accepted)
        self._lines = lines
        self._watch: Watch | None = None
        self._wire: Wire | None = None
        self._waiting: deque[Wire] = deque()
        self._heard: deque[tuple[str, int]] = deque()  # lines, and the write each came in
        self._writes = 0
        self._rest = b""
        self._change = asyncio.Event()
        self._tags: dict[str, str] = {}
        self._moment = 0.0
        self._not_before: float | None = None
        self._not_after: float | None = None
        self._segment = self._slowly = False
        self._stages = self._directions()

    async def play(self, watch: Watch) -> None:
        """Play the dialog to its end; AssertionError names the line that failed."""
        self._watch = watch
        steps = [line for line in self._lines if line.kind is not Kind.GIVEN]
        for kind, run in groupby(steps, key=lambda line: line.kind):
            await self._run(kind, list(run))
        await quiet()
        assert not self._heard, f"the client goes on, unexpected: {self._unanswered}"

    @property
    def watch(self) -> Watch:
        assert self._watch is not None
        return self._watch

    @property
    def wire(self) -> Wire:
        assert self._wire is not None, "the client has not connected yet"
        return self._wire

    @property
    def _unanswered(self) -> list[str]:
        return [said for said, _ in self._heard]

    async def _run(self, kind: Kind, run: list[Line]) -> None:
        if kind is Kind.SERVER:
            self._say(run)
        elif kind is Kind.CLIENT:
            await self._hear(run)
        for line in run if kind in {Kind.STAGE, Kind.EXPECT} else ():
            if kind is Kind.EXPECT:
                await quiet()
                check(line, self.watch)
            else:
                await self._direct(line)
        if kind is not Kind.STAGE:
            self._segment = self._slowly = False
            self._moment = asyncio.get_running_loop().time()

    # What is said.

    def _say(self, run: list[Line]) -> None:
        lines = [octets(self._with_tag(line.text)) + b"\r\n" for line in run]
        if self._segment:
            lines = [b"".join(lines)]
        for line in lines:
            for segment in (
                [line[at : at + 1] for at in range(len(line))] if self._slowly else [line]
            ):
                self.wire.feed(segment)

    def _with_tag(self, text: str) -> str:
        tag, space, rest = text.partition(" ")
        return f"{self._tags.get(tag, tag)}{space}{rest}"

    async def _hear(self, run: list[Line]) -> None:
        writes = set()
        for line in run:
            said, write = await self._next(line)
            writes.add(write)
            expected, tag = line.text.replace(EMPTY, ""), said.split(" ")[0]
            label = expected.split(" ")[0]
            if " " in expected:
                self._tags[label] = tag
                said = said.replace(tag, label, 1)
            pattern = ".*".join(re.escape(part) for part in expected.split("…"))
            assert re.fullmatch(pattern, said), f"{line.place}: the client said {said!r}"
        if self._segment:
            assert len(writes) == 1, f"{run[0].place}: this took {len(writes)} writes"

    async def _next(self, line: Line) -> tuple[str, int]:
        await self._until(line, lambda: bool(self._heard) or not self.wire.is_open, line.text)
        assert self._heard, f"{line.place}: the client hung up instead of: {line.text}"
        return self._heard.popleft()

    async def _until(self, line: Line, holds: Callable[[], bool], what: str) -> None:
        """Wait until something holds that the client does, in the time that was given."""
        loop = asyncio.get_running_loop()
        limit = self._moment + (PATIENCE if self._not_after is None else self._not_after)
        try:
            async with asyncio.timeout_at(limit + 0.001):
                while not holds():
                    self._change.clear()
                    await self._change.wait()
        except TimeoutError:
            raise AssertionError(f"{line.place}: the client did not in time: {what}") from None
        waited = loop.time() - self._moment
        if self._not_before is not None:
            assert waited >= self._not_before, f"{line.place}: came after {waited:.3f} s already"
        self._not_before = self._not_after = None

    # What is heard.

    def _accepted(self, wire: Wire) -> None:
        wire.on_data = lambda data: self._take(wire, data)
        wire.on_close = self._change.set
        self._waiting.append(wire)
        self._change.set()

    def _take(self, wire: Wire, data: bytes) -> None:
        if wire is self._wire:
            *lines, self._rest = (self._rest + data).split(b"\r\n")
            self._writes += 1
            self._heard.extend(
                (line.decode("utf-8", "backslashreplace"), self._writes) for line in lines
            )
            self._change.set()

    # Stage directions.

    def _directions(self) -> dict[str, Callable[..., object]]:
        return {
            r"the client connects": self._connects,
            r"the client hangs up": self._hangs_up,
            r"the client says nothing for ([\d.]+) s": self._silent,
            r"TLS starts": self._tls_starts,
            r"(\d+) s pass": self._pass,
            r"(\d+) s pass in peace": self._pass_in_peace,
            r"the server hangs up": lambda _line: self.wire.end(),
            r"the connection is reset": lambda _line: self.wire.end(
                NetworkError("connection reset by peer")
            ),
            r"the server can not be reached": lambda _line: self.dialer.refusing.append(
                NetworkError("connection refused")
            ),
            r"the dial hangs": lambda _line: setattr(self.dialer, "silent", True),
            r"the dial works again": lambda _line: setattr(self.dialer, "silent", False),
            r"within ([\d.]+) s": lambda _line, most: setattr(self, "_not_after", float(most)),
            r"not before ([\d.]+) s": lambda _line, least: setattr(
                self, "_not_before", float(least)
            ),
            r"in one segment": lambda _line: setattr(self, "_segment", True),
            r"byte by byte": lambda _line: setattr(self, "_slowly", True),
            r"the password becomes (\S+)": self._new_password,
            r"the service restarts": self._restarts,
            r"the clock is set (\d+) s (forward|back)": self._clock_is_set,
            r"the store fails (\d+) times": lambda _line, times: self.watch.store.fail(
                StoreFullError("no space left on the disk"), int(times)
            ),
            r"the watcher dies": self._watcher_dies,
        }

    async def _direct(self, line: Line) -> None:
        for pattern, direction in self._stages.items():
            found = re.fullmatch(pattern, line.text)
            if found is not None:
                result = direction(line, *found.groups())
                if asyncio.iscoroutine(result):
                    await result
                    self._moment = asyncio.get_running_loop().time()
                return
        raise AssertionError(f"{line.place}: no stage direction is called ({line.text})")

    async def _connects(self, line: Line) -> None:
        await self._until(line, lambda: bool(self._waiting), line.text)
        assert self._wire is None or not self._wire.is_open, f"{line.place}: one link is enough"
        assert not self._heard, f"{line.place}: nobody answered {self._unanswered}"
        self._wire, self._rest = self._waiting.popleft(), b""

    async def _hangs_up(self, line: Line) -> None:
        while self.wire.is_open or self._heard:
            await self._until(line, lambda: bool(self._heard) or not self.wire.is_open, line.text)
            if self._heard:
                said, _ = self._heard.popleft()
                if said != "DONE":
                    assert said.endswith(" LOGOUT"), f"{line.place}: the client said {said!r}"
                    self.wire.feed(b"* BYE bye\r\n%b OK\r\n" % said.split()[0].encode())

    async def _tls_starts(self, line: Line) -> None:
        while not self.wire.tls:
            assert self.wire.is_open, f"{line.place}: the client hung up"
            await asyncio.sleep(0)

    async def _pass(self, line: Line, seconds: str) -> None:
        await asyncio.sleep(float(seconds))

    async def _silent(self, line: Line, seconds: str) -> None:
        await asyncio.sleep(float(seconds))
        assert not self._heard, f"{line.place}: the client said {self._unanswered}"

    async def _pass_in_peace(self, line: Line, seconds: str) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + float(seconds)
        peace = Peace(self._tags)
        while True:
            await quiet()
            while self._heard:
                self.wire.feed(peace.answer(self._heard.popleft()[0], line.place))
                await quiet()
            if loop.time() >= end:
                return
            self._change.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(end):
                    await self._change.wait()

    async def _new_password(self, line: Line, password: str) -> None:
        self.watch.setting.password = password
        await self.watch.assign()

    async def _restarts(self, line: Line) -> None:
        await self.watch.restart()

    async def _clock_is_set(self, line: Line, seconds: str, where: str) -> None:
        self.watch.clock.set_forward(float(seconds) if where == "forward" else -float(seconds))

    async def _watcher_dies(self, line: Line) -> None:
        task = self.watch.supervisor._watchers[ACCOUNT].task
        assert task is not None
        task.cancel()
