"""The settings of the sinks with a broker: values, known without any broker's library.

What a library does with them is in the sink's own file, which is imported when it starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from pathlib import Path
from typing import ClassVar, Final

from vedette.secret import Secret

#: Subjects and routing keys, unless set: from whom to what, for a consumer to choose from.
LEVELS: Final = "vedette.{tenant}.{account}.{type}"

#: The exchange, unless set: one that every broker of AMQP 0-9-1 has (section 3.1.3).
TOPIC: Final = "amq.topic"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSettings:
    """What all of them have.

    ``url`` is a secret: it may hold a password. ``timeout`` in seconds covers the whole attempt:
    name, connect, TLS, login, the event and its acknowledgement. ``connections`` is how many are
    open at a time, where the broker's client uses more than one. ``ca_file`` replaces the
    system's trust store. ``early`` kinds open a link at the start, to find what is missing before
    an event does.
    """

    early: ClassVar[bool] = False

    url: Secret[str]
    timeout: float = 15.0
    connections: int = 8
    ca_file: Path | None = None
    verify: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisSettings(BrokerSettings):
    """A stream of Redis: its name, and about how many entries it keeps (0: all)."""

    stream: str = "vedette"
    maxlen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NatsSettings(BrokerSettings):
    """A subject of NATS that a JetStream takes; ``stream`` is the only one that may."""

    subject: str = LEVELS
    stream: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AmqpSettings(BrokerSettings):
    """An exchange of an AMQP 0-9-1 broker ("" is the default one) and a routing key."""

    exchange: str = TOPIC
    routing_key: str = LEVELS


@unique
class Mechanism(StrEnum):
    """How to log in to Kafka (SASL): the password as it is, or a proof of it (RFC 5802)."""

    PLAIN = "plain"
    SCRAM_SHA_256 = "scram-sha-256"
    SCRAM_SHA_512 = "scram-sha-512"


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaSettings(BrokerSettings):
    """A topic of Kafka. ``mechanism`` is used where the URL names a user."""

    topic: str = "vedette"
    mechanism: Mechanism = Mechanism.SCRAM_SHA_512


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresSettings(BrokerSettings):
    """A table of a Postgres, of the schema that the search path finds first or of a named one."""

    early: ClassVar[bool] = True

    table: str = "vedette_event"
