"""Sends spans to a collector by OTLP over HTTP, with the library of OpenTelemetry.

Only who configured it imports this module (``vedette[otel]``). Spans go from a thread of the
library's, in batches, out of a queue that is bounded: what does not fit is dropped, and a
collector that is away holds nobody up. It must not know where the times come from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from vedette import __version__
from vedette.telemetry.tracing import Passage, Try, attempt_id, root_id, step_id, trace_id

#: Spans that wait: some 400 messages. A second of a burst, and two megabytes.
QUEUE: Final = 2048
#: Spans of one request, and the seconds between two.
BATCH: Final = 512
EVERY: Final = 2.0
#: Seconds for one request, and for the last one at a stop.
ANSWER: Final = 5.0

_SCOPE: Final = InstrumentationScope("vedette", __version__)
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)


class OtlpTracer:
    """``vedette.telemetry.tracing.Tracer``. Raises nothing once it is made."""

    def __init__(self, url: str, *, instance: str) -> None:
        """``url`` is that of the collector; spans go to ``/v1/traces`` below it."""
        self._resource = Resource.create(
            {
                "service.name": "vedette",
                "service.version": __version__,
                "service.instance.id": instance,
            }
        )
        self._processor = BatchSpanProcessor(
            OTLPSpanExporter(endpoint=f"{url.rstrip('/')}/v1/traces", timeout=ANSWER),
            max_queue_size=QUEUE,
            max_export_batch_size=BATCH,
            schedule_delay_millis=EVERY * 1000,
            export_timeout_millis=ANSWER * 1000,
        )

    def stop(self) -> None:
        """Send what waits, and end the thread; it blocks, for some seconds at most."""
        shutdown: Callable[[], None] = self._processor.shutdown
        shutdown()

    def passed(self, event: str, kind: str, passage: Passage) -> None:
        """Take the way of a message: a span for all of it, and one for each step."""
        announced = passage.announced if passage.announced is not None else passage.fetched
        root = root_id(event)
        self._end(
            event,
            "message",
            root,
            (announced, passage.committed),
            kind=SpanKind.CONSUMER,
            attributes={"vedette.event.id": event, "vedette.event.type": kind},
        )
        steps = {
            "fetch": (announced, passage.fetched),
            "read": (passage.fetched, passage.read),
            "judge": (passage.read, passage.judged),
            "commit": (passage.judged, passage.committed),
        }
        for name, times in steps.items():
            self._end(event, name, step_id(event, name), times, parent=root)

    def tried(self, attempt: Try) -> None:
        """Take an attempt."""
        event = attempt.event
        self._end(
            event,
            "attempt",
            attempt_id(event, attempt.endpoint, attempt.number),
            (attempt.began, attempt.ended),
            parent=root_id(event),
            kind=SpanKind.PRODUCER,
            attributes={
                "vedette.event.type": attempt.kind,
                "vedette.endpoint": attempt.endpoint,
                "vedette.attempt": attempt.number,
                "vedette.outcome": attempt.outcome,
            },
            failed=attempt.outcome != "delivered",
        )

    def _end(
        self,
        event: str,
        name: str,
        span: int,
        times: tuple[float, float],
        *,
        parent: int | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Mapping[str, str | int] | None = None,
        failed: bool = False,
    ) -> None:
        trace = trace_id(event)
        begun, ended = times
        self._processor.on_end(
            ReadableSpan(
                name=name,
                context=SpanContext(trace, span, is_remote=False, trace_flags=_SAMPLED),
                parent=None
                if parent is None
                else SpanContext(trace, parent, is_remote=False, trace_flags=_SAMPLED),
                resource=self._resource,
                attributes=attributes,
                kind=kind,
                instrumentation_scope=_SCOPE,
                status=Status(StatusCode.ERROR if failed else StatusCode.UNSET),
                start_time=_nanoseconds(begun),
                # A clock that was set back in between makes no span that ends before it begins.
                end_time=_nanoseconds(max(begun, ended)),
            )
        )


def _nanoseconds(instant: float) -> int:
    return int(instant * 1e9)
