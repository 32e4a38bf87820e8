"""NATS JetStream, against a real server."""

from __future__ import annotations

import ssl
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import nats
import pytest
from nats.aio.client import Client
from nats.js.api import StreamConfig

from tests.conftest import absent
from tests.sinks.conformance import BrokerContract
from tests.sinks.harness import Taken, allowed, reason, running, until_delivered
from tests.sinks.letters import letter
from tests.support.authority import Authority
from tests.support.debian import UnavailableError
from tests.support.nats import PASSWORD, USER, Nats
from vedette.app.sinks import LIBRARIES
from vedette.model.delivery import Delivered
from vedette.secret import Secret
from vedette.sinks import place
from vedette.sinks.broker import BrokerSink
from vedette.sinks.settings import NatsSettings

pytestmark = pytest.mark.server


def made(url: str, **settings: Any) -> BrokerSink:
    guard = allowed(settings)
    return BrokerSink(
        NatsSettings(url=Secret(url), **settings),
        endpoint="bus",
        library=LIBRARIES["nats"],
        schemes=place.NATS,
        guard=guard,
    )


class NatsHarness:
    """A stream of its own in a NATS server."""

    # A reply is a message to the inbox of the client, in JSON that tells of the stream.
    ack = b'{"stream"'
    # The stream keeps them out, by the id.
    keeps_repeats = False
    secret = PASSWORD

    def __init__(self, server: Nats) -> None:
        self.server = server
        self.name = f"s{uuid.uuid4().hex}"

    def url(self, *, port: int | None = None, host: str | None = None, secret: str = "") -> str:
        place = f"{host or '127.0.0.1'}:{port or self.server.port}"
        return f"nats://{USER}:{secret or PASSWORD}@{place}"

    def sink(self, url: str, **settings: Any) -> BrokerSink:
        return made(url, **{"subject": f"{self.name}.{{account}}.{{type}}", **settings})

    async def connect(self, **options: Any) -> Client:
        return await nats.connect(self.url(), **options)

    async def taken(self) -> list[Taken]:
        client = await self.connect()
        stream = client.jetstream()
        found = []
        for number in range(1, (await stream.stream_info(self.name)).state.messages + 1):
            message = await stream.get_msg(self.name, number)
            headers = dict(message.headers or {})
            found.append(
                Taken(
                    event=headers["Nats-Msg-Id"],
                    where=message.subject or "",
                    body=message.data or b"",
                    headers=headers,
                )
            )
        await client.close()
        return found


@pytest.fixture(scope="module")
def server() -> Iterator[Nats]:
    try:
        made = Nats()
    except UnavailableError as why:
        absent(why)
    with made:
        yield made


@pytest.fixture(scope="module")
def secure_server(authority: Authority) -> Iterator[Nats]:
    try:
        made = Nats(authority)
    except UnavailableError as why:
        absent(why)
    with made:
        yield made


@pytest.fixture
async def harness(server: Nats) -> NatsHarness:
    made = NatsHarness(server)
    client = await made.connect()
    await client.jetstream().add_stream(StreamConfig(name=made.name, subjects=[f"{made.name}.>"]))
    await client.close()
    return made


class TestNatsSink(BrokerContract):
    """The suite, on NATS."""

    @pytest.fixture
    async def tls(self, secure_server: Nats, authority: Authority) -> Callable[..., BrokerSink]:
        url = f"tls://{USER}:{PASSWORD}@localhost:{secure_server.port}"
        client = await nats.connect(url, tls=ssl.create_default_context(cafile=authority.ca_file))
        await client.jetstream().add_stream(StreamConfig(name="secured", subjects=["secured"]))
        await client.close()

        def make(*, trusted: bool) -> BrokerSink:
            return made(url, subject="secured", ca_file=authority.ca_file if trusted else None)

        return make


async def test_a_message_has_the_attributes_beside_it_and_a_subject_to_choose_by(
    harness: NatsHarness,
) -> None:
    """The CloudEvents binding's headers, and a subject whose tokens are one level each."""
    async with running(harness.sink(harness.url())) as sink:
        await sink.send(letter(1, account="a.b *>\n@example.org", tenant="Grüne"))

    (message,) = await harness.taken()
    assert message.where == (f"{harness.name}.a%2Eb%20%2A%3E%0A%40example%2Eorg.message.received")
    assert message.headers == {
        "Nats-Msg-Id": "evt-1",
        "content-type": "application/cloudevents+json; charset=utf-8",
        "ce-specversion": "1.0",
        "ce-id": "evt-1",
        "ce-source": "urn:vedette:Gr%25C3%25BCne:a.b%2520%252A%253E%250A%2540example.org",
        "ce-type": "message.received",
        "ce-time": "2026-11-14T12:00:01.000Z",
        "ce-tenant": "Gr%C3%BCne",
        "ce-account": "a.b%20*>%0A@example.org",
    }


async def test_a_repeat_is_known_to_the_stream_and_counts_as_delivered(
    harness: NatsHarness,
) -> None:
    """A crash between acknowledgement and settling sends again: one message stays."""
    async with running(harness.sink(harness.url())) as sink:
        await sink.send(letter(1))
        again = await sink.send(letter(1))

    assert isinstance(again, Delivered)
    assert "known already" in again.detail
    assert len(await harness.taken()) == 1


async def test_a_subject_that_no_stream_takes_is_refused_and_named(harness: NatsHarness) -> None:
    """Plain NATS would take it and keep it nowhere."""
    async with running(harness.sink(harness.url(), subject="nowhere.{type}")) as sink:
        words = reason(await sink.send(letter(1)))

    assert "no stream takes the subject nowhere.message.received" in words


async def test_another_stream_than_the_named_one_may_not_take_it(harness: NatsHarness) -> None:
    """``stream`` is a promise of where the mail is kept."""
    async with running(harness.sink(harness.url(), stream="elsewhere")) as sink:
        words = reason(await sink.send(letter(1)))

    assert "expected stream does not match" in words
    assert await harness.taken() == []


async def test_an_event_larger_than_the_server_takes_is_refused_and_others_go_on(
    harness: NatsHarness,
) -> None:
    """A megabyte by default; the connection does not suffer."""
    async with running(harness.sink(harness.url())) as sink:
        words = reason(await sink.send(letter(1, subject="x" * 1_100_000)))
        other = await sink.send(letter(2))

    assert "max_payload" in words
    assert isinstance(other, Delivered)


async def test_a_login_is_not_said_in_the_clear_where_tls_was_asked_for(
    harness: NatsHarness,
) -> None:
    """A server, or somebody between, that offers no TLS does not get the password."""
    url = harness.url().replace("nats://", "tls://")
    async with running(harness.sink(url)) as sink:
        words = reason(await sink.send(letter(1)))

    assert "offers no TLS" in words


async def test_what_a_server_tells_of_others_is_not_followed(harness: NatsHarness) -> None:
    """The next link is dialled to the address of the settings alone."""
    async with running(harness.sink(harness.url())) as sink:
        await sink.send(letter(1))
        link: Any = sink._link  # type: ignore[attr-defined]
        await link._client._process_info({"connect_urls": ["127.0.0.1:1"]})
        link._transport.abort()
        outcomes = await until_delivered(sink, letter(2))

    assert len(outcomes) <= 2
