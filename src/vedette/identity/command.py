"""What a command of the operator prints, where that is a secret.

It runs without a shell, in a process group of its own, with the environment of the service: Vault,
KMS and their like find their own credentials there. What it is asked about stands beside that, and
never on its command line, which everybody on the machine can see. Its standard error is dropped, as a script that
is traced (``set -x``) prints the secret there.
It must not know what the secret is for.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from vedette.errors import SecretError
from vedette.secret import Secret

#: Octets of its output that are read, unless told otherwise.
MOST: Final = 64 * 1024

#: Seconds until the kernel has a killed process gone; one that is stuck in it is left to it.
_GONE: Final = 5.0

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


async def printed(
    command: Sequence[str],
    *,
    what: str,
    seconds: float,
    most: int = MOST,
    facts: Mapping[str, str] = _NOTHING,
) -> Secret[str]:
    """Run a command once and return what it prints, without blanks around it.

    ``what`` names it in errors; ``facts`` are further variables of its environment. Raises SecretError where it can not be run, does not end in time,
    fails, or prints nothing, more than ``most`` octets, or no text.
    """
    if not command or not command[0] or any("\0" in word for word in command):
        raise SecretError(f"{what} is empty or holds a NUL; give a program and its arguments")
    if not all(_is_told(value) for value in facts.values()):
        raise SecretError(f"{what} ({command[0]}) can not be told of a name with a NUL in it")
    try:
        async with asyncio.timeout(seconds):
            status, output = await _run(command, most, facts)
    except TimeoutError:
        raise SecretError(f"{what} ({command[0]}) did not end within {seconds:g} s") from None
    except OSError as error:
        raise SecretError(f"{what} ({command[0]}) can not be run: {error.strerror}") from error
    if len(output.reveal()) > most:
        raise SecretError(f"{what} ({command[0]}) printed more than {most} octets")
    if status != 0:
        raise SecretError(
            f"{what} ({command[0]}) failed with status {status}; run it by hand to see why"
        )
    try:
        text = Secret(output.reveal().decode().strip())
    except UnicodeDecodeError:
        raise SecretError(f"{what} ({command[0]}) printed what is not UTF-8") from None
    if not text:
        raise SecretError(f"{what} ({command[0]}) printed nothing")
    return text


def _is_told(value: str) -> bool:
    """Tell whether the environment of a process can hold a text: no NUL, nor half a character."""
    return "\0" not in value and value.encode(errors="replace").decode() == value


async def _run(
    command: Sequence[str], most: int, facts: Mapping[str, str]
) -> tuple[int, Secret[bytes]]:
    run = _Run(most)
    loop = asyncio.get_running_loop()
    # A task of its own: a process that is cut off while it starts could not be found again.
    starting = asyncio.ensure_future(
        loop.subprocess_exec(
            lambda: run,
            *command,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=DEVNULL,
            env={**os.environ, **facts},
            start_new_session=True,
        )
    )
    try:
        await asyncio.shield(starting)
        await run.over.wait()
        return run.status, Secret(bytes(run.output))
    finally:
        # A start that failed after the deadline has nobody left to tell.
        await asyncio.gather(starting, return_exceptions=True)
        await run.end()


class _Run(asyncio.SubprocessProtocol):
    """One process: listened to, and reaped. It is over at its end, or where it says too much."""

    def __init__(self, most: int) -> None:
        self.over = asyncio.Event()
        self.output = bytearray()
        self._most = most
        self._exited = asyncio.Event()
        self._is_closed = False
        self._transport: asyncio.SubprocessTransport | None = None

    @property
    def status(self) -> int:
        """How it ended: below 0 by a signal."""
        status = None if self._transport is None else self._transport.get_returncode()
        return 0 if status is None else status

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.SubprocessTransport):
            self._transport = transport

    def pipe_data_received(self, _fd: int, data: bytes) -> None:
        self.output += data[: self._most + 1 - len(self.output)]
        if len(self.output) > self._most:
            self.over.set()

    def process_exited(self) -> None:
        self._exited.set()

    def connection_lost(self, _exc: Exception | None) -> None:
        # It has ended, and everything that it printed was read.
        self._is_closed = True
        self.over.set()

    async def end(self) -> None:
        """Leave nothing behind: kill the whole group of one that still runs, close its pipe."""
        if self._transport is None:
            return
        try:
            if not self._is_closed:
                await self._kill(self._transport.get_pid())
        finally:
            self._transport.close()

    async def _kill(self, group: int) -> None:
        """Kill it, or the child that holds its output open: the group's id is theirs till then."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GONE):
                await self._exited.wait()
