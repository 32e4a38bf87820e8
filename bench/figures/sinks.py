"""How many events a second each way out takes, alone and eight at a time.

The servers are real, on this machine; what they acknowledge is as safe as they are set to make it.
Must not know: where events come from.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path

import aio_pika
import nats

from bench.figures.figure import Figure, Quantity, Values
from bench.receiver import receiver
from bench.scene import Scene
from tests.support.authority import Authority
from tests.support.kafka import PASSWORD as KAFKA_PASSWORD
from tests.support.kafka import USER as KAFKA_USER
from tests.support.kafka import Kafka
from tests.support.nats import PASSWORD as NATS_PASSWORD
from tests.support.nats import USER as NATS_USER
from tests.support.nats import Nats
from tests.support.postgres import Postgres
from tests.support.rabbitmq import PASSWORD as RABBIT_PASSWORD
from tests.support.rabbitmq import USER as RABBIT_USER
from tests.support.rabbitmq import RabbitMq
from tests.support.redis import PASSWORD as REDIS_PASSWORD
from tests.support.redis import Redis
from vedette.app.clock import SystemClock
from vedette.app.sinks import build
from vedette.config.settings import EndpointSettings, SinkSettings
from vedette.model.delivery import Delivered, Endpoint, Parcel
from vedette.model.event import Event, EventType
from vedette.model.ids import AccountId, EndpointId, EventId, TenantId
from vedette.outbox.envelope import render
from vedette.ports.sink import Sink
from vedette.secret import Secret
from vedette.sinks.settings import (
    AmqpSettings,
    KafkaSettings,
    NatsSettings,
    PostgresSettings,
    RedisSettings,
)
from vedette.sinks.webhook import WebhookSettings

#: What an endpoint has under way at a time unless it is set.
_AT_ONCE = 8
#: Octets of text in an event: with the rest about 2 KiB.
_TEXT = "x" * 1700
_QUEUE = "events"
_TABLE = f"""
CREATE TABLE {_QUEUE} (
    event_id text PRIMARY KEY, type text NOT NULL, tenant text NOT NULL, account text NOT NULL,
    time timestamptz NOT NULL, body jsonb NOT NULL
)
"""
_HERE = "127.0.0.1"

BUS = Endpoint(id=EndpointId("bus"))


def parcel(number: int) -> Parcel:
    """Return an event of 2 KiB."""
    event = Event(
        id=EventId(f"evt-{number}"),
        type=EventType.MESSAGE_RECEIVED,
        tenant=TenantId("acme"),
        account=AccountId("anna"),
        time=time.time(),
        subject=None,
        lane=b"INBOX",
        data={"text": _TEXT},
    )
    return Parcel(
        delivery=number,
        endpoint=BUS.id,
        event=event.id,
        type=event.type,
        lane=event.lane,
        body=render(event),
        attempt=1,
        queued_at=0.0,
    )


@contextmanager
def webhook() -> Iterator[SinkSettings]:
    """Run a receiver in a process of its own."""
    with receiver() as hook:
        yield WebhookSettings(url=Secret(hook.url))


@contextmanager
def redis() -> Iterator[SinkSettings]:
    """Run a Redis that syncs its log before it answers."""
    with tempfile.TemporaryDirectory() as folder, Redis(Authority(Path(folder))) as server:
        url = f"redis://:{REDIS_PASSWORD}@{_HERE}:{server.port}"
        yield RedisSettings(url=Secret(url))


@contextmanager
def jetstream() -> Iterator[SinkSettings]:
    """Run a NATS with a stream in files, which it syncs every two minutes."""
    with Nats() as server:
        url = f"nats://{NATS_USER}:{NATS_PASSWORD}@{_HERE}:{server.port}"

        async def prepare() -> None:
            link = await nats.connect(url)
            await link.jetstream().add_stream(name=_QUEUE, subjects=[_QUEUE])
            await link.close()

        asyncio.run(prepare())
        yield NatsSettings(url=Secret(url), subject=_QUEUE)


@contextmanager
def amqp() -> Iterator[SinkSettings]:
    """Run a RabbitMQ with a durable queue, of whose messages it syncs some together."""
    with tempfile.TemporaryDirectory() as folder, RabbitMq(Authority(Path(folder))) as server:
        url = f"amqp://{RABBIT_USER}:{RABBIT_PASSWORD}@{_HERE}:{server.port}/"

        async def prepare() -> None:
            link = await aio_pika.connect(url)
            await (await link.channel()).declare_queue(_QUEUE, durable=True)
            await link.close()

        asyncio.run(prepare())
        yield AmqpSettings(url=Secret(url), exchange="", routing_key=_QUEUE)


@contextmanager
def kafka() -> Iterator[SinkSettings]:
    """Run the mock cluster of librdkafka, which keeps what it takes in its memory."""
    with tempfile.TemporaryDirectory() as folder, Kafka(Authority(Path(folder))) as server:
        url = f"kafka://{KAFKA_USER}:{KAFKA_PASSWORD}@{_HERE}:{server.port}"
        yield KafkaSettings(url=Secret(url), topic=_QUEUE)


@contextmanager
def table() -> Iterator[SinkSettings]:
    """Run a Postgres that syncs its log before a COMMIT is answered."""
    with Postgres(durable=True) as server:

        async def prepare() -> str:
            name = await server.make()
            async with server.asking(name) as connection:
                await connection.execute(_TABLE)
            return name

        url = server.url(asyncio.run(prepare()))
        yield PostgresSettings(url=Secret(url), table=_QUEUE)


#: The servers by variant: ours, with the kind of sink.
KINDS: Mapping[str, Callable[[], AbstractContextManager[SinkSettings]]] = {
    "vedette webhook": webhook,
    "vedette redis": redis,
    "vedette nats": jetstream,
    "vedette amqp": amqp,
    "vedette kafka": kafka,
    "vedette postgres": table,
}


@asynccontextmanager
async def running(settings: SinkSettings) -> AsyncIterator[Sink]:
    """Start the sink of the settings, and stop it."""
    sink = build(EndpointSettings(endpoint=BUS, sink=settings, private=True), SystemClock())
    await sink.start()
    try:
        yield sink
    finally:
        await sink.stop()


async def send(sink: Sink, parcels: Iterator[Parcel]) -> None:
    """Send one after the other, as one lane of an ordered endpoint does."""
    for each in parcels:
        match await sink.send(each):
            case Delivered():
                continue
            case outcome:
                raise RuntimeError(f"not delivered: {outcome.reason}")


async def race(settings: SinkSettings, count: int) -> Values:
    """Send so many events one by one, then as many several at a time."""
    parcels = [parcel(number) for number in range(2 * count + 1)]
    async with running(settings) as sink:
        await send(sink, iter(parcels[:1]))
        alone, together = iter(parcels[1 : count + 1]), iter(parcels[count + 1 :])
        begun = time.perf_counter()
        await send(sink, alone)
        one_by_one = time.perf_counter() - begun
        begun, cpu = time.perf_counter(), time.process_time()
        # They draw from one iterator: each takes the next event when its last one is delivered.
        await asyncio.gather(*(send(sink, together) for _ in range(_AT_ONCE)))
        return {
            "alone_s": count / one_by_one,
            "together_s": count / (time.perf_counter() - begun),
            "cpu_us": (time.process_time() - cpu) / count * 1e6,
        }


def measure(scene: Scene, variant: str) -> Values:
    """Send to the real server of this kind."""
    with KINDS[variant]() as settings:
        return asyncio.run(race(settings, scene.of(2000, 200)))


FIGURE = Figure(
    name="sinks",
    title="Events to each kind of sink",
    method=(
        "Events of 2 KiB, each acknowledged by the real server on this machine, first one after the"
        " other, as in one folder of an ordered endpoint, then eight at a time. Redis and Postgres"
        " sync their log before they answer; Kafka is librdkafka's mock, which keeps events in memory."
        " The server shares the processor; the processor time is ours alone."
    ),
    quantities=(
        Quantity(key="alone_s", title="one by one", unit="/s", more_is_better=True),
        Quantity(key="together_s", title="eight at a time", unit="/s", more_is_better=True),
        Quantity(key="cpu_us", title="processor time per event", unit="us"),
    ),
    variants=tuple(KINDS),
    measure=measure,
)
