"""The webhook: what a receiver gets, and how its answer is judged."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from tests.sinks.hooks import (
    KEY,
    NEW_KEY,
    STRICT,
    SetClock,
    hook,
    local,
    refused,
    secret,
)
from tests.sinks.parcels import parcel
from tests.sinks.receivers import receiver, status
from vedette.errors import SinkError
from vedette.model.delivery import Delivered, Gone, Refused
from vedette.secret import Secret
from vedette.sinks.webhook import WebhookSettings, WebhookSink


async def test_a_delivered_webhook_is_the_event_as_it_was_committed() -> None:
    """One POST, the body byte for byte, our name, and no compression asked for."""
    async with receiver() as it, hook(local(it, "/a?b=c")) as sink:
        outcome = await sink.send(parcel(body=b'{"data": "\xc3\xa4"}'))

    request = it.received[0]
    assert isinstance(outcome, Delivered)
    assert (request.method, request.url) == ("POST", "/a?b=c")
    assert request.body == b'{"data": "\xc3\xa4"}'
    assert request.headers["user-agent"].startswith("vedette/")
    assert request.headers["content-type"].startswith("application/cloudevents+json")
    assert request.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("verifier", [KEY, NEW_KEY])
async def test_the_official_verifier_accepts_what_is_received(verifier: bytes) -> None:
    """During a rotation both the old and the new secret fit."""
    import time  # noqa: PLC0415 - the verifier compares with the real clock, no other test does

    keys = (Secret(KEY), Secret(NEW_KEY))
    async with receiver() as it, hook(local(it), keys=keys, clock=SetClock(time.time())) as sink:
        await sink.send(parcel())

    request = it.received[0]
    event = Webhook(secret(verifier)).verify(request.body, request.headers)
    assert event["id"] == "evt-1"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret(verifier)).verify(request.body + b" ", request.headers)


async def test_a_reset_before_the_status_is_repeated_with_the_same_id_and_a_fresh_signature() -> (
    None
):
    """The receiver may have acted; it recognises the repeat by its id."""
    clock = SetClock()
    cut = True

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if cut and request.transport is not None:
            request.transport.abort()
        return web.Response(status=200)

    async with receiver(answer) as it, hook(local(it), keys=(Secret(KEY),), clock=clock) as sink:
        first = await sink.send(parcel(attempt=1))
        clock.time += 5
        cut = False
        second = await sink.send(parcel(attempt=2))

    before, after = (request.headers for request in it.received)
    assert (type(first), type(second)) == (Refused, Delivered)
    assert before["webhook-id"] == after["webhook-id"] == "evt-1"
    assert int(after["webhook-timestamp"]) - int(before["webhook-timestamp"]) == 5
    assert before["webhook-signature"] != after["webhook-signature"]


@pytest.mark.parametrize("code", [200, 201, 202, 204, 299])
async def test_every_2xx_is_delivered(code: int) -> None:
    """The class decides, not the code."""
    async with receiver(status(code)) as it, hook(local(it)) as sink:
        assert isinstance(await sink.send(parcel()), Delivered)


@pytest.mark.parametrize("code", [400, 401, 404, 409, 422, 429, 500, 503])
async def test_any_other_status_is_refused_with_its_words(code: int) -> None:
    """The reason tells the status and what the receiver said."""
    async with receiver(status(code, "no such queue")) as it, hook(local(it)) as sink:
        reason = refused(await sink.send(parcel())).reason

    assert f"HTTP {code}" in reason
    assert "no such queue" in reason


async def test_410_says_that_the_endpoint_is_gone() -> None:
    """Standard Webhooks: 410 disables."""
    async with receiver(status(410)) as it, hook(local(it)) as sink:
        assert isinstance(await sink.send(parcel()), Gone)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("Sat, 14 Nov 2026 12:01:30 GMT", 90),
        ("Saturday, 14-Nov-26 12:01:30 GMT", 90),
        ("Sat Nov 14 12:01:30 2026", 90),
        ("Sat, 14 Nov 2026 11:00:00 GMT", 0),
        ("99999999999999999999999", 86400),
        ("soon", None),
        ("-5", None),
        ("1e9", None),
        ("\u0663", None),
        ("", None),
    ],
)
async def test_retry_after_is_read_as_seconds_or_as_a_date(value: str, seconds: int | None) -> None:
    """All three date forms of RFC 9110 section 5.6.7; nonsense is no wish; a day is the bound."""
    async with receiver(status(503, Retry_After=value)) as it, hook(local(it)) as sink:
        assert refused(await sink.send(parcel())).retry_after == seconds


async def test_a_pool_of_connections_is_bounded_and_reused() -> None:
    """Forty sends at once use no more connections than the settings allow."""
    async with receiver() as it, hook(local(it), connections=4) as sink:
        outcomes = await asyncio.gather(*(sink.send(parcel(n)) for n in range(40)))

    assert {type(outcome) for outcome in outcomes} == {Delivered}
    assert len(it.connections) <= 4


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "https://?t=1",
        "example.com/hook",
        "http://[::1",
        "",
        "http://a:99999/",
    ],
)
def test_a_url_that_can_not_be_posted_to_is_a_sink_error_without_its_words(url: str) -> None:
    """A wrong URL is found when the sink is built; it may hold a token, so it is not quoted."""
    with pytest.raises(SinkError) as caught:
        WebhookSink(WebhookSettings(url=Secret(url)), guard=STRICT, clock=SetClock())

    assert not url or url not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("X-A", "b\r\nX-Evil: 1"), ("X A", "b"), ("webhook-id", "x"), ("Host", "x"), ("", "x")],
)
def test_a_header_that_would_break_the_request_is_a_sink_error(name: str, value: str) -> None:
    """Neither a second header nor one of the request's own gets through."""
    settings = WebhookSettings(url=Secret("http://a/"), headers={name: Secret(value)})
    with pytest.raises(SinkError):
        WebhookSink(settings, guard=STRICT, clock=SetClock())


async def test_a_missing_ca_file_is_a_sink_error_at_the_start(tmp_path: Path) -> None:
    """The message names the file."""
    settings = WebhookSettings(url=Secret("https://a/"), ca_file=tmp_path / "none.pem")
    sink = WebhookSink(settings, guard=STRICT, clock=SetClock())
    with pytest.raises(SinkError, match=r"none\.pem"):
        await sink.start()


async def test_a_stopped_sink_refuses_and_stops_again() -> None:
    """Stop is idempotent; a late send is an outcome, not an exception."""
    async with receiver() as it, hook(local(it)) as sink:
        await sink.stop()
        await sink.stop()

        assert isinstance(await sink.send(parcel()), Refused)
        assert it.received == []


async def test_the_body_is_json_a_receiver_can_read() -> None:
    """What arrives parses, and carries the id of the header."""
    async with receiver() as it, hook(local(it)) as sink:
        await sink.send(parcel())

    assert json.loads(it.received[0].body)["id"] == it.received[0].headers["webhook-id"]
