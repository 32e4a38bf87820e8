"""The tables of endpoints with a broker."""

from __future__ import annotations

from pathlib import Path

import pytest

from vedette.config.document import parse
from vedette.config.endpoints import read_endpoint
from vedette.config.settings import EndpointSettings
from vedette.errors import ConfigError
from vedette.secret import Secret
from vedette.sinks.settings import (
    AmqpSettings,
    BrokerSettings,
    KafkaSettings,
    Mechanism,
    NatsSettings,
    PostgresSettings,
    RedisSettings,
)

COMMON = 'timeout = 2.5\nconcurrency = 3\nca_file = "/etc/ca.pem"\nverify = false\n'
LEVELS = "vedette.{tenant}.{account}.{type}"


def endpoint(text: str) -> EndpointSettings:
    document = parse(f"[endpoints.out]\n{text}", file="x.toml")
    return read_endpoint(document.table("endpoints").table("out"))


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        endpoint(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "sink"),
    [
        (
            'type = "redis"\nurl = "rediss://bus.example.org/2"\n',
            RedisSettings(
                url=Secret("rediss://bus.example.org/2"), connections=8, stream="vedette", maxlen=0
            ),
        ),
        (
            'type = "nats"\nurl = "nats://bus.example.org"\n',
            NatsSettings(url=Secret("nats://bus.example.org"), subject=LEVELS, stream=None),
        ),
        (
            'type = "amqp"\nurl = "amqps://bus.example.org"\n',
            AmqpSettings(
                url=Secret("amqps://bus.example.org"), exchange="amq.topic", routing_key=LEVELS
            ),
        ),
        (
            'type = "kafka"\nurl = "kafka+tls://bus.example.org"\n',
            KafkaSettings(
                url=Secret("kafka+tls://bus.example.org"),
                topic="vedette",
                mechanism=Mechanism.SCRAM_SHA_512,
            ),
        ),
        (
            'type = "postgres"\nurl = "postgres+tls://db.example.org/mail"\n',
            PostgresSettings(
                url=Secret("postgres+tls://db.example.org/mail"), table="vedette_event"
            ),
        ),
    ],
)
def test_a_broker_needs_only_its_url(text: str, sink: BrokerSettings) -> None:
    """In any order of events, and not at an inside address."""
    found = endpoint(text)

    assert found.sink == sink
    assert (found.private, found.endpoint.ordered) == (False, False)


@pytest.mark.parametrize(
    ("text", "sink"),
    [
        (
            'type = "redis"\nurl = "redis://h"\nstream = "m:{tenant}"\nmaxlen = 5000\n',
            RedisSettings(
                url=Secret("redis://h"),
                stream="m:{tenant}",
                maxlen=5000,
                timeout=2.5,
                connections=3,
                ca_file=Path("/etc/ca.pem"),
                verify=False,
            ),
        ),
        (
            'type = "nats"\nurl = "nats://h"\nsubject = "m.{account}"\nstream = "MAIL"\n',
            NatsSettings(
                url=Secret("nats://h"),
                subject="m.{account}",
                stream="MAIL",
                timeout=2.5,
                connections=3,
                ca_file=Path("/etc/ca.pem"),
                verify=False,
            ),
        ),
        (
            'type = "amqp"\nurl = "amqp://h"\nexchange = ""\nrouting_key = "mail"\n',
            AmqpSettings(
                url=Secret("amqp://h"),
                exchange="",
                routing_key="mail",
                timeout=2.5,
                connections=3,
                ca_file=Path("/etc/ca.pem"),
                verify=False,
            ),
        ),
        (
            'type = "kafka"\nurl = "kafka://h"\ntopic = "m-{tenant}"\nmechanism = "plain"\n',
            KafkaSettings(
                url=Secret("kafka://h"),
                topic="m-{tenant}",
                mechanism=Mechanism.PLAIN,
                timeout=2.5,
                connections=3,
                ca_file=Path("/etc/ca.pem"),
                verify=False,
            ),
        ),
        (
            'type = "postgres"\nurl = "postgres://h/d"\ntable = "mail.event"\n',
            PostgresSettings(
                url=Secret("postgres://h/d"),
                table="mail.event",
                timeout=2.5,
                connections=3,
                ca_file=Path("/etc/ca.pem"),
                verify=False,
            ),
        ),
    ],
)
def test_every_key_of_a_broker_is_taken_as_it_is_written(text: str, sink: BrokerSettings) -> None:
    """Nothing that can be written is dropped on the way."""
    found = endpoint(text + COMMON + "private = true\nordered = true\n")

    assert found.sink == sink
    assert found.private
    assert found.endpoint.ordered
    assert found.endpoint.concurrency == 3


@pytest.mark.parametrize(
    ("url", "inside"),
    [("redis://127.0.0.1", True), ("redis://:pass@localhost:7000/1", True), ("redis://h", False)],
)
def test_a_broker_whose_url_spells_an_inside_address_may_be_there(url: str, inside: bool) -> None:  # noqa: FBT001 - a table of facts
    """A name that resolves inside needs ``private = true``."""
    assert endpoint(f'type = "redis"\nurl = "{url}"\n').private is inside


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('type = "redis"\n', "endpoints.out.url: is missing: where the broker is, redis://"),
        ('type = "redis"\nurl = "nats://h"\n', "needs redis:// or rediss:// and a host"),
        ('type = "nats"\nurl = "nats://u:s3cret@h?x=1"\n', "no query and no fragment"),
        ('type = "amqp"\nurl = "amqp://"\n', "endpoints.out.url: "),
        ('type = "nats"\nurl = "nats://h"\nsubject = "a.{subject}"\n', "and no other placeholder"),
        ('type = "redis"\nurl = "redis://h"\nstream = "a {type}"\n', "endpoints.out.stream: "),
        ('type = "redis"\nurl = "redis://h"\nmaxlen = -1\n', "endpoints.out.maxlen: "),
        ('type = "redis"\nurl = "redis://h"\nsubject = "x"\n', "subject: is not known here"),
        ('type = "amqp"\nurl = "amqp://h"\nexchange = 7\n', "endpoints.out.exchange: "),
        ('type = "kafka"\nurl = "kafka://h"\ntopic = "a/b"\n', "endpoints.out.topic: "),
        ('type = "kafka"\nurl = "kafka://h"\nmechanism = "gssapi"\n', "is none of plain"),
        ('type = "postgres"\nurl = "postgres://h"\ntable = "a b"\n', "endpoints.out.table: "),
        ('type = "postgres"\nurl = "postgres://u:s3cret@h?sslmode=x"\n', "no query"),
    ],
)
def test_a_broker_that_can_not_work_is_refused_at_its_key(text: str, said: str) -> None:
    """File, line and key, and never the URL itself."""
    line = refusal(text)

    assert said in line
    assert line.startswith("x.toml:")
    assert "s3cret" not in line


def test_a_url_of_a_broker_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds a password as a rule."""
    monkeypatch.setenv("BUS", "redis://:s3cret@bus.example.org")
    sink = endpoint('type = "redis"\nurl_env = "BUS"\n').sink

    assert isinstance(sink, RedisSettings)
    assert sink.url == Secret("redis://:s3cret@bus.example.org")
