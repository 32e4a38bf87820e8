"""Receivers that drip, flood, redirect, echo or talk something else."""

from __future__ import annotations

import asyncio
import gzip

import pytest
from aiohttp import web

from tests.sinks.hooks import (
    hook,
    local,
    refused,
)
from tests.sinks.parcels import parcel
from tests.sinks.receivers import raw_server, receiver, status
from vedette.model.delivery import Delivered, Refused
from vedette.secret import Secret
from vedette.sinks.webhook import MAX_ANSWER


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_a_redirect_is_a_failure_and_is_not_followed(code: int) -> None:
    """Neither to a metadata address nor to the very same host."""
    for target in ("http://169.254.169.254/latest/meta-data/", "/elsewhere"):
        async with receiver(status(code, Location=target)) as it, hook(local(it)) as sink:
            reason = refused(await sink.send(parcel())).reason

        assert "redirects are not followed" in reason
        assert [request.url for request in it.received] == ["/hook"]


async def test_a_receiver_that_never_answers_is_cut_at_the_deadline() -> None:
    """Silence is refused when the time is over."""

    async def silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with raw_server(silence) as it:
        url = f"http://127.0.0.1:{it.port}/"
        async with hook(url, timeout=0.2) as sink, asyncio.timeout(60):
            reason = refused(await sink.send(parcel())).reason
            await it.over.wait()

    assert "no answer within 0.2 s" in reason


async def test_a_receiver_that_drips_its_headers_is_cut_at_the_deadline() -> None:
    """A byte now and then does not prolong the attempt."""

    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 5000:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.01)

    async with raw_server(drip) as it:
        url = f"http://127.0.0.1:{it.port}/"
        async with hook(url, timeout=0.3) as sink, asyncio.timeout(60):
            reason = refused(await sink.send(parcel())).reason
            await it.over.wait()

    assert "no answer" in reason


async def test_a_2xx_whose_body_drips_is_delivered_and_dropped_at_the_deadline() -> None:
    """The receiver took the event; its slow words are not worth a repeat."""

    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with raw_server(drip) as it:
        url = f"http://127.0.0.1:{it.port}/"
        async with hook(url, timeout=1.0) as sink, asyncio.timeout(60):
            outcome = await sink.send(parcel())
            await it.over.wait()

    assert isinstance(outcome, Delivered)


@pytest.mark.parametrize("code", [200, 500])
async def test_a_body_of_ten_gigabytes_is_dropped_at_its_bound(code: int) -> None:
    """The connection is closed, not drained: the sender gets no further than the buffers."""
    sent = 0

    async def flood(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 10000000000\r\n\r\n" % code)
        while True:
            writer.write(b"x" * 65536)
            sent += 65536
            await writer.drain()

    async with raw_server(flood) as it:
        url = f"http://127.0.0.1:{it.port}/"
        async with hook(url, timeout=5) as sink, asyncio.timeout(60):
            outcome = await sink.send(parcel())
            await it.over.wait()

    assert isinstance(outcome, Delivered if code == 200 else Refused)
    assert sent < MAX_ANSWER + 8 * 1024 * 1024  # what sockets of both sides may hold


async def test_a_compressed_answer_is_not_unfolded() -> None:
    """A few bytes could become gigabytes; we never asked for them."""

    async def answer(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(
            status=400, body=gzip.compress(b"bomb"), headers={"Content-Encoding": "gzip"}
        )

    async with receiver(answer) as it, hook(local(it)) as sink:
        assert "bomb" not in refused(await sink.send(parcel())).reason


async def test_garbage_instead_of_http_is_refused() -> None:
    """A mail server on that port, for one."""

    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK IMAP4rev1 ready\r\n")
        await writer.drain()

    async with raw_server(greet) as it, hook(f"http://127.0.0.1:{it.port}/token-9") as sink:
        reason = refused(await sink.send(parcel())).reason

    assert "not HTTP" in reason
    assert "token-9" not in reason


async def test_cookies_of_a_receiver_are_not_kept() -> None:
    """An endpoint leaves no state with us."""
    async with receiver(status(200, Set_Cookie="a=b")) as it, hook(local(it)) as sink:
        await sink.send(parcel(1))
        await sink.send(parcel(2))

    assert all("cookie" not in request.headers for request in it.received)


async def test_a_reason_holds_no_secret_and_no_second_line() -> None:
    """A receiver that echoes the request can not bring our secrets into the status table."""

    async def echo(request: web.BaseRequest) -> web.StreamResponse:
        words = f"bad\r\nlevel=info \x1b[31m{request.raw_path} {request.headers['X-Key']}"
        return web.Response(status=400, text=words)

    headers = {"X-Key": Secret("hunter2hunter2")}
    async with receiver(echo) as it:
        url = f"http://user:passw0rd@127.0.0.1:{it.port}/tok-3n?sig=s3cret"
        async with hook(url, headers=headers) as sink:
            reason = refused(await sink.send(parcel())).reason

    assert it.received[0].headers["x-key"] == "hunter2hunter2"
    assert it.received[0].headers["authorization"].startswith("Basic ")
    assert not [word for word in ("hunter2", "passw0rd", "tok-3n", "s3cret") if word in reason]
    assert reason.isprintable()
    assert len(reason) < 300
