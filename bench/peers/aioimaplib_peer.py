"""aioimaplib on asyncio, with one TLS context. Must not know: what is measured.

The library is under GPL-3.0: it is in an environment that the benchmark makes for itself, it is
imported by this program alone, and nothing of the project depends on it (decision 0010).
"""

from __future__ import annotations

import asyncio
import importlib
import re
from typing import Any

from bench.peers.mail import read
from bench.peers.orders import Answer, Latencies, obey_async, task

#: Seconds of an IDLE, below the half hour of RFC 2177.
_IDLE = 29 * 60.0
#: Messages of one FETCH: its reader takes time that grows faster than what it reads.
_TOGETHER = 100

_next = re.compile(rb"UIDNEXT (\d+)")
_client = importlib.import_module("aioimaplib").IMAP4_SSL
_task = task()
_context = _task.context()
_latencies = Latencies()
_watches: list[asyncio.Task[None]] = []


async def _open(number: int) -> tuple[Any, int]:
    client = _client(_task.host, _task.port, timeout=60, ssl_context=_context)
    await client.wait_hello_from_server()
    await client.login(_task.user(number), "pass")
    state = await client.select("INBOX")
    found = _next.search(b"\n".join(state.lines))
    return client, int(found[1]) - 1 if found else 0


def _bodies(lines: list[Any]) -> list[bytes]:
    return [bytes(line) for line in lines if isinstance(line, bytearray)]


async def watch(number: int, is_idle: asyncio.Future[None]) -> None:
    """Fetch whatever is announced."""
    client, seen = await _open(number)
    idle = await client.idle_start(timeout=_IDLE)
    is_idle.set_result(None)
    while True:
        pushed = await client.wait_server_push(_IDLE)
        if not any(b"EXISTS" in line for line in pushed):
            continue
        client.idle_done()
        await idle
        answer = await client.uid("fetch", f"{seen + 1}:*", "(UID BODY.PEEK[])")
        for body in _bodies(answer.lines):
            _latencies.note(body)
            seen += 1
        idle = await client.idle_start(timeout=_IDLE)


async def connect(order: Answer) -> Answer:
    """Start to watch, so many logins at a time; return when all are in IDLE."""
    places = asyncio.Semaphore(order["at_once"])

    async def begin(number: int) -> None:
        async with places:
            is_idle: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            task = asyncio.create_task(watch(number, is_idle))
            _watches.append(task)
            await asyncio.wait({task, is_idle}, return_when=asyncio.FIRST_COMPLETED)
            if not is_idle.done():
                task.result()

    async with asyncio.TaskGroup() as group:
        for number in range(len(_watches), order["last"]):
            group.create_task(begin(number))
    return {}


async def report(_order: Answer) -> Answer:
    """Tell the latencies."""
    for watching in _watches:
        if watching.done():
            watching.result()
    return _latencies.report()


async def catch_up(order: Answer) -> Answer:
    """Fetch and read messages."""
    client, _ = await _open(0)
    octets = count = 0
    for first in range(1, order["count"] + 1, _TOGETHER):
        last = min(first + _TOGETHER - 1, order["count"])
        answer = await client.uid("fetch", f"{first}:{last}", "(UID BODY.PEEK[])")
        for body in _bodies(answer.lines):
            octets += read(body)
            count += 1
    return {"messages": count, "octets": octets}


async def main() -> None:
    """Obey, then let go of everything."""
    await obey_async({"connect": connect, "report": report, "catch_up": catch_up})
    for watching in _watches:
        watching.cancel()
    await asyncio.gather(*_watches, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(main())
