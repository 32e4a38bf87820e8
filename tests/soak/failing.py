"""A server on a real socket that fails in another way at each connection.

It lives on the loop of the client and must not know what the client makes of it.
"""

from __future__ import annotations

import asyncio
import struct
from contextlib import suppress
from enum import Enum, auto, unique
from socket import SO_LINGER, SOL_SOCKET


@unique
class Failure(Enum):
    """How a connection ends, in the order in which they take turns."""

    RESET_AT_GREETING = auto()
    CLOSED_AT_GREETING = auto()
    BYE_AT_GREETING = auto()
    NO_GREETING = auto()
    NO_AT_LOGIN = auto()
    BYE_AFTER_LOGIN = auto()
    SILENT_AFTER_LOGIN = auto()
    RESET_IN_IDLE = auto()
    CUT_IN_FETCH = auto()
    NONSENSE = auto()


RESETTING = {Failure.RESET_AT_GREETING, Failure.RESET_IN_IDLE}


class FailingServer:
    """``failed`` counts the connections that came to their end."""

    def __init__(self) -> None:
        self.failed = 0
        self.port = 0
        self._accepted = 0
        self._mails = 1
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """End every conversation."""
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        kinds = list(Failure)
        failure = kinds[self._accepted % len(kinds)]
        self._accepted += 1
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._talk(failure, reader, writer)
        finally:
            if failure in RESETTING:
                with suppress(OSError):  # the client may have left already
                    linger = struct.pack("ii", 1, 0)
                    writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, linger)
                writer.transport.abort()
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            self.failed += 1

    async def _talk(
        self, failure: Failure, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        match failure:
            case Failure.RESET_AT_GREETING | Failure.CLOSED_AT_GREETING:
                return
            case Failure.NO_GREETING:
                await reader.read()
                return
            case Failure.BYE_AT_GREETING:
                writer.write(b"* BYE too busy\r\n")
                return
            case Failure.NONSENSE:
                writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                return
            case _:
                writer.write(b"* OK [CAPABILITY IMAP4rev1 IDLE] ready\r\n")
        while True:
            tag, _, rest = (await reader.readuntil(b"\r\n")).partition(b" ")
            verb = rest.split(b" ")[0].strip()
            if not self._answer(failure, tag, verb, rest, writer):
                if failure is Failure.SILENT_AFTER_LOGIN:
                    await reader.read()
                return

    def _answer(
        self, failure: Failure, tag: bytes, verb: bytes, rest: bytes, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer a command; False ends the conversation."""
        if verb == b"LOGIN":
            if failure is Failure.NO_AT_LOGIN:
                writer.write(tag + b" NO [UNAVAILABLE] later\r\n")
                return True
            writer.write(tag + b" OK welcome\r\n")
            if failure is Failure.BYE_AFTER_LOGIN:
                writer.write(b"* BYE gone\r\n")
            return failure not in {Failure.BYE_AFTER_LOGIN, Failure.SILENT_AFTER_LOGIN}
        if verb == b"EXAMINE":
            more = 1 if failure is Failure.CUT_IN_FETCH else 0
            writer.write(
                b"* %d EXISTS\r\n* OK [UIDVALIDITY 7] v\r\n* OK [UIDNEXT %d] n\r\n"
                % (self._mails + more, self._mails + more + 1)
            )
        elif verb == b"IDLE":
            writer.write(b"+ idling\r\n")
            return failure is not Failure.RESET_IN_IDLE
        elif rest.startswith(b"UID SEARCH") and failure is Failure.CUT_IN_FETCH:
            writer.write(b"* SEARCH %d\r\n" % (self._mails + 1))
        elif rest.startswith(b"UID FETCH") and failure is Failure.CUT_IN_FETCH:
            writer.write(b"* 2 FETCH (UID %d BODY[]<0> {60000}\r\nSubject: x" % (self._mails + 1))
            return False
        writer.write(tag + b" OK done\r\n")
        return True
