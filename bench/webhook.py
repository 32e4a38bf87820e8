"""How many webhooks one process delivers in a second, from the store to the 2xx and back.

A receiver runs in a process of its own. The courier takes events of 2 KB from a
SQLite store on disk, signs and posts each, and settles it. The target is 2,500
per second. Run: ``python bench/webhook.py [events] [concurrency]``.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import random
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from aiohttp import web

from vedette.engine.courier import Courier
from vedette.model.delivery import Endpoint, EndpointState, Posting
from vedette.model.ids import AccountId, EndpointId, EventId, TenantId
from vedette.ports.store import EventQuery, Fence
from vedette.secret import Secret
from vedette.sinks.webhook import WebhookSettings, WebhookSink
from vedette.store.sqlite import SqliteStore
from vedette.telemetry.log import LogPolicy, configure

ENDPOINT = EndpointId("bench")
BODY_SIZE = 2048
TARGET = 2500
POST_SIZE = 1000
#: Longer than any run of sane size, so that a stuck run ends.
DEADLINE = 300.0


class _Clock:
    """The wall clock."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        return time.time()


class _Open:
    """A guard that lets loopback pass, as an operator may."""

    def check(self, address: str) -> None:
        """Pass every address."""


async def receive(pipe: Connection) -> None:
    """Answer every POST with 204 until the other end hangs up."""
    times: list[float] = []

    async def take(request: web.BaseRequest) -> web.Response:
        await request.read()
        times.append(time.perf_counter())
        return web.Response(status=204)

    server = web.ServerRunner(web.Server(take))
    await server.setup()
    site = web.TCPSite(server, "127.0.0.1", 0)
    await site.start()
    pipe.send(server.addresses[0][1])
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, pipe.recv)
    await server.cleanup()
    pipe.send(times)


def serve(pipe: Connection) -> None:
    """Run the receiver; the entry of its process."""
    asyncio.run(receive(pipe))


def postings(count: int) -> list[Posting]:
    """Make events of the size that a mail with a short text has."""
    body = json.dumps({"specversion": "1.0", "account": "a", "data": "x" * (BODY_SIZE - 64)})
    return [
        Posting(
            event=EventId(f"event-{number}"),
            type="message.received",
            tenant=TenantId("t"),
            account=AccountId("a"),
            time=time.time(),
            lane=b"INBOX",
            body=body.encode(),
            endpoints=(ENDPOINT,),
        )
        for number in range(count)
    ]


async def _disabled(state: EndpointState) -> None:
    raise RuntimeError(f"the endpoint was disabled: {state.disabled_reason}")


async def _delivered(store: SqliteStore, last: Sequence[EventId]) -> None:
    """Return when the last events are settled."""
    waiting = list(last)
    async with asyncio.timeout(DEADLINE):
        while waiting:
            found = await store.events(EventQuery(event=waiting[-1]))
            if found and found[0].delivered:
                waiting.pop()
            else:
                await asyncio.sleep(0.02)


async def run(folder: Path, port: int, count: int, concurrency: int) -> float:
    """Deliver ``count`` events; return the seconds from the first wake to the last settlement."""
    clock = _Clock()
    store = SqliteStore(folder, clock)
    await store.start()
    settings = WebhookSettings(
        url=Secret(f"http://127.0.0.1:{port}/hook"),
        keys=(Secret(b"k" * 32),),
        connections=concurrency,
    )
    sink = WebhookSink(settings, guard=_Open(), clock=clock)
    endpoint = Endpoint(id=ENDPOINT, concurrency=concurrency)
    courier = Courier(
        store, {ENDPOINT: (endpoint, sink)}, clock, random.random, on_disabled=_disabled
    )
    events = postings(count)
    for start in range(0, count, POST_SIZE):
        await store.post(Fence(), events[start : start + POST_SIZE])
    began = time.perf_counter()
    await courier.start()
    await _delivered(store, [event.event for event in events[-concurrency * 3 :]])
    took = time.perf_counter() - began
    await courier.stop()
    await store.stop()
    return took


def main() -> None:
    """Run the benchmark and print one line of JSON."""
    words = sys.argv[1:]
    count = int(words[0]) if words else 20_000
    concurrency = int(words[1]) if len(words) > 1 else 32
    configure(LogPolicy(level="warning"))
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    receiver = context.Process(target=serve, args=(theirs,))
    receiver.start()
    port: int = ours.recv()
    before = resource.getrusage(resource.RUSAGE_SELF)
    with tempfile.TemporaryDirectory() as folder:
        took = asyncio.run(run(Path(folder), port, count, concurrency))
    after = resource.getrusage(resource.RUSAGE_SELF)
    ours.send(None)
    times: list[float] = ours.recv()
    receiver.join()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        json.dumps(
            {
                "bench": "webhook",
                "events": count,
                "received": len(times),
                "concurrency": concurrency,
                "seconds": round(took, 2),
                "webhooks_per_second": round(count / took),
                "cpu_us_each": round(cpu / count * 1e6),
                "target": TARGET,
                "max_rss_mib": after.ru_maxrss // 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
