"""The endpoints of the configuration file as the API shows them: seen and used, and changed there.

An endpoint of the file that takes the events of one tenant alone is that tenant's; every other is
nobody's, and admins alone see it. What is of its kind alone, such as a command or a path, is the
machine's affair and is not shown. It must not know how a file is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from vedette.config.settings import EndpointSettings, SinkSettings
from vedette.config.sinks import EndpointKind, urls
from vedette.model.delivery import Endpoint
from vedette.model.ids import EndpointId
from vedette.ports.records import Kind
from vedette.ports.registration import Origin
from vedette.service.beside import Filed
from vedette.service.endpoints.endpoint import HEADERS, RegisteredEndpoint, place_of
from vedette.sinks.command import CommandSettings
from vedette.sinks.lines import LinesSettings
from vedette.sinks.settings import (
    AmqpSettings,
    KafkaSettings,
    NatsSettings,
    PostgresSettings,
    RedisSettings,
)
from vedette.sinks.webhook import WebhookSettings

_KINDS: Final[Mapping[type, EndpointKind]] = {
    WebhookSettings: EndpointKind.WEBHOOK,
    CommandSettings: EndpointKind.EXEC,
    RedisSettings: EndpointKind.REDIS,
    NatsSettings: EndpointKind.NATS,
    AmqpSettings: EndpointKind.AMQP,
    KafkaSettings: EndpointKind.KAFKA,
    PostgresSettings: EndpointKind.POSTGRES,
}
#: The keys of a webhook in their order: the second is there during a rotation.
_KEYS: Final = ("secret", "secret_old")


class FiledEndpoints(Filed[EndpointSettings, RegisteredEndpoint]):
    """Those of the file as it is by now: ``settings`` is asked each time."""

    __slots__ = ()

    def __init__(self, settings: Callable[[], Iterable[EndpointSettings]] = tuple) -> None:
        super().__init__(
            Kind.ENDPOINT,
            settings,
            name=lambda each: each.endpoint.id,
            shown=_shown,
            words=lambda each: f"{each.title} {each.place}",
        )


def _shown(settings: EndpointSettings) -> RegisteredEndpoint:
    endpoint, sink = settings.endpoint, settings.sink
    tenants = endpoint.selection.tenants
    where = urls(sink)
    return RegisteredEndpoint(
        id=endpoint.id,
        tenant=tenants[0] if len(tenants) == 1 else None,
        kind=_kind(sink),
        members=_members(endpoint),
        place=place_of({"url": where[0]}) if where else "",
        sealed=_sealed(sink),
        title=endpoint.id,
        origin=Origin.FILE,
    )


def _kind(sink: SinkSettings) -> EndpointKind:
    if isinstance(sink, LinesSettings):
        return EndpointKind.STDOUT if sink.path is None else EndpointKind.FILE
    return _KINDS[type(sink)]


def _members(endpoint: Endpoint) -> dict[str, object]:
    selection = endpoint.selection
    taken: dict[str, tuple[str, ...]] = {
        "events": selection.types,
        "tenants": selection.tenants,
        "accounts": selection.accounts,
        "folders": selection.folders,
        "tags": selection.tags,
    }
    standard = Endpoint(id=EndpointId(""))
    how: dict[str, object] = {
        name: getattr(endpoint, name)
        for name in ("profile", "depth", "ordered", "concurrency", "rate")
        if getattr(endpoint, name) != getattr(standard, name)
    }
    return {**{name: list(each) for name, each in taken.items() if each}, **how}


def _sealed(sink: SinkSettings) -> tuple[str, ...]:
    found = ["url"] if urls(sink) else []
    if isinstance(sink, WebhookSettings):
        found += _KEYS[: len(sink.keys)]
        found += [HEADERS] if sink.headers else []
        found += ["proxy"] if sink.proxy is not None else []
    return tuple(sorted(found))
