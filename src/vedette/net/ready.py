"""Wait until a socket can be read or written: the only two waits of this room.

Cancelling a wait takes the socket out of the loop's selector before anybody
can close it, so that a reused descriptor never wakes the wrong owner.
"""

from __future__ import annotations

import asyncio
import socket


async def readable(sock: socket.socket) -> None:
    """Return when ``sock`` has bytes, an end of file or an error to give."""
    loop = asyncio.get_running_loop()
    descriptor = sock.fileno()
    woken = loop.create_future()
    loop.add_reader(descriptor, wake, woken)
    try:
        await woken
    finally:
        loop.remove_reader(descriptor)


async def writable(sock: socket.socket) -> None:
    """Return when ``sock`` takes bytes, or its connection attempt has ended."""
    loop = asyncio.get_running_loop()
    descriptor = sock.fileno()
    woken = loop.create_future()
    loop.add_writer(descriptor, wake, woken)
    try:
        await woken
    finally:
        loop.remove_writer(descriptor)


def wake(waiter: asyncio.Future[None]) -> None:
    """Complete ``waiter`` unless it was completed or cancelled before."""
    if not waiter.done():
        waiter.set_result(None)
