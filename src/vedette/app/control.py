"""The service's own door for commands on this machine: a socket in the state folder.

Only the owner of the state can open it. One JSON object in, one out, one per
connection. It exists because a second process must not write the state.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import structlog

from vedette.engine.part import Part
from vedette.errors import NetworkError, VedetteError

_log = structlog.stdlib.get_logger(__name__)

SOCKET = "control.sock"
#: A request is one line: a few words and filters.
MAX_LINE = 64 * 1024
#: Seconds for a whole request and answer.
DEADLINE = 30.0


#: What one command does: the request in, the answer out. Raises VedetteError for what can not
#: be done, and what reading a wrong shape raises.
Handler: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]


class Control(Part):
    """Answers the commands that it is given, and ``ping``."""

    def __init__(self, state: Path, handlers: Mapping[str, Handler]) -> None:
        super().__init__("control")
        self._path = state / SOCKET
        self._handlers = {"ping": _ping, **handlers}
        self._server: asyncio.Server | None = None

    async def _open(self) -> None:
        try:
            # The state's lock is ours: a socket that is there is a dead one.
            self._path.unlink(missing_ok=True)
            self._server = await asyncio.start_unix_server(
                self._serve, str(self._path), limit=MAX_LINE
            )
            self._path.chmod(0o600)
        except OSError as error:
            # Watching is what matters: without the door only commands are refused.
            _log.warning("control.unavailable", path=str(self._path), error=str(error))

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            # On a disk that went read-only it stays; the next run takes a dead socket away.
            with suppress(OSError):
                self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(DEADLINE):
                answer = await self._answer(await reader.readline())
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError, RecursionError, TimeoutError) as error:
            _log.warning("control.failed", error=str(error))
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        request = json.loads(line)
        if not isinstance(request, dict):
            return {"error": "expected an object"}
        handler = self._handlers.get(str(request.get("command")))
        if handler is None:
            return {"error": "the command is not known"}
        try:
            return await handler(request)
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
            return {"error": f"the request can not be read: {error}"}
        except VedetteError as error:
            return {"error": str(error)}


async def _ping(_request: Mapping[str, Any]) -> dict[str, Any]:
    return {"pong": True}


async def ask(state: Path, request: dict[str, Any]) -> dict[str, Any] | None:
    """Ask the service that runs on a state folder; None when none runs there.

    Raises NetworkError when it does not answer.
    """
    try:
        async with asyncio.timeout(DEADLINE):
            reader, writer = await asyncio.open_unix_connection(str(state / SOCKET), limit=MAX_LINE)
            try:
                writer.write(json.dumps(request).encode() + b"\n")
                line = await reader.readline()
            finally:
                writer.close()
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    except (OSError, ValueError, TimeoutError) as error:
        raise NetworkError(f"the service on {state} does not answer: {error}") from error
    try:
        answer = json.loads(line)
    except ValueError as error:
        # It hung up without a word, or in the middle of one: nothing is known to be done.
        raise NetworkError(f"the service on {state} did not answer; its log says why") from error
    return answer if isinstance(answer, dict) else {}
