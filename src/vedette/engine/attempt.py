"""One attempt to deliver: the body its endpoint asks for, sent within a deadline, and told.

It must not know what an outcome leads to.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import assert_never

import structlog

from vedette.model.delivery import Delivered, Endpoint, Gone, Outcome, Parcel, Refused
from vedette.outbox.shape import dressed
from vedette.ports.sink import Sink
from vedette.telemetry.counters import Counter, Gauge
from vedette.telemetry.histogram import Histogram
from vedette.telemetry.tracing import TRACING, Try

#: What can come of an attempt.
OUTCOMES = ("delivered", "refused", "gone")

ATTEMPTS = Counter(
    "vedette_delivery_attempts_total",
    "Attempts to deliver an event, by outcome.",
    label="outcome",
    values=OUTCOMES,
)
IN_FLIGHT = Gauge("vedette_delivery_in_flight", "Attempts that wait for their endpoint's answer.")
FIRST = Histogram(
    "vedette_committed_to_attempted_seconds",
    "Time from the commit of an event to the first attempt to deliver it.",
)
DURATION = Histogram(
    "vedette_delivery_attempt_seconds",
    "Time from the begin of an attempt to its outcome: the webhook's answer, the broker's.",
    label="outcome",
    values=OUTCOMES,
)

_log = structlog.get_logger(__name__)


async def send(sink: Sink, endpoint: Endpoint, parcel: Parcel, *, deadline: float) -> Outcome:
    """Send once, and give up after ``deadline`` seconds. Whatever happens is an outcome."""
    try:
        async with asyncio.timeout(deadline):
            return await sink.send(dressed(parcel, endpoint))
    except TimeoutError:
        return Refused(reason=f"no outcome within {deadline:g} s")
    except Exception as error:  # noqa: BLE001 - a fault in one sink must not end its lane
        _log.error("sink.failed", endpoint=endpoint.id, event_id=parcel.event, exc_info=error)
        return Refused(reason=f"a fault of the sink: {type(error).__name__}")


def report(parcel: Parcel, outcome: Outcome, took: float, now: float) -> None:
    """Count, trace and log what came of an attempt that took so many seconds, up to ``now``."""
    log = partial(
        _log.log,
        endpoint=parcel.endpoint,
        event_id=parcel.event,
        attempt=parcel.attempt,
        ms=round(took * 1000),
    )
    named = _name(outcome)
    ATTEMPTS.inc(named)
    DURATION.observe(took, named)
    if (tracer := TRACING.tracer) is not None:
        tracer.tried(
            Try(
                event=parcel.event,
                kind=parcel.type,
                endpoint=parcel.endpoint,
                number=parcel.attempt,
                began=now - took,
                ended=now,
                outcome=named,
            )
        )
    match outcome:
        case Delivered():
            log(10, "delivery.delivered")
        case Refused(reason=reason):
            log(30, "delivery.refused", reason=reason)
        case Gone(reason=reason):
            log(30, "delivery.gone", reason=reason)
        case _:
            assert_never(outcome)


def _name(outcome: Outcome) -> str:
    match outcome:
        case Delivered():
            return "delivered"
        case Refused():
            return "refused"
        case Gone():
            return "gone"
        case _:
            assert_never(outcome)
