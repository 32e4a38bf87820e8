"""A command run for each event: the event on its standard input, its exit status the verdict.

==================  ==============================================================
exit status         verdict
==================  ==============================================================
0                   delivered
75 (EX_TEMPFAIL)    refused: tried again on the schedule
126, 127            refused: the shell could not run it; tried again, it may be fixed
any other           refused: tried again on the schedule
a signal            refused: tried again on the schedule
==================  ==============================================================

No exit status disables the endpoint: a mistake in a script must not end all deliveries.

Nothing from a mail ever becomes part of a command line. The environment holds
what the settings give and a few names of our own (``VEDETTE_EVENT_ID``,
``VEDETTE_EVENT_TYPE``, ``VEDETTE_ACCOUNT``, ``VEDETTE_TENANT``,
``VEDETTE_ATTEMPT``, ``VEDETTE_ENDPOINT``); subject and sender are on standard
input alone. It must not read the environment of the service.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vedette.crashpoint import Crashpoint, crashpoint
from vedette.errors import SinkError
from vedette.model.delivery import Delivered, Outcome, Parcel, Refused

#: What of standard error is kept as the reason. The rest is read and dropped, so that the
#: command never waits on a full pipe.
MAX_STDERR = 4096
#: What of it is shown: one line of a log or of ``vedette status``.
MAX_REASON = 300
#: Between SIGTERM and SIGKILL, in seconds: enough to remove a temporary file.
TERM_GRACE = 1.0
#: After the exit, for words still in the pipe; a background child may hold it open for ever.
LAST_WORDS = 0.5
_STDERR = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSettings:
    """What to run: ``command`` as a list of arguments, or as a line for ``/bin/sh -c``.

    ``timeout`` is in seconds. ``environment`` is the whole of it, but for our own
    names. ``inherit_stdout`` lets it print where we print; else its output is dropped.
    """

    command: tuple[str, ...] | str
    timeout: float = 30.0
    environment: Mapping[str, str] = field(
        default_factory=lambda: {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
    )
    directory: Path | None = None
    inherit_stdout: bool = False


class CommandSink:
    """Runs one process for each parcel, in a process group of its own."""

    def __init__(self, settings: CommandSettings) -> None:
        command = settings.command
        argv = ("/bin/sh", "-c", command) if isinstance(command, str) else tuple(command)
        words = (*argv, *settings.environment, *settings.environment.values())
        if not all(argv[:1]) or not argv or any("\0" in word for word in words):
            raise SinkError("exec: the command is empty or holds a NUL; give a program to run")
        if isinstance(command, str) and not command.strip():
            raise SinkError("exec: the command is empty; give a program to run")
        self._argv = argv
        self._settings = settings

    async def start(self) -> None:
        """Check the working directory. Raises SinkError when it is none."""
        directory = self._settings.directory
        if directory is not None and not await asyncio.to_thread(directory.is_dir):
            raise SinkError(f"exec: {directory} is not a directory; the command would start there")

    async def stop(self) -> None:
        """Nothing is kept between two runs."""

    async def send(self, parcel: Parcel) -> Outcome:
        """Run the command once, within the timeout; a cancelled run is killed."""
        run = _Run()
        # A task of its own: a process that is cut off while it starts could not be found again.
        starting = asyncio.ensure_future(self._spawn(run, parcel))
        try:
            async with asyncio.timeout(self._settings.timeout):
                await asyncio.shield(starting)
                await run.exited.wait()
        except TimeoutError:
            return Refused(reason=f"exec: no exit within {self._settings.timeout:g} s; killed")
        except (OSError, ValueError) as error:
            words = getattr(error, "strerror", None) or str(error)
            return Refused(reason=f"exec: {self._argv[0]}: {words}")
        finally:
            # A start that failed after the deadline has nobody left to tell.
            await asyncio.gather(starting, return_exceptions=True)
            await run.end()
        return await run.verdict()

    async def _spawn(self, run: _Run, parcel: Parcel) -> None:
        settings = self._settings
        await asyncio.get_running_loop().subprocess_exec(
            lambda: run,
            *self._argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=None if settings.inherit_stdout else asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            cwd=settings.directory,
            env={**settings.environment, **_facts(parcel)},
            start_new_session=True,
        )
        crashpoint(Crashpoint.CHILD_SPAWNED)
        run.feed(parcel.body)


class _Run(asyncio.SubprocessProtocol):
    """One process: fed, listened to, reaped.

    The exit is what ``process_exited`` says. The pipes are not waited for: a child
    left in the background holds them open as long as it lives.
    """

    def __init__(self) -> None:
        self.exited = asyncio.Event()
        self._stderr_closed = asyncio.Event()
        self._stderr = bytearray()
        self._transport: asyncio.SubprocessTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.SubprocessTransport):
            self._transport = transport

    def pipe_data_received(self, _fd: int, data: bytes) -> None:
        self._stderr += data[: MAX_STDERR - len(self._stderr)]

    def pipe_connection_lost(self, fd: int, _exc: Exception | None) -> None:
        # A command that does not read its input breaks that pipe; its exit status still counts.
        if fd == _STDERR:
            self._stderr_closed.set()

    def process_exited(self) -> None:
        self.exited.set()

    def feed(self, body: bytes) -> None:
        """Give the event and end the input."""
        pipe: Any = None if self._transport is None else self._transport.get_pipe_transport(0)
        if pipe is not None:
            pipe.write(body)
            pipe.close()

    async def end(self) -> None:
        """Leave nothing behind: kill the group of a process that still runs, close its pipes."""
        if self._transport is None:
            return
        try:
            if self._transport.get_returncode() is None:
                await self._kill()
            elif self._transport.get_returncode():
                await _within(LAST_WORDS, self._stderr_closed)
        finally:
            self._transport.close()

    async def _kill(self) -> None:
        """SIGTERM, a moment, SIGKILL; the whole group, so that a shell's child goes too."""
        self._signal(signal.SIGTERM)
        try:
            await _within(TERM_GRACE, self.exited)
        finally:
            # The leader may be gone and its children not: the group's id stays theirs.
            self._signal(signal.SIGKILL)
        # The kernel owes us the exit; a process stuck in it (a dead disk) is left to it.
        await _within(TERM_GRACE, self.exited)

    def _signal(self, number: signal.Signals) -> None:
        pid = 0 if self._transport is None else self._transport.get_pid() or 0
        # Group 0 would be our own.
        if pid > 0:
            try:
                os.killpg(pid, number)
            except (ProcessLookupError, PermissionError):
                # Gone, or it took another user's rights: then it is out of reach.
                return

    async def verdict(self) -> Outcome:
        """Read the verdict from the exit status."""
        status = None if self._transport is None else self._transport.get_returncode()
        if status == 0:
            return Delivered()
        if status is None:
            return Refused(reason="exec: the exit status was lost")
        how = f"exit status {status}" if status > 0 else f"killed by {_signal_name(-status)}"
        words = " ".join(self._stderr.decode("utf-8", "replace").split())
        shown = "".join(char if char.isprintable() else "?" for char in words)[:MAX_REASON]
        return Refused(reason=f"exec: {how}: {shown}" if shown else f"exec: {how}")


async def _within(seconds: float, event: asyncio.Event) -> None:
    """Wait for an event, at most so long."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        # A real-time signal without a name of its own.
        return f"signal {number}"


def _facts(parcel: Parcel) -> dict[str, str]:
    """Name the event for the command: ids and counts of our own, nothing of a mail's words."""
    facts = {
        "VEDETTE_EVENT_ID": parcel.event,
        "VEDETTE_EVENT_TYPE": parcel.type,
        "VEDETTE_ENDPOINT": parcel.endpoint,
        "VEDETTE_ATTEMPT": str(parcel.attempt),
    }
    try:
        envelope = json.loads(parcel.envelope)
    except ValueError:
        envelope = None
    if isinstance(envelope, dict):
        for name in ("account", "tenant"):
            value = envelope.get(name)
            if isinstance(value, str):
                facts[f"VEDETTE_{name.upper()}"] = value
    return {name: value.replace("\0", "") for name, value in facts.items()}
