"""Sends one parcel to an endpoint by its settings, beside all deliveries: a test of the way out.

A sink of its own is started and stopped for it, so what is tried is what is saved. It must not
know what is sent.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from vedette.app.sinks import build
from vedette.config.settings import EndpointSettings
from vedette.engine.attempt import send
from vedette.errors import SinkError
from vedette.model.delivery import Outcome, Parcel, Refused
from vedette.ports.clock import Clock
from vedette.ports.sink import Sink

_log = structlog.stdlib.get_logger(__name__)

#: Seconds for an attempt: above every sink's own, as for any delivery.
DEADLINE: Final = 35.0
#: Seconds for a sink to begin, and to end.
BESIDE: Final = 10.0


class Trying:
    """Tries endpoints out."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, settings: EndpointSettings, parcel: Parcel) -> Outcome:
        """Send once. Whatever happens is an outcome."""
        try:
            sink = build(settings, self._clock)
        except SinkError as error:
            return Refused(reason=str(error))
        try:
            async with asyncio.timeout(BESIDE):
                await sink.start()
            return await send(sink, settings.endpoint, parcel, deadline=DEADLINE)
        except SinkError as error:
            return Refused(reason=str(error))
        except TimeoutError:
            return Refused(reason=f"it did not begin within {BESIDE:g} s")
        finally:
            await self._end(sink)

    @staticmethod
    async def _end(sink: Sink) -> None:
        try:
            async with asyncio.timeout(BESIDE):
                await sink.stop()
        except TimeoutError:
            _log.warning("endpoint.test_not_ended", seconds=BESIDE)
