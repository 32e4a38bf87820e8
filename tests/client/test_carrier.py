"""How requests travel, over real sockets: to a URL, and through a socket in a folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from vedette.client import Client
from vedette.client.carrier import HttpCarrier, NotSentError, Request, is_served
from vedette.errors import NetworkError, ProtocolError, UsageError


async def _answer(request: web.Request) -> web.StreamResponse:
    match request.path:
        case "/elsewhere":
            raise web.HTTPFound("https://other.example/")
        case "/cut":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        case "/endless":
            response = web.StreamResponse()
            await response.prepare(request)
            piece = bytes(1024 * 1024)
            while True:
                await response.write(piece)
        case _:
            return web.json_response({"path": request.raw_path})


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[tuple[str, Path]]:
    """Serve at a URL and at a socket; return both."""
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", _answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    socket = tmp_path / "api.sock"
    await web.UnixSite(runner, str(socket)).start()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[1][:2]
    yield f"http://{host}:{port}", socket
    await runner.cleanup()


async def asked(carrier: HttpCarrier, target: str) -> tuple[int, bytes]:
    await carrier.open()
    try:
        async with carrier.send(Request(method="GET", target=target)) as answer:
            return answer.status, await answer.whole()
    finally:
        await carrier.close()


async def test_a_path_arrives_as_it_was_written(served: tuple[str, Path]) -> None:
    """Nothing is decoded or resolved on the way, and a path of the URL stays before it."""
    carrier = HttpCarrier.at_url(f"{served[0]}/behind/")

    assert await asked(carrier, "/a%2Fb%252F?q=%20") == (
        200,
        b'{"path": "/behind/a%2Fb%252F?q=%20"}',
    )


async def test_a_socket_is_a_way_too(served: tuple[str, Path]) -> None:
    """A command on this machine needs no port."""
    assert await is_served(served[1])
    assert (await asked(HttpCarrier.at_socket(served[1]), "/x"))[0] == 200


async def test_nobody_is_followed_elsewhere(served: tuple[str, Path]) -> None:
    """A request has a key: where it goes is said by its owner."""
    assert (await asked(HttpCarrier.at_url(served[0]), "/elsewhere"))[0] == 302


async def test_a_connection_that_breaks_off_is_a_failure_of_the_network(
    served: tuple[str, Path],
) -> None:
    """What was sent may have been done: it is not as if there had been no connection."""
    with pytest.raises(NetworkError) as caught:
        await asked(HttpCarrier.at_url(served[0]), "/cut")

    assert not isinstance(caught.value, NotSentError)


async def test_an_answer_without_an_end_is_cut(served: tuple[str, Path]) -> None:
    """What is taken whole has a bound."""
    with pytest.raises(ProtocolError, match="more than"):
        await asked(HttpCarrier.at_url(served[0]), "/endless")


async def test_nobody_there_is_told_in_words(tmp_path: Path) -> None:
    """Nothing was sent, so it may be sent again."""
    with pytest.raises(NotSentError, match="can not be reached"):
        await asked(HttpCarrier.at_url("http://127.0.0.1:9"), "/")
    assert not await is_served(tmp_path / "api.sock")


@pytest.mark.parametrize(
    "url",
    ["mail.example.org", "ftp://mail.example.org", "https://", "https://u:p@mail.example.org",
     "https://mail.example.org/?a=b", "http://mail.example.org", "https://[::1", "https://a:b"],
)  # fmt: skip
def test_a_url_that_a_key_must_not_go_to_is_refused(url: str) -> None:
    """No URL, one with a user or a query, and one that crosses the network in the clear."""
    with pytest.raises(UsageError) as caught:
        Client.at(url, key="vdt_x")

    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["https://mail.example.org", "http://[::1]:8025", "http://localhost"]
)
def test_tls_and_this_machine_are_trusted_with_a_key(url: str) -> None:
    """Nothing has to be allowed for them."""
    assert isinstance(Client.at(url, key="vdt_x"), Client)
    assert isinstance(Client.at("http://vedette.internal", in_the_clear=True), Client)
