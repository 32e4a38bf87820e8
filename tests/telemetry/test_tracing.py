"""Traces, as a collector on loopback gets them from a whole service."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Self
from uuid import UUID

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.support.books import letter, new_token
from tests.support.dovecot import Dovecot
from tests.support.engine import PATIENCE, Watching, blocking, mailbox
from vedette.app.engine import Engine
from vedette.config.settings import EndpointSettings
from vedette.model.delivery import Endpoint
from vedette.model.ids import EndpointId
from vedette.secret import Secret
from vedette.sinks.webhook import WebhookSettings
from vedette.telemetry import otlp
from vedette.telemetry.tracing import (
    TRACING,
    Passage,
    attempt_id,
    root_id,
    step_id,
    trace_id,
    traceparent,
)

HOOK = EndpointId("hook")
STEPS = ("fetch", "read", "judge", "commit")


class Collector:
    """An OTLP receiver and a webhook's, on one port."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.parents: list[tuple[str, str]] = []
        self.url = ""
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v1/traces", self._take)
        app.router.add_post("/hook", self._hooked)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(lambda: len(self.spans) >= count)

    async def _take(self, request: web.Request) -> web.Response:
        body = ExportTraceServiceRequest.FromString(await request.read())
        async with self._changed:
            for resource in body.resource_spans:
                for scope in resource.scope_spans:
                    self.spans.extend(scope.spans)
            self._changed.notify_all()
        return web.Response(content_type="application/x-protobuf")

    async def _hooked(self, request: web.Request) -> web.Response:
        self.parents.append((request.headers["webhook-id"], request.headers["traceparent"]))
        return web.Response()


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with Collector() as found:
        yield found


@pytest.mark.server
async def test_a_message_is_one_trace_from_its_announcement_to_its_delivery(
    dovecot: Dovecot,
    user: str,
    tmp_path: Path,
    collector: Collector,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its steps follow on one another, and the webhook is told where it belongs."""
    monkeypatch.setattr(otlp, "EVERY", 0.1)
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file)
    sink = WebhookSettings(url=Secret(f"{collector.url}/hook"))
    hook = EndpointSettings(endpoint=Endpoint(id=HOOK), sink=sink, private=True)
    watching = Watching(box, state=tmp_path)
    settings = replace(watching.engine.settings, otlp=collector.url, endpoints=(hook,))
    watching.engine = Engine(
        settings, extra=watching.engine._extra, on_connected=watching._connected
    )
    async with watching:
        await watching.until_connected()
        token = new_token()
        watching.books.expect([token])
        await blocking(dovecot.deliver, user, letter(token))
        await watching.until_all_came()
        event = watching.books.receipts[0].id
        # The message, its steps, and an attempt at each of two endpoints. Beside them there are
        # attempts that tell of the account.
        await collector.until(9)
        traced = TRACING.tracer

    of_message = [each for each in collector.spans if each.trace_id == UUID(event).bytes]
    by_name = {each.name: each for each in of_message}
    root = root_id(event).to_bytes(8)
    times = [by_name[step] for step in STEPS]
    assert traced is not None
    assert TRACING.tracer is None
    assert sorted(each.name for each in of_message) == sorted(
        ["message", *STEPS, "attempt", "attempt"]
    )
    assert {each.parent_span_id for each in of_message if each.name != "message"} == {root}
    assert (by_name["message"].span_id, by_name["message"].parent_span_id) == (root, b"")
    assert all(
        before.end_time_unix_nano == after.start_time_unix_nano for before, after in pairwise(times)
    )
    assert (event, traceparent(event, HOOK, 1)) in collector.parents


async def test_a_collector_that_is_away_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans beyond the queue are dropped, and the stop comes to its end."""
    monkeypatch.setattr(otlp, "ANSWER", 0.2)
    loop = asyncio.get_running_loop()
    tracer = otlp.OtlpTracer("http://127.0.0.1:9", instance="")
    passage = Passage(announced=None, fetched=1, read=2, judged=3, committed=4)
    begun = loop.time()
    for number in range(otlp.QUEUE):
        tracer.passed(str(UUID(int=number + 1)), "message.received", passage)
    took = loop.time() - begun
    await asyncio.to_thread(tracer.stop)

    assert took < 10
    assert loop.time() - begun < 30


def test_nobody_imports_the_library_who_does_not_trace() -> None:
    """It costs memory and a thread."""
    asked = "import sys, vedette.app.engine; print('opentelemetry' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout == "False\n"


@given(event=st.text(), endpoint=st.text(), number=st.integers(min_value=1, max_value=99))
def test_ids_of_traces_are_valid_and_the_same_each_time(
    event: str, endpoint: str, number: int
) -> None:
    """None is 0, which means none (W3C Trace Context), and all fit their fields."""
    spans = {root_id(event), attempt_id(event, endpoint, number), step_id(event, "read")}

    assert len(spans) == 3
    assert 0 < trace_id(event) < 1 << 128
    assert all(0 < span < 1 << 64 for span in spans)
    assert traceparent(event, endpoint, number) == traceparent(event, endpoint, number)
    assert len(traceparent(event, endpoint, number)) == 55
