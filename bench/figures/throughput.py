"""Webhooks per second, from events in the store to the 2xx and back to the store.

The courier takes events of 2 KB from SQLite on disk, signs and posts each, and settles it. Must not
know: where events come from.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.figures.figure import Figure, Quantity, Values
from bench.receiver import receiver
from bench.scene import Scene
from vedette.engine.courier import Courier
from vedette.model.delivery import Endpoint, EndpointState, Posting
from vedette.model.ids import AccountId, EndpointId, EventId, TenantId
from vedette.ports.store import EventQuery, Fence
from vedette.secret import Secret
from vedette.sinks.webhook import WebhookSettings, WebhookSink
from vedette.store.sqlite.store import SqliteStore

_ENDPOINT = EndpointId("bench")
_ORDERED = "vedette ordered"
_SIZE = 2048
_POSTED = 1000
#: Attempts in flight, and folders the events are of.
_AT_ONCE = 32
_FOLDERS = 100
#: Longer than any run of sane size, so that a stuck run ends.
_DEADLINE = 300.0
#: On the disk of the tree: a folder for temporary files may be memory.
_DISK = Path(__file__).parents[2] / ".cache"


class _Clock:
    """The wall clock."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        return time.time()


class _Open:
    """A guard that lets loopback pass, as an operator may."""

    def check(self, address: str) -> None:
        """Pass every address."""


def postings(count: int) -> list[Posting]:
    """Make events of the size that a mail with a short text has, from many folders in turn."""
    events = []
    for number in range(count):
        folder = number % _FOLDERS
        named = f"bench-sent {number:020d} bench-lane {folder}"
        body = json.dumps({"specversion": "1.0", "subject": named, "data": "x" * (_SIZE - 120)})
        events.append(
            Posting(
                event=EventId(f"event-{number}"),
                type="message.received",
                tenant=TenantId("t"),
                account=AccountId(f"a-{folder}"),
                time=time.time(),
                lane=b"INBOX",
                body=body.encode(),
                endpoints=(_ENDPOINT,),
            )
        )
    return events


async def _disabled(state: EndpointState) -> None:
    raise RuntimeError(f"the endpoint was disabled: {state.disabled_reason}")


async def _delivered(store: SqliteStore, last: Sequence[EventId]) -> None:
    """Return when the last events are settled."""
    waiting = list(last)
    async with asyncio.timeout(_DEADLINE):
        while waiting:
            found = await store.events(EventQuery(event=waiting[-1]))
            if found and found[0].delivered:
                waiting.pop()
            else:
                await asyncio.sleep(0.02)


async def _run(folder: Path, url: str, count: int, *, ordered: bool) -> float:
    """Deliver ``count`` events; return the seconds from the first wake to the last settlement."""
    clock = _Clock()
    store = SqliteStore(folder, clock)
    await store.start()
    settings = WebhookSettings(url=Secret(url), keys=(Secret(b"k" * 32),), connections=_AT_ONCE)
    sink = WebhookSink(settings, guard=_Open(), clock=clock)
    endpoint = Endpoint(id=_ENDPOINT, concurrency=_AT_ONCE, ordered=ordered)
    courier = Courier(
        store, {_ENDPOINT: (endpoint, sink)}, clock, random.random, on_disabled=_disabled
    )
    events = postings(count)
    for start in range(0, count, _POSTED):
        await store.post(Fence(), events[start : start + _POSTED])
    began = time.perf_counter()
    await courier.start()
    await _delivered(store, [event.event for event in events[-_FOLDERS:]])
    took = time.perf_counter() - began
    await courier.stop()
    await store.stop()
    return took


def measure(scene: Scene, variant: str) -> Values:
    """Deliver from a full store."""
    count, ordered = scene.of(20_000, 500), variant == _ORDERED
    with receiver() as hook, tempfile.TemporaryDirectory(dir=_DISK) as folder:
        before = _used()
        took = asyncio.run(_run(Path(folder), hook.url, count, ordered=ordered))
        return {
            "per_second": count / took,
            "cpu_ms": (_used() - before) / count * 1000,
            "disordered": float(hook.disordered()) if ordered else 0.0,
            "missed": float(count - hook.count()),
        }


def _used() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


FIGURE = Figure(
    name="throughput",
    title="Webhook throughput",
    method=(
        "20,000 events of 2 KiB from 100 folders wait in a store on disk; 32 attempts in flight,"
        " each signed, to a receiver of its own process, each settled in the store. Ordered keeps"
        " the order of each folder, which the receiver checks. Filling the store is part of the"
        " processor time, not of the rate."
    ),
    quantities=(
        Quantity(key="per_second", title="webhooks", unit="/s", more_is_better=True, target=2500.0),
        Quantity(
            key="per_second",
            title="webhooks, order of each folder kept",
            unit="/s",
            more_is_better=True,
            target=2500.0,
            of=_ORDERED,
        ),
        Quantity(key="cpu_ms", title="processor time per webhook", unit="ms"),
        Quantity(key="disordered", title="webhooks out of order", compared=False),
        Quantity(key="missed", title="webhooks missed", compared=False),
    ),
    variants=("vedette", _ORDERED),
    measure=measure,
)
