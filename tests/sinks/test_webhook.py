"""The webhook sink against real receivers on loopback, good and hostile."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from standardwebhooks import Webhook, WebhookVerificationError

from tests.sinks.parcels import parcel
from tests.sinks.receivers import Receiver, raw_server, receiver, status
from tests.support.authority import Authority
from vedette.errors import SinkError
from vedette.model.delivery import Delivered, Gone, Outcome, Refused
from vedette.net.address import AddressGuard
from vedette.secret import Secret
from vedette.sinks.webhook import MAX_ANSWER, WebhookSettings, WebhookSink

KEY, NEW_KEY = b"k" * 32, b"n" * 32
LOOPBACK = AddressGuard(allow=[ip_network("127.0.0.0/8"), ip_network("::1/128")])
STRICT = AddressGuard()
#: Sat, 14 Nov 2026 12:00:00 GMT
NOON = 1_794_657_600.0


class SetClock:
    """A wall clock that a test sets; None is the real one, as a verifier wants."""

    def __init__(self, now: float = NOON) -> None:
        self.time = now

    def now(self) -> float:
        return self.time


class Names(AbstractResolver):
    """A name server that answers with these addresses, one list for each question."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        address = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        pass


@asynccontextmanager
async def hook(
    url: str,
    *,
    guard: AddressGuard = LOOPBACK,
    clock: SetClock | None = None,
    resolver: AbstractResolver | None = None,
    **settings: object,
) -> AsyncIterator[WebhookSink]:
    """Run a sink that posts to ``url``."""
    given = WebhookSettings(url=Secret(url), **settings)  # type: ignore[arg-type]
    sink = WebhookSink(given, guard=guard, clock=clock or SetClock(), resolver=resolver)
    await sink.start()
    try:
        yield sink
    finally:
        await sink.stop()


def local(it: Receiver, path: str = "/hook") -> str:
    return f"http://127.0.0.1:{it.port}{path}"


def refused(outcome: Outcome) -> Refused:
    assert isinstance(outcome, Refused)
    return outcome


def secret(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


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


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_a_redirect_is_a_failure_and_is_not_followed(code: int) -> None:
    """Neither to a metadata address nor to the very same host."""
    for target in ("http://169.254.169.254/latest/meta-data/", "/elsewhere"):
        async with receiver(status(code, Location=target)) as it, hook(local(it)) as sink:
            reason = refused(await sink.send(parcel())).reason

        assert "redirects are not followed" in reason
        assert [request.url for request in it.received] == ["/hook"]


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


async def test_a_receiver_that_never_answers_is_cut_at_the_deadline() -> None:
    """Silence is refused when the time is over."""

    async def silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with raw_server(silence) as it:
        url = f"http://127.0.0.1:{it.port}/"
        async with hook(url, timeout=0.2) as sink, asyncio.timeout(5):
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
        async with hook(url, timeout=0.3) as sink, asyncio.timeout(5):
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
        async with hook(url, timeout=0.3) as sink, asyncio.timeout(5):
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
        async with hook(url, timeout=5) as sink, asyncio.timeout(10):
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


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "2130706433",
        "0x7f.1",
        "127.1",
        "localhost",
        "169.254.169.254",
    ],
)
async def test_no_spelling_of_an_inside_address_is_dialled(host: str) -> None:
    """The check is bound to the address that would be connected, literals included."""
    async with receiver() as it:
        async with hook(f"http://{host}:{it.port}/", guard=STRICT, timeout=5) as sink:
            outcome = await sink.send(parcel())

        assert isinstance(outcome, Refused)
        assert it.received == []


async def test_the_reason_of_a_forbidden_address_says_what_it_is() -> None:
    """A person reads why nothing was sent."""
    async with hook("http://127.0.0.1:9/", guard=STRICT) as sink:
        assert "loopback" in refused(await sink.send(parcel())).reason


async def test_a_name_that_changes_its_address_is_judged_at_each_connection() -> None:
    """Rebinding: allowed at first, inside the second time; the second is not dialled."""
    guard = AddressGuard(allow=[ip_network("127.0.0.1/32")])
    names = Names("127.0.0.1", "127.0.0.2")
    async with receiver(status(204, Connection="close"), host="0.0.0.0") as it:
        url = f"http://hooks.example.com:{it.port}/"
        async with hook(url, guard=guard, resolver=names) as sink:
            first = await sink.send(parcel())
            assert sink._session is not None
            sink._session.connector.clear_dns_cache()  # type: ignore[union-attr]
            second = await sink.send(parcel(2))

    assert (type(first), type(second)) == (Delivered, Refused)
    assert names.asked == 2
    assert len(it.received) == 1


async def test_cookies_of_a_receiver_are_not_kept() -> None:
    """An endpoint leaves no state with us."""
    async with receiver(status(200, Set_Cookie="a=b")) as it, hook(local(it)) as sink:
        await sink.send(parcel(1))
        await sink.send(parcel(2))

    assert all("cookie" not in request.headers for request in it.received)


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a proxy of the settings counts: a foreign one would see every mail."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with receiver() as it, hook(local(it)) as sink:
        assert isinstance(await sink.send(parcel()), Delivered)


async def test_a_configured_proxy_resolves_and_dials() -> None:
    """The name is never looked up here."""
    async with receiver() as proxy:
        url, via = "http://hooks.example.com/x", Secret(f"http://127.0.0.1:{proxy.port}")
        async with hook(url, proxy=via, guard=STRICT) as sink:
            outcome = await sink.send(parcel())

    assert isinstance(outcome, Delivered)
    assert proxy.received[0].url == "http://hooks.example.com/x"


async def test_a_pool_of_connections_is_bounded_and_reused() -> None:
    """Forty sends at once use no more connections than the settings allow."""
    async with receiver() as it, hook(local(it), connections=4) as sink:
        outcomes = await asyncio.gather(*(sink.send(parcel(n)) for n in range(40)))

    assert {type(outcome) for outcome in outcomes} == {Delivered}
    assert len(it.connections) <= 4


async def test_tls_trusts_the_given_authority_and_no_other(
    authority: Authority, tmp_path: Path
) -> None:
    """A private authority is trusted when named; without it the certificate is refused."""
    files = authority.issue(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.cert_file, files.key_file)
    async with receiver(tls=context) as it:
        url = f"https://127.0.0.1:{it.port}/"
        async with hook(url, ca_file=files.ca_file) as sink:
            trusted = await sink.send(parcel())
        async with hook(url) as sink:
            untrusted = await sink.send(parcel())

    assert isinstance(trusted, Delivered)
    assert "certificate is not trusted" in refused(untrusted).reason
    assert len(it.received) == 1


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


async def test_a_port_where_nobody_listens_is_refused_in_one_line() -> None:
    """The system's own words, and the host, and nothing of the path."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        async with hook(f"http://127.0.0.1:{port}/tok-3n") as sink:
            reason = refused(await sink.send(parcel())).reason

    assert reason.startswith(f"http://127.0.0.1:{port}: ")
    assert "tok-3n" not in reason


async def test_a_name_that_does_not_resolve_is_refused_with_the_resolvers_words() -> None:
    """No exception leaves the sink."""
    async with hook("http://nothing.invalid/tok-3n") as sink:
        reason = refused(await sink.send(parcel())).reason

    assert "does not resolve" in reason
    assert "tok-3n" not in reason


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
