"""The API over real sockets: a port, the socket in the state folder, TLS, strangers, a stop."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.support.api import Face
from tests.support.authority import Authority
from vedette.api import headers, wire
from vedette.api.server import SOCKET, ApiServer
from vedette.config.api import ApiSettings, Certificate
from vedette.errors import ConfigError

#: A loaded machine may need so long for any one step.
PATIENCE = 20.0
ANY = ApiSettings(port=0)


@asynccontextmanager
async def served(
    app: ASGIApp, state: Path, settings: ApiSettings = ANY
) -> AsyncIterator[ApiServer]:
    server = ApiServer(app, settings, state)
    await server.start()
    try:
        yield server
    finally:
        async with asyncio.timeout(PATIENCE):
            await server.stop()


async def said(port: int | None, words: bytes) -> bytes:
    """Send octets and return all that is answered until the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(words)
    async with asyncio.timeout(PATIENCE):
        answer = await reader.read()
    writer.close()
    return answer


async def answers(port: int | None) -> bool:
    """Tell whether somebody takes connections."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def ends(port: int | None, words: bytes) -> bool:
    """Tell whether a connection that sent only so much is ended by the other side."""
    try:
        return await said(port, words) == b""
    except ConnectionError:
        return True


async def test_a_key_is_asked_for_at_the_port(face: Face, tmp_path: Path) -> None:
    """Over a real connection: 401 without a key, 200 with one."""
    key = await face.key()
    async with served(face.app, tmp_path) as server, aiohttp.ClientSession() as client:
        url = f"http://127.0.0.1:{server.port}/v1/tenants"
        async with client.get(url) as without:
            assert without.status == 401
        async with client.get(url, headers={"authorization": f"Bearer {key}"}) as with_one:
            assert with_one.status == 200
            assert with_one.headers["x-content-type-options"] == "nosniff"
            assert "server" not in with_one.headers


async def test_a_small_answer_is_sent_at_once(face: Face, tmp_path: Path) -> None:
    """Nagle's algorithm is off: with it a body waits 40 ms behind its head, for an acknowledgement."""
    async with served(face.app, tmp_path) as server, aiohttp.ClientSession() as client:
        async with client.get(f"http://127.0.0.1:{server.port}/livez") as answer:
            assert answer.status == 200
        [wire] = [each for one in server._servers for each in one.server_state.connections]
        theirs = wire.transport.get_extra_info("socket")

        assert theirs.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


