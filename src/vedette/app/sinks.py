"""From the settings of an endpoint to its sink."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from vedette.config.settings import EndpointSettings
from vedette.net.address import PRIVATE, AddressGuard
from vedette.ports.clock import Clock
from vedette.ports.sink import Sink
from vedette.sinks import place
from vedette.sinks.broker import BrokerSink
from vedette.sinks.command import CommandSettings, CommandSink
from vedette.sinks.library import Library
from vedette.sinks.lines import LinesSettings, LinesSink
from vedette.sinks.settings import (
    AmqpSettings,
    BrokerSettings,
    KafkaSettings,
    NatsSettings,
    PostgresSettings,
    RedisSettings,
)
from vedette.sinks.webhook import WebhookSettings, WebhookSink

#: The sinks that need a library, which is imported when such an endpoint starts.
LIBRARIES: Mapping[str, Library] = {
    each.extra: each
    for each in (
        Library(module="vedette.sinks.redis", extra="redis", loggers=("redis",)),
        Library(module="vedette.sinks.nats", extra="nats", loggers=("nats",)),
        Library(module="vedette.sinks.amqp", extra="amqp", loggers=("aio_pika", "aiormq")),
        Library(module="vedette.sinks.kafka", extra="kafka", loggers=("aiokafka",)),
        Library(module="vedette.sinks.postgres", extra="postgres", loggers=("asyncpg",)),
    )
}


#: Which of them a kind of broker needs, and how its URL begins.
_BROKERS: Mapping[type[BrokerSettings], tuple[str, Mapping[str, place.Scheme]]] = {
    RedisSettings: ("redis", place.REDIS),
    NatsSettings: ("nats", place.NATS),
    AmqpSettings: ("amqp", place.AMQP),
    KafkaSettings: ("kafka", place.KAFKA),
    PostgresSettings: ("postgres", place.POSTGRES),
}


def build(settings: EndpointSettings, clock: Clock) -> Sink:
    """Return the sink of an endpoint, not started. Raises SinkError for what can not work."""
    guard = AddressGuard(allow=PRIVATE if settings.private else ())
    match settings.sink:
        case WebhookSettings():
            return WebhookSink(settings.sink, guard=guard, clock=clock)
        case CommandSettings():
            return CommandSink(settings.sink)
        case LinesSettings():
            return LinesSink(settings.sink)
        case BrokerSettings():
            extra, schemes = _BROKERS[type(settings.sink)]
            return BrokerSink(
                settings.sink,
                endpoint=settings.endpoint.id,
                library=LIBRARIES[extra],
                schemes=schemes,
                guard=guard,
            )
        case _:
            assert_never(settings.sink)
