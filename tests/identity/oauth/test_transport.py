"""Token services are asked within bounds, where they may be asked, and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from tests.identity.oauth.rig import LOOPBACK, Clock
from tests.identity.oauth.scripted import Endpoint, endpoint
from vedette.errors import NetworkError
from vedette.identity.oauth.transport import AT_ONCE, Transport
from vedette.net.address import AddressGuard


@pytest.fixture
async def service() -> AsyncIterator[Endpoint]:
    async with endpoint() as found:
        yield found


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    found = Transport(guard=AddressGuard(), private=LOOPBACK, clock=Clock(), deadline=5.0)
    yield found
    await found.stop()


async def test_an_inside_address_is_not_asked(transport: Transport, service: Endpoint) -> None:
    """Not by the address itself, and not by a name that leads there."""
    port = service.url.rpartition(":")[2]
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "169.254.169.254"):
        with pytest.raises(NetworkError):
            await transport.post(f"https://{host}:{port}/token", {"a": "b"})
    assert service.asked == []


@pytest.mark.parametrize("url", ["http://tokens.example.org/", "ftp://x/", "nothing", "https://"])
async def test_a_secret_goes_over_tls_alone(transport: Transport, url: str) -> None:
    """What is not https is not even looked up."""
    with pytest.raises(NetworkError, match="not one of https"):
        await transport.post(url, {"a": "b"})


async def test_a_redirect_is_not_followed(transport: Transport, service: Endpoint) -> None:
    """A secret does not go where an answer points."""

    async def elsewhere(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=307, headers={"Location": f"{service.url}/elsewhere"})

    service.answer = elsewhere
    with pytest.raises(NetworkError, match="leads elsewhere"):
        await transport.post(f"{service.url}/token", {"a": "b"}, private=True)
    assert [each.path for each in service.asked] == ["/token"]


async def test_an_answer_without_an_end_is_cut(transport: Transport, service: Endpoint) -> None:
    """64 KiB are enough for tokens."""

    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        try:
            while True:
                await answer.write(b"x" * 16_384)
        except ConnectionError:
            return answer

    service.answer = endless
    with pytest.raises(NetworkError, match="octets"):
        await transport.post(service.url, {}, private=True)


async def test_a_service_that_hangs_is_given_up(service: Endpoint) -> None:
    """The deadline covers the whole answer; what is named in the error is the host alone."""

    async def hang(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        return web.Response()

    service.answer = hang
    impatient = Transport(guard=LOOPBACK, private=LOOPBACK, clock=Clock(), deadline=0.2)
    with pytest.raises(NetworkError, match=r"127\.0\.0\.1 did not answer within 0\.2 s") as error:
        await impatient.post(f"{service.url}/a-secret-path", {}, private=True)
    assert "a-secret-path" not in str(error.value)
    await impatient.stop()


async def test_a_storm_asks_a_few_at_a_time(transport: Transport, service: Endpoint) -> None:
    """Who waits for a turn is not late by that."""
    now, most = 0, 0

    async def count(_request: web.Request) -> web.StreamResponse:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1
        return web.json_response({})

    service.answer = count
    await asyncio.gather(*(transport.post(service.url, {}, private=True) for _ in range(100)))
    assert len(service.asked) == 100
    assert most <= AT_ONCE


@pytest.mark.parametrize(
    ("header", "low", "high"),
    [
        ("90", 90, 90),
        ("99999999999999999999", 86_400, 86_400),
        ("Fri, 31 Dec 2100 23:59:59 GMT", 86_400, 86_400),
        ("Sat, 01 Jan 2000 00:00:00 GMT", 0, 0),
    ],
)
async def test_a_wish_to_wait_is_read_within_a_day(
    transport: Transport, service: Endpoint, header: str, low: float, high: float
) -> None:
    """Seconds or a date (RFC 9110 section 10.2.3)."""

    async def later(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=429, headers={"Retry-After": header})

    service.answer = later
    answer = await transport.post(service.url, {}, private=True)
    assert answer.retry_after is not None
    assert low <= answer.retry_after <= high


@pytest.mark.parametrize("header", ["", "soon", "-5", "1.5", "٣"])
async def test_a_wish_that_is_none_is_left_out(
    transport: Transport, service: Endpoint, header: str
) -> None:
    """Words are not waited for."""
    assert transport._wish(header) is None
