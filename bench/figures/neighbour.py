"""What a dead endpoint with 10,000 events costs the one beside it.

The courier delivers events that come one by one to a receiver, while another endpoint takes
nothing. Must not know: why an endpoint is dead.
"""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bench.figures.figure import Figure, Quantity, Values
from bench.figures.store import WallClock
from bench.receiver import Receiver, receiver
from bench.scene import Scene, quantile, until
from tests.support.ports import free_port
from vedette.engine.courier import Courier
from vedette.model.delivery import Endpoint, EndpointState, Posting
from vedette.model.ids import AccountId, EndpointId, EventId, TenantId
from vedette.net.address import PRIVATE, AddressGuard
from vedette.ports.store import Fence
from vedette.secret import Secret
from vedette.sinks.webhook import WebhookSettings, WebhookSink
from vedette.store.sqlite.store import SqliteStore

_ALONE, _SILENT, _REFUSING = "vedette", "vedette beside silence", "vedette beside refusals"
_NEAR, _DEAD = EndpointId("near"), EndpointId("dead")
#: What waits for the dead one before it begins.
_BACKLOG = 10_000
_POSTED = 1000
#: Events in a second, one by one, each for both endpoints.
_RATE = 100.0
_SIZE = 2048
#: On the disk of the tree: a folder for temporary files may be memory.
_DISK = Path(__file__).parents[2] / ".cache"


def _posting(name: str, endpoints: Sequence[EndpointId]) -> Posting:
    stamp = f"bench-sent {time.monotonic_ns():020d}"
    body = json.dumps({"specversion": "1.0", "subject": stamp, "data": "x" * (_SIZE - 120)})
    return Posting(
        event=EventId(name),
        type="message.received",
        tenant=TenantId("t"),
        account=AccountId("a"),
        time=time.time(),
        lane=b"INBOX",
        body=body.encode(),
        endpoints=tuple(endpoints),
    )


@asynccontextmanager
async def _nobody(variant: str) -> AsyncIterator[str]:
    """Yield the URL of somebody who takes nothing: who hangs, or who is not there."""
    if variant != _SILENT:
        yield f"http://127.0.0.1:{free_port()}/"
        return
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def _run(folder: Path, hook: Receiver, variant: str, count: int, backlog: int) -> None:
    clock = WallClock()
    store = SqliteStore(folder, clock)
    await store.start()
    endpoints = [_NEAR] if variant == _ALONE else [_NEAR, _DEAD]
    if _DEAD in endpoints:
        waiting = [_posting(f"w{number}", [_DEAD]) for number in range(backlog)]
        for start in range(0, backlog, _POSTED):
            await store.post(Fence(), waiting[start : start + _POSTED])
    async with _nobody(variant) as nowhere:
        sinks = {}
        for each, url in zip(endpoints, (hook.url, nowhere), strict=False):
            settings = WebhookSettings(url=Secret(url), keys=(Secret(b"k" * 32),))
            guard = AddressGuard(allow=PRIVATE)
            sinks[each] = (Endpoint(id=each), WebhookSink(settings, guard=guard, clock=clock))
        courier = Courier(store, sinks, clock, random.random, on_disabled=_disabled)
        await courier.start()
        dice = random.Random(1)
        for number in range(count):
            await asyncio.sleep(dice.expovariate(_RATE))
            await store.post(Fence(), [_posting(f"e{number}", endpoints)])
            courier.wake(endpoints)
        await asyncio.to_thread(until, lambda: hook.count() >= count)
        await courier.stop()
    await store.stop()


async def _disabled(state: EndpointState) -> None:
    raise RuntimeError(f"the endpoint was disabled: {state.disabled_reason}")


def measure(scene: Scene, variant: str) -> Values:
    """Deliver beside nobody, or beside one that takes nothing."""
    count, backlog = scene.of(2000, 100), scene.of(_BACKLOG, 500)
    with receiver() as hook, tempfile.TemporaryDirectory(dir=_DISK) as folder:
        asyncio.run(_run(Path(folder), hook, variant, count, backlog))
        ages = hook.ages()
        return {
            "p50_ms": quantile(ages, 0.5),
            "p99_ms": quantile(ages, 0.99),
            "missed": float(count - len(ages)),
        }


FIGURE = Figure(
    name="neighbour",
    title="Beside a dead endpoint",
    method=(
        "2,000 events of 2 KiB come one by one, 100 a second at random instants, each for two"
        " endpoints: a receiver of its own process, and one that takes nothing, for which 10,000"
        " events wait besides. It takes connections and never answers, or it refuses them. An age"
        " begins before the event is written to the store, and ends at the receiver."
    ),
    quantities=(
        Quantity(key="p50_ms", title="event to webhook, median, alone", unit="ms"),
        Quantity(key="p99_ms", title="event to webhook, p99, alone", unit="ms"),
        Quantity(
            key="p99_ms",
            title="event to webhook, p99, beside one that never answers",
            unit="ms",
            target=3.0,
            of=_SILENT,
            above=_ALONE,
        ),
        Quantity(
            key="p99_ms",
            title="event to webhook, p99, beside one that refuses",
            unit="ms",
            target=3.0,
            of=_REFUSING,
            above=_ALONE,
        ),
        Quantity(key="missed", title="events missed", compared=False),
    ),
    variants=(_ALONE, _SILENT, _REFUSING),
    measure=measure,
)
