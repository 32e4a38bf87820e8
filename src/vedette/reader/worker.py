"""One worker process as seen from the event loop: start, ask, kill.

The parent is never forked: a fresh interpreter is executed, with an environment of
its own, so that no password of the parent is in the process that reads hostile mail.
It must not know which messages are worth a worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vedette.mime import Message, from_wire
from vedette.reader import frame
from vedette.reader.errors import Cause, ReaderKilled, ReaderUnavailable

_READY = b"ready"
# A cold start loads some 100 modules: 0.2 s on an idle machine, seconds on a busy one.
_START_SECONDS = 30.0
# A killed process is gone as soon as the kernel gets to it.
_KILL_SECONDS = 10.0
_CHUNK = 256 * 1024


class Worker:
    """A running worker; used for one request at a time."""

    __slots__ = ("_answers", "_process", "_requests")

    def __init__(
        self, process: Process, requests: asyncio.StreamWriter, answers: asyncio.StreamReader
    ) -> None:
        self._process = process
        self._requests = requests
        self._answers = answers

    @classmethod
    async def start(cls, program: Sequence[str], memory: int, cpu_seconds: float) -> Worker:
        """Start a worker and wait until it is ready.

        Raises ``ReaderUnavailable`` if it can not be started.
        """
        paths = os.pathsep.join(path for path in sys.path if path)
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                *program,
                str(memory),
                str(cpu_seconds),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env={"PYTHONPATH": paths},
            )
        except OSError as error:
            raise ReaderUnavailable(f"no mail reader could be started: {error}") from error
        if process.stdin is None or process.stdout is None:
            raise ReaderUnavailable("a mail reader was started without its pipes")
        worker = cls(process, process.stdin, process.stdout)
        try:
            async with asyncio.timeout(_START_SECONDS):
                ready = await worker._frame()
        except (TimeoutError, EOFError, OSError, ReaderKilled) as error:
            await worker.kill()
            raise ReaderUnavailable("a mail reader was started but did not get ready") from error
        except BaseException:
            await worker.kill()
            raise
        if ready != _READY:
            await worker.kill()
            raise ReaderUnavailable("a mail reader was started but is not one of ours")
        return worker

    @property
    def alive(self) -> bool:
        """Whether the process has not been seen to end."""
        return self._process.returncode is None

    async def ask(self, request: dict[str, Any], source: bytes | Path) -> Message:
        """Have one message read.

        Raises ``ReaderKilled`` when the worker dies on it or answers nonsense, and
        ``ReaderUnavailable`` when the spool file can not be read.
        """
        path = str(source) if isinstance(source, Path) else None
        try:
            await self._send(json.dumps({**request, "path": path}).encode())
            if isinstance(source, bytes):
                await self._send(source)
            answer = await self._frame()
        except (EOFError, OSError) as error:
            raise await self._death() from error
        try:
            found = json.loads(answer)
            if "error" in found:
                raise ReaderUnavailable(f"the spool file {path} can not be read: {found['error']}")
            return from_wire(found["message"])
        except (ValueError, TypeError, KeyError) as error:
            raise ReaderKilled(
                "the mail reader gave an answer that is no message", cause=Cause.ANSWER
            ) from error

    async def kill(self) -> None:
        """End the process, whatever it does, and wait until it is gone. Idempotent."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        self._requests.close()
        async with asyncio.timeout(_KILL_SECONDS):
            await self._process.wait()

    async def _send(self, body: bytes) -> None:
        writer = self._requests
        writer.write(frame.LENGTH.pack(len(body)))
        view = memoryview(body)
        for at in range(0, len(view), _CHUNK):
            writer.write(view[at : at + _CHUNK])
            await writer.drain()

    async def _frame(self) -> bytes:
        (length,) = frame.LENGTH.unpack(await self._answers.readexactly(frame.LENGTH.size))
        if length > frame.MOST_ANSWER:
            raise ReaderKilled("the mail reader gave too long an answer", cause=Cause.ANSWER)
        return await self._answers.readexactly(length)

    async def _death(self) -> ReaderKilled:
        # Wait first: to signal a process that has just died makes asyncio lose its status.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_KILL_SECONDS):
                await self._process.wait()
        await self.kill()
        status = self._process.returncode
        if status == -signal.SIGXCPU:
            return ReaderKilled(
                "the message used up the processor time of its reader",
                cause=Cause.CPU,
                status=status,
            )
        how = f"signal {-status}" if status is not None and status < 0 else f"status {status}"
        return ReaderKilled(
            f"the mail reader died on this message ({how})", cause=Cause.DIED, status=status
        )
