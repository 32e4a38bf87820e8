"""From the settings of an endpoint to its sink."""

from __future__ import annotations

from typing import assert_never

from vedette.config.settings import EndpointSettings
from vedette.net.address import PRIVATE, AddressGuard
from vedette.ports.clock import Clock
from vedette.ports.sink import Sink
from vedette.sinks.command import CommandSettings, CommandSink
from vedette.sinks.lines import LinesSettings, LinesSink
from vedette.sinks.webhook import WebhookSettings, WebhookSink


def build(settings: EndpointSettings, clock: Clock) -> Sink:
    """Return the sink of an endpoint, not started. Raises SinkError for what can not work."""
    match settings.sink:
        case WebhookSettings():
            guard = AddressGuard(allow=PRIVATE if settings.private else ())
            return WebhookSink(settings.sink, guard=guard, clock=clock)
        case CommandSettings():
            return CommandSink(settings.sink)
        case LinesSettings():
            return LinesSink(settings.sink)
        case _:
            assert_never(settings.sink)
