"""What each kind of endpoint has of its own: one small reader for each kind of sink.

It must not know what all endpoints share: that is ``endpoints.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum, unique
from pathlib import Path
from typing import Final, TypedDict
from urllib.parse import urlsplit

from vedette.config.accounts import secret_of
from vedette.config.document import Table
from vedette.config.environment import secret
from vedette.config.settings import SinkSettings
from vedette.errors import ConfigError, SinkError
from vedette.outbox.signature import key
from vedette.secret import Secret
from vedette.sinks import place
from vedette.sinks.command import CommandSettings
from vedette.sinks.facts import Template
from vedette.sinks.lines import LinesSettings
from vedette.sinks.settings import (
    LEVELS,
    TOPIC,
    AmqpSettings,
    BrokerSettings,
    KafkaSettings,
    Mechanism,
    NatsSettings,
    PostgresSettings,
    RedisSettings,
)
from vedette.sinks.tablename import quoted
from vedette.sinks.topic import Topic
from vedette.sinks.webhook import WebhookSettings, header_flaw

#: Entries of a stream that Redis is asked to keep at most; a billion are some terabytes.
MAX_MAXLEN: Final = 1_000_000_000
#: Characters of a name that are told back.
_SHOWN: Final = 60


@unique
class EndpointKind(StrEnum):
    """What an endpoint is."""

    WEBHOOK = "webhook"
    EXEC = "exec"
    FILE = "file"
    STDOUT = "stdout"
    REDIS = "redis"
    NATS = "nats"
    AMQP = "amqp"
    KAFKA = "kafka"
    POSTGRES = "postgres"


def read_sink(table: Table, kind: EndpointKind) -> SinkSettings:
    """Read the keys that only this kind has. Raises ConfigError with file, line and key."""
    return _READERS[kind](table)


def urls(sink: SinkSettings) -> tuple[Secret[str], ...]:
    """Return where on a network a sink goes; nothing for one that stays on this machine."""
    return (sink.url,) if isinstance(sink, WebhookSettings | BrokerSettings) else ()


def _webhook(table: Table) -> SinkSettings:
    url = secret_of(table, "url")
    if url is None:
        table.missing("url", "where to post events")
    if not _is_http(url):
        table.fail(_place(table, "url"), "expected a URL with https:// or http:// and a host")
    given = table.table("headers")
    headers = {name: given.text(name) or "" for name in given.keys}
    for name, text in headers.items():
        if (why := header_flaw(name, text)) is not None:
            table.fail("headers", f"{name[:_SHOWN]!a} {why}")
    ca_file = table.text("ca_file")
    return WebhookSettings(
        url=url,
        keys=_keys(table),
        headers={name: Secret(text) for name, text in headers.items()},
        timeout=table.number("timeout", 15.0, low=0.1, high=300.0),
        connections=table.whole("concurrency", 8, low=1, high=256),
        ca_file=None if ca_file is None else Path(ca_file),
        verify=table.flag("verify", default=True),
        proxy=secret_of(table, "proxy"),
    )


def _keys(table: Table) -> tuple[Secret[bytes], ...]:
    """Return the signing keys: ``secret`` first, then ``secret_old`` during a rotation."""
    keys = []
    for name in ("secret", "secret_old"):
        found = secret_of(table, name)
        if found is None:
            continue
        try:
            keys.append(key(found))
        except ConfigError as error:
            table.fail(_place(table, name), str(error))
    return tuple(keys)


def _is_http(url: Secret[str]) -> bool:
    text = url.reveal()
    if any(char in " \\" or not char.isprintable() for char in text):
        # Readers of URLs leave such characters out, each in its own way.
        return False
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _place(table: Table, name: str) -> str:
    """Return the key that a secret was given by: itself, or its _env or _file."""
    return next(each for each in (name, f"{name}_env", f"{name}_file") if each in table)


def _exec(table: Table) -> SinkSettings:
    given = table.raw("command")
    command: str | tuple[str, ...]
    if isinstance(given, str) and given.strip():
        command = given
    elif isinstance(given, list) and given and all(isinstance(each, str) for each in given):
        command = tuple(given)
    else:
        table.fail("command", 'expected a command line, or a list such as ["/usr/bin/notify"]')
    directory = table.text("directory")
    environment = dict(CommandSettings(command="true").environment)
    for name in table.texts("environment"):
        found = secret(name)
        if found is None:
            table.fail("environment", f"the environment has no variable {name}")
        environment[name] = found.reveal()
    return CommandSettings(
        command=command,
        timeout=table.number("timeout", 30.0, low=0.1, high=3600.0),
        environment=environment,
        directory=None if directory is None else Path(directory),
    )


def _file(table: Table) -> SinkSettings:
    path = table.required("path", "the file to append lines to")
    return LinesSettings(path=Path(path), fsync=table.flag("fsync", default=False))


def _stdout(_table: Table) -> SinkSettings:
    return LinesSettings()


def _redis(table: Table) -> SinkSettings:
    return RedisSettings(
        **_broker(table, place.REDIS),
        stream=_template(table, "stream", "vedette"),
        maxlen=table.whole("maxlen", 0, low=0, high=MAX_MAXLEN),
    )


def _nats(table: Table) -> SinkSettings:
    return NatsSettings(
        **_broker(table, place.NATS),
        subject=_template(table, "subject", LEVELS),
        stream=table.text("stream"),
    )


def _amqp(table: Table) -> SinkSettings:
    return AmqpSettings(
        **_broker(table, place.AMQP),
        # The name of the default exchange is empty (AMQP 0-9-1 section 3.1.3.1).
        exchange="" if table.raw("exchange") == "" else table.text("exchange", TOPIC) or TOPIC,
        routing_key=_template(table, "routing_key", LEVELS),
    )


def _kafka(table: Table) -> SinkSettings:
    return KafkaSettings(
        **_broker(table, place.KAFKA),
        topic=_template(table, "topic", "vedette", Topic),
        mechanism=table.choice("mechanism", Mechanism, Mechanism.SCRAM_SHA_512),
    )


def _postgres(table: Table) -> SinkSettings:
    return PostgresSettings(
        **_broker(table, place.POSTGRES),
        table=_template(table, "table", "vedette_event", quoted),
    )


class _Broker(TypedDict):
    """What ``BrokerSettings`` have."""

    url: Secret[str]
    timeout: float
    connections: int
    ca_file: Path | None
    verify: bool


def _broker(table: Table, schemes: Mapping[str, place.Scheme]) -> _Broker:
    """Read what all sinks with a broker have."""
    url = secret_of(table, "url")
    if url is None:
        table.missing("url", f"where the broker is, {' or '.join(f'{e}://' for e in schemes)}")
    try:
        place.read_place(url, schemes)
    except SinkError as error:
        table.fail(_place(table, "url"), str(error))
    ca_file = table.text("ca_file")
    return _Broker(
        url=url,
        timeout=table.number("timeout", 15.0, low=0.1, high=300.0),
        connections=table.whole("concurrency", 8, low=1, high=256),
        ca_file=None if ca_file is None else Path(ca_file),
        verify=table.flag("verify", default=True),
    )


def _template(
    table: Table, key: str, default: str, kind: Callable[[str], object] = Template
) -> str:
    """Return a name of which ``kind`` says whether it can be one."""
    text = table.text(key, default) or default
    try:
        kind(text)
    except SinkError as error:
        table.fail(key, str(error))
    return text


_READERS: dict[EndpointKind, Callable[[Table], SinkSettings]] = {
    EndpointKind.WEBHOOK: _webhook,
    EndpointKind.EXEC: _exec,
    EndpointKind.FILE: _file,
    EndpointKind.STDOUT: _stdout,
    EndpointKind.REDIS: _redis,
    EndpointKind.NATS: _nats,
    EndpointKind.AMQP: _amqp,
    EndpointKind.KAFKA: _kafka,
    EndpointKind.POSTGRES: _postgres,
}
