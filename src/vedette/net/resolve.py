"""Names to addresses, off the loop.

``getaddrinfo`` blocks and can not be cancelled, so it runs in a daemon thread:
a waiter that is cancelled leaves at once, and a process that stops does not
wait for a dead name server. Which addresses are allowed is not known here.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from vedette.errors import NetworkError

# An answer serves those who ask within this time (seconds): mailboxes of one host that connect
# one after another were a thread and a question to the name server each. It is far below the
# lifetimes that providers publish (30 s and more), and a failure is not remembered at all.
MEMORY = 5.0

# Names remembered at a time; a fleet meets far fewer providers within some seconds.
MEMORY_LIMIT = 1024

# A lookup at a dead name server holds its thread for about 20 s (two servers, two tries of
# 5 s); with 32 threads the names of a few dead domains do not stop the others.
LOOKUPS = 32

# This machine, without a hosts file, which a container or chroot may lack, and without a name
# server, which has no say in it (RFC 6761 section 6.3). Local mail programs listen on the first.
_LOOPBACK = ("127.0.0.1", "::1")


class Resolver(Protocol):
    """Looks names up; the dialer asks it only for names, never for IP literals."""

    async def resolve(self, name: str) -> Sequence[str]:
        """Return the addresses of ``name``, the preferred first. Raises NetworkError."""


class SystemResolver:
    """The system's resolver: hosts file, DNS, and its order of preference (RFC 6724).

    Lookups of one name at one time are one lookup, and its answer is used again
    for ``memory`` seconds.
    """

    __slots__ = ("_answers", "_flights", "_lookup", "_memory", "_slots")

    def __init__(
        self,
        *,
        lookup: Callable[[str], Sequence[str]] | None = None,
        lookups: int = LOOKUPS,
        memory: float = MEMORY,
    ) -> None:
        self._lookup = system_lookup if lookup is None else lookup
        self._slots = asyncio.Semaphore(lookups)
        self._flights: dict[str, asyncio.Task[Sequence[str]]] = {}
        self._memory = memory
        #: The addresses of a name, and the loop's time until which they hold.
        self._answers: dict[str, tuple[Sequence[str], float]] = {}

    async def resolve(self, name: str) -> Sequence[str]:
        """Return the addresses of ``name``. Raises NetworkError with the resolver's words."""
        answer = self._answers.get(name)
        if answer is not None and asyncio.get_running_loop().time() < answer[1]:
            return answer[0]
        flight = self._flights.get(name)
        if flight is None:
            flight = asyncio.create_task(self._fly(name), name=f"resolve {name}")
            self._flights[name] = flight
            flight.add_done_callback(lambda done: self._landed(name, done))
        try:
            return await asyncio.shield(flight)
        except socket.gaierror as error:
            raise _failure(name, error) from error
        except (OSError, ValueError) as error:
            raise NetworkError(f"{name} can not be resolved: {error}", reply=str(error)) from error

    def _landed(self, name: str, flight: asyncio.Task[Sequence[str]]) -> None:
        self._flights.pop(name, None)
        # Every waiter may have left; the outcome is then nobody's, and is taken here.
        if flight.cancelled() or flight.exception() is not None:
            return
        self._answers.pop(name, None)
        while len(self._answers) >= MEMORY_LIMIT:
            # A dict keeps its order: the first is the oldest.
            del self._answers[next(iter(self._answers))]
        stale_at = asyncio.get_running_loop().time() + self._memory
        self._answers[name] = (flight.result(), stale_at)

    async def _fly(self, name: str) -> Sequence[str]:
        async with self._slots:
            landing: asyncio.Future[Sequence[str]] = asyncio.get_running_loop().create_future()
            threading.Thread(
                target=_look_up, args=(self._lookup, name, landing), name="resolve", daemon=True
            ).start()
            return await landing


def system_lookup(name: str) -> Sequence[str]:
    """Ask ``getaddrinfo`` and return the addresses in its order. Raises OSError."""
    if name == "localhost" or name.endswith(".localhost"):
        return _LOOPBACK
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(sockaddr[0]) for *_, sockaddr in found]


def _look_up(
    lookup: Callable[[str], Sequence[str]], name: str, landing: asyncio.Future[Sequence[str]]
) -> None:
    try:
        addresses = lookup(name)
    except (OSError, ValueError) as error:
        _hand_over(landing, error, ())
    else:
        _hand_over(landing, None, addresses)


def _hand_over(
    landing: asyncio.Future[Sequence[str]], error: Exception | None, addresses: Sequence[str]
) -> None:
    def land() -> None:
        if landing.done():
            return
        if error is None:
            landing.set_result(addresses)
        else:
            landing.set_exception(error)

    # A loop that was closed in the meantime takes no more results, and nobody waits for them.
    with contextlib.suppress(RuntimeError):
        landing.get_loop().call_soon_threadsafe(land)


def _failure(name: str, error: socket.gaierror) -> NetworkError:
    words = error.strerror or str(error)
    remedy = "try again later; the name server did not answer"
    if error.errno in {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}:
        remedy = "check the spelling of the host"
    return NetworkError(f"{name} can not be resolved: {words}; {remedy}", reply=words)
