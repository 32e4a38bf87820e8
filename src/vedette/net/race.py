"""Happy eyeballs (RFC 8305): connect to several addresses, a quarter second apart.

There are no tasks: each attempt is a non-blocking ``connect`` watched by the
loop, so leaving the race, also by cancellation, closes the losers at once.
Names and TLS are not known here.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import socket
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, zip_longest

from vedette.net import keepalive
from vedette.net.ready import wake

# RFC 8305 section 5: "a fixed 250 ms" is the recommended delay between attempts.
ATTEMPT_DELAY = 0.25


def interleaved(addresses: Iterable[str]) -> list[str]:
    """Order addresses by turns of family, the resolver's first family first (section 4)."""
    families: dict[bool, list[str]] = {}
    for address in dict.fromkeys(addresses):
        families.setdefault(":" in address, []).append(address)
    turns = chain.from_iterable(zip_longest(*families.values()))
    return [address for address in turns if address is not None]


class Race:
    """One race to ``port`` of several addresses.

    ``failed`` is told each address that failed, with the system's error.
    """

    __slots__ = ("_delay", "_failed", "_open", "_port", "_queue", "_ready")

    def __init__(
        self,
        addresses: Sequence[str],
        port: int,
        *,
        failed: Callable[[str, OSError], None],
        delay: float = ATTEMPT_DELAY,
    ) -> None:
        self._queue = deque(addresses)
        self._port = port
        self._failed = failed
        self._delay = delay
        self._open: dict[int, tuple[socket.socket, str]] = {}
        self._ready: set[int] = set()

    async def run(self) -> tuple[socket.socket, str] | None:
        """Return the first connected socket and its address, or None if all failed."""
        try:
            while self._queue or self._open:
                if self._queue:
                    self._start(self._queue.popleft())
                if self._open:
                    await self._wait()
                winner = self._settle()
                if winner is not None:
                    return winner
            return None
        finally:
            for sock, _ in self._open.values():
                sock.close()

    def _start(self, address: str) -> None:
        try:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            sock = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:
            self._failed(address, error)
            return
        try:
            sock.settimeout(0)
            keepalive.apply(sock)
            status = sock.connect_ex(_sockaddr(address, self._port))
        except OSError as error:
            sock.close()
            self._failed(address, error)
            return
        if status not in {0, errno.EINPROGRESS}:
            sock.close()
            self._failed(address, OSError(status, os.strerror(status)))
            return
        self._open[sock.fileno()] = (sock, address)

    async def _wait(self) -> None:
        """Wait for an attempt to end or, while there are more addresses, for the delay."""
        loop = asyncio.get_running_loop()
        woken = loop.create_future()
        timer = loop.call_later(self._delay, wake, woken) if self._queue else None
        for descriptor in self._open:
            loop.add_writer(descriptor, self._ended, descriptor, woken)
        try:
            await woken
        finally:
            if timer is not None:
                timer.cancel()
            for descriptor in self._open:
                loop.remove_writer(descriptor)

    def _ended(self, descriptor: int, woken: asyncio.Future[None]) -> None:
        self._ready.add(descriptor)
        wake(woken)

    def _settle(self) -> tuple[socket.socket, str] | None:
        """Sort the attempts that ended: report the failed, return a connected one."""
        winner = None
        while self._ready:
            sock, address = self._open.pop(self._ready.pop())
            status = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if status == 0 and winner is None:
                winner = (sock, address)
                continue
            sock.close()
            if status != 0:
                self._failed(address, OSError(status, os.strerror(status)))
        return winner


def _sockaddr(address: str, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
    """Build the address for ``connect``; it passed the guard, so it is a literal.

    A scope after ``%`` is an interface's name or number (RFC 4007 section 11).
    """
    if ":" not in address:
        return (address, port)
    parsed = ipaddress.IPv6Address(address)
    if parsed.scope_id is None:
        return (address, port, 0, 0)
    scope = parsed.scope_id
    number = int(scope) if scope.isdecimal() else socket.if_nametoindex(scope)
    return (address.partition("%")[0], port, 0, number)
