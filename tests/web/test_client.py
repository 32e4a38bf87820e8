"""An HTTP client dials what its guard allows, however it is spelled; see also tests/sinks."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from vedette.net.address import PRIVATE, AddressGuard
from vedette.web import client, explained, trust


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Run a server on loopback that says yes."""

    async def yes(_request: web.Request) -> web.Response:
        return web.Response(text="yes")

    app = web.Application()
    app.router.add_get("/", yes)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


def _client(guard: AddressGuard | None) -> aiohttp.ClientSession:
    return client(guard=guard, trust=trust(None), connections=1, buffer=1024)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f000001"])
async def test_an_inside_address_is_refused_however_it_is_spelled(port: int, host: str) -> None:
    """The socket is judged, not the name."""
    async with _client(AddressGuard()) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as refused:
            await session.get(f"http://{host}:{port}/")

    assert "http" not in explained(refused.value)


async def test_an_inside_address_is_dialled_where_that_is_allowed(port: int) -> None:
    """The guard says what is inside, and the operator what may be dialled."""
    async with (
        _client(AddressGuard(allow=PRIVATE)) as session,
        session.get(f"http://127.0.0.1:{port}/") as answer,
    ):
        assert await answer.text() == "yes"


async def test_without_a_guard_any_address_is_dialled(port: int) -> None:
    """As for a proxy of the operator's."""
    async with _client(None) as session, session.get(f"http://127.0.0.1:{port}/") as answer:
        assert answer.status == 200


async def test_a_name_that_is_none_is_told_as_that() -> None:
    """The words name no URL."""
    async with _client(AddressGuard()) as session:
        with pytest.raises(aiohttp.ClientError) as refused:
            await session.get("http://nowhere.invalid/secret-path")

    assert "secret-path" not in explained(refused.value)