async def test_whoever_can_open_the_socket_is_an_admin(face: Face, tmp_path: Path) -> None:
    """It is the owner's alone, needs no key, and is gone after a stop."""
    path = tmp_path / SOCKET
    async with served(face.app, tmp_path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        connector = aiohttp.UnixConnector(path=str(path))
        async with (
            aiohttp.ClientSession(connector=connector) as client,
            client.post("http://vedette/v1/tenants", json={"id": "acme"}) as answer,
        ):
            assert answer.status == 201

    assert not path.exists()
    trail = await face.state.audit_trail()
    assert trail[-1].actor == "socket"


async def test_a_header_makes_nobody_the_owner(face: Face, tmp_path: Path) -> None:
    """What a caller sends does not say that it came through the socket."""
    request = b"GET /v1/tenants HTTP/1.1\r\nhost: x\r\nis_socket: 1\r\nconnection: close\r\n\r\n"
    async with served(face.app, tmp_path) as server:
        answer = await said(server.port, request)

    assert answer.startswith(b"HTTP/1.1 401 ")


async def test_a_dead_socket_is_taken_over(face: Face, tmp_path: Path) -> None:
    """What a killed service left does not keep the next one from serving."""
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / SOCKET))
    left.close()

    async with served(face.app, tmp_path):
        reader, writer = await asyncio.open_unix_connection(tmp_path / SOCKET)
        writer.write(b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()

    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_a_port_that_was_asked_for_and_is_taken_is_an_error(
    face: Face, tmp_path: Path
) -> None:
    """Nothing starts that nobody would find."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        asked = ApiServer(face.app, ApiSettings(port=port, is_asked=True), tmp_path)

        with pytest.raises(ConfigError, match=r"can not listen on 127\.0\.0\.1"):
            await asked.start()

        async with served(face.app, tmp_path, ApiSettings(port=port)) as server:
            assert server.port is None
            assert (tmp_path / SOCKET).exists()


async def test_what_a_stop_cuts_off_is_a_problem(
    face: Face, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is still at it when the time of a stop is over is told to ask again, in the usual form."""
    monkeypatch.setattr("vedette.api.server.GRACE", 0.01)
    key = await face.key()
    ask = f"GET /v1/events?wait=30 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\r\n"
    async with served(face.app, tmp_path) as serving:
        asking = asyncio.create_task(said(serving.port, ask.encode()))
        async with asyncio.timeout(PATIENCE):
            while not face.services.feed.waiting:  # noqa: ASYNC110 - it has no event of its own
                await asyncio.sleep(0)

    head, _, body = (await asking).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"application/problem+json" in head
    assert json.loads(body)["code"] == "overloaded"


async def test_what_is_no_http_is_a_problem(face: Face, tmp_path: Path) -> None:
    """Even there the form and the headers are those of every other answer."""
    async with served(face.app, tmp_path) as server:
        head, _, body = (await said(server.port, b"HELLO\r\n\r\n")).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"x-content-type-options: nosniff" in head
    assert b"application/problem+json" in head
    assert json.loads(body)["code"] == "malformed"


@pytest.mark.parametrize("words", [b"", b"GET /livez HTTP/1.1\r\n", b"GET /livez HTTP/1.1\r\nx"])
async def test_who_sends_half_a_head_is_hung_up_on(
    face: Face, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: bytes
) -> None:
    """A connection that asks nothing is not kept."""
    monkeypatch.setattr(wire, "HEAD", 0.05)
    async with served(face.app, tmp_path) as server:
        assert await ends(server.port, words)


async def test_a_head_that_drips_is_hung_up_on(
    face: Face, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An octet now and then does not move the deadline on."""
    monkeypatch.setattr(wire, "HEAD", 0.2)
    async with served(face.app, tmp_path) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        gone = asyncio.ensure_future(reader.read())
        writer.write(b"GET /livez HTTP/1.1\r\nx: ")
        async with asyncio.timeout(PATIENCE):
            while not gone.done():
                writer.write(b"x")
                await asyncio.wait({gone}, timeout=0.02)
        writer.close()

    assert isinstance(gone.exception(), ConnectionError) or gone.result() == b""


async def test_a_head_that_is_too_long_is_refused(face: Face, tmp_path: Path) -> None:
    """What does not end within its bound is no request."""
    words = b"GET /livez HTTP/1.1\r\nx: " + b"x" * (headers.MAX_HEAD + 1)
    async with served(face.app, tmp_path) as server:
        assert (await said(server.port, words)).startswith(b"HTTP/1.1 400 ")


async def test_one_connection_too_many_is_dropped(
    face: Face, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections of strangers do not use up the descriptors of mailboxes; those at work stay."""
    monkeypatch.setattr(wire, "CONNECTIONS", 2)
    is_in, go_on = asyncio.Semaphore(0), asyncio.Event()

    async def slow(_scope: Scope, _receive: Receive, send: Send) -> None:
        is_in.release()
        await go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    ask = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    async with served(slow, tmp_path) as server, asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(said(server.port, ask)) for _ in range(2)]
        for _ in asked:
            await is_in.acquire()
        assert await ends(server.port, ask)
        go_on.set()
        for each in asked:
            assert b"done" in await each


async def test_who_says_nothing_makes_room_for_who_asks(
    face: Face, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger who holds every connection without a word keeps nobody out."""
    monkeypatch.setattr(wire, "CONNECTIONS", 2)
    async with served(face.app, tmp_path) as server:
        silent = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(20)]

        ask = b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        assert (await said(server.port, ask)).startswith(b"HTTP/1.1 200 ")

        for _, writer in silent:
            writer.close()


async def test_who_does_not_read_an_answer_is_hung_up_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that nobody takes is not held for ever, nor the request with it."""
    monkeypatch.setattr(wire, "STALLED", 0.05)
    over = asyncio.Event()

    async def endless(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(1000):
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
        over.set()

    async with served(endless, tmp_path) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        async with asyncio.timeout(PATIENCE):
            await over.wait()
        writer.close()


async def test_an_answer_under_way_is_given_at_a_stop(tmp_path: Path) -> None:
    """A stop waits for what was asked, takes nothing new, and ends."""
    asked, go = asyncio.Event(), asyncio.Event()

    async def slow(_scope: Scope, _receive: Receive, send: Send) -> None:
        asked.set()
        await go.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    server = ApiServer(slow, ANY, tmp_path)
    await server.start()
    answer = asyncio.ensure_future(said(server.port, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"))
    await asked.wait()
    stop = asyncio.ensure_future(server.stop())
    port = server.port
    async with asyncio.timeout(PATIENCE):
        while await answers(port):
            continue
    go.set()
    await stop

    assert (await answer).startswith(b"HTTP/1.1 204 ")


async def test_an_answer_that_never_comes_does_not_hold_a_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The grace of a stop is bounded."""
    monkeypatch.setattr("vedette.api.server.GRACE", 0.1)
    asked, cancelled = asyncio.Event(), asyncio.Event()

    async def never(_scope: Scope, _receive: Receive, _send: Send) -> None:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with served(never, tmp_path) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        await asked.wait()

    writer.close()
    await asyncio.wait_for(cancelled.wait(), PATIENCE)


async def test_the_port_speaks_tls_where_it_has_a_certificate(
    face: Face, tmp_path: Path, authority: Authority
) -> None:
    """The certificate is checked by the client, and plaintext gets nothing."""
    issued = authority.issue(folder=tmp_path)
    settings = replace(ANY, certificate=Certificate(chain=issued.path, key=issued.path))
    trusting = ssl.create_default_context(cafile=issued.ca_file)
    async with served(face.app, tmp_path, settings) as server, aiohttp.ClientSession() as client:
        url = f"https://localhost:{server.port}/livez"
        async with client.get(url, ssl=trusting) as answer:
            assert answer.status == 200
        with pytest.raises(aiohttp.ClientError):
            await client.get(f"http://localhost:{server.port}/livez")


async def test_a_certificate_that_can_not_be_read_is_an_error(face: Face, tmp_path: Path) -> None:
    """The line names the files, and nothing is served."""
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    settings = replace(ANY, certificate=Certificate(chain=broken, key=broken))

    with pytest.raises(ConfigError, match=r"broken\.pem"):
        await ApiServer(face.app, settings, tmp_path).start()


async def test_beyond_this_machine_without_tls_there_is_a_warning(
    face: Face, tmp_path: Path, logged: Callable[[], str]
) -> None:
    """Who binds other addresses is told once that keys can be read on the way."""
    async with served(face.app, tmp_path, replace(ANY, host="0.0.0.0")):
        pass

    assert logged().count("api.in_the_clear") == 1


async def test_on_loopback_there_is_no_warning(
    face: Face, tmp_path: Path, logged: Callable[[], str]
) -> None:
    """Nobody else can listen there."""
    async with served(face.app, tmp_path):
        pass

    assert "api.in_the_clear" not in logged()
