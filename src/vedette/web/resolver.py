"""Looks up names for HTTP clients, so that one slow name server holds up nobody else."""

from __future__ import annotations

import asyncio
import errno
import socket
import threading

from aiohttp.abc import AbstractResolver, ResolveResult


class Resolver(AbstractResolver):
    """Looks names up, each on a thread of its own.

    The loop's shared pool is small, and a name server that does not answer
    holds a thread for half a minute: a few such endpoints would delay all
    others. The connector asks for one name once at a time, which bounds the threads.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a name. Raises OSError when there are none."""
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[ResolveResult]] = loop.create_future()

        def tell(answer: list[ResolveResult] | OSError) -> None:
            if found.done():
                return
            if isinstance(answer, OSError):
                found.set_exception(answer)
            else:
                found.set_result(answer)

        def look() -> None:
            answer = _look_up(host, port, family)
            try:
                loop.call_soon_threadsafe(tell, answer)
            except RuntimeError:
                # The loop was closed meanwhile: nobody waits.
                return

        threading.Thread(target=look, name="web-dns", daemon=True).start()
        return await found

    async def close(self) -> None:
        """Nothing is kept."""


def _look_up(host: str, port: int, family: int) -> list[ResolveResult] | OSError:
    try:
        infos = socket.getaddrinfo(
            host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
        )
    except OSError as error:
        return error
    except UnicodeError as error:
        return OSError(errno.EINVAL, f"not a host name: {error}")
    return [
        ResolveResult(
            hostname=host,
            host=str(address[0]),
            port=port,
            family=found,
            proto=protocol,
            flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
        )
        for found, _kind, protocol, _name, address in infos
    ]
