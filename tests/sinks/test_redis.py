"""Redis Streams, against a real Redis."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from redis.asyncio import Redis as Client

from tests.conftest import absent
from tests.sinks.conformance import BrokerContract
from tests.sinks.harness import Taken, allowed, reason, running
from tests.sinks.letters import letter
from tests.support.authority import Authority
from tests.support.debian import UnavailableError
from tests.support.redis import PASSWORD, Redis
from vedette.app.sinks import LIBRARIES
from vedette.errors import SinkError
from vedette.model.delivery import Delivered
from vedette.secret import Secret
from vedette.sinks import place
from vedette.sinks.broker import BrokerSink
from vedette.sinks.settings import RedisSettings

pytestmark = pytest.mark.server


class RedisHarness:
    """A stream of its own in a Redis."""

    # The id of an entry begins with the milliseconds of this century, and is a bulk string.
    ack = b"\r\n17"
    keeps_repeats = True
    secret = PASSWORD

    def __init__(self, server: Redis) -> None:
        self.server = server
        self.stream = f"events-{uuid.uuid4().hex}"
        self.client = Client(port=server.port, password=PASSWORD, protocol=2)

    def url(self, *, port: int | None = None, host: str | None = None, secret: str = "") -> str:
        return f"redis://:{secret or PASSWORD}@{host or '127.0.0.1'}:{port or self.server.port}/0"

    def sink(self, url: str, **settings: Any) -> BrokerSink:
        guard = allowed(settings)
        return BrokerSink(
            RedisSettings(url=Secret(url), **{"stream": self.stream, **settings}),
            endpoint="bus",
            library=LIBRARIES["redis"],
            schemes=place.REDIS,
            guard=guard,
        )

    async def taken(self) -> list[Taken]:
        return await self.entries(self.stream)

    async def entries(self, stream: str) -> list[Taken]:
        # The client's types cover every protocol and option; this is what this one answers.
        found: list[tuple[bytes, dict[bytes, bytes]]] = await self.client.xrange(stream)  # type: ignore[assignment]
        return [
            Taken(
                event=fields[b"event_id"].decode(),
                where=stream,
                body=fields.pop(b"body"),
                headers={name.decode(): value.decode() for name, value in fields.items()},
            )
            for _, fields in found
        ]


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[Redis]:
    try:
        made = Redis(authority)
    except UnavailableError as why:
        absent(why)
    with made:
        yield made


@pytest.fixture
async def harness(server: Redis) -> AsyncIterator[RedisHarness]:
    made = RedisHarness(server)
    yield made
    await made.client.aclose()


class TestRedisSink(BrokerContract):
    """The suite, on Redis."""

    @pytest.fixture
    def tls(self, harness: RedisHarness, authority: Authority) -> Callable[..., BrokerSink]:
        url = f"rediss://:{PASSWORD}@localhost:{harness.server.tls_port}"

        def make(*, trusted: bool) -> BrokerSink:
            return harness.sink(url, ca_file=authority.ca_file if trusted else None)

        return make


async def test_an_entry_has_what_a_consumer_routes_by_in_plain_fields(
    harness: RedisHarness,
) -> None:
    """Id, type, tenant and account beside the body: nothing has to be parsed to leave a repeat out."""
    async with running(harness.sink(harness.url())) as sink:
        await sink.send(letter(1))

    (entry,) = await harness.taken()
    assert entry.headers == {
        "event_id": "evt-1",
        "type": "message.received",
        "tenant": "acme",
        "account": "anna@example.org",
    }


async def test_a_stream_may_be_one_for_each_tenant_or_account(harness: RedisHarness) -> None:
    """A template, whose tokens hold no separator of their own."""
    name = f"{harness.stream}:{{tenant}}:{{account}}"
    async with running(harness.sink(harness.url(), stream=name)) as sink:
        await sink.send(letter(1, tenant="a:b"))

    found = await harness.entries(f"{harness.stream}:a%3Ab:anna%40example%2Eorg")
    assert [each.event for each in found] == ["evt-1"]


async def test_a_stream_is_kept_to_about_its_length_where_one_is_set(
    harness: RedisHarness,
) -> None:
    """``MAXLEN ~`` lets Redis cut whole blocks, of a hundred entries each."""
    async with running(harness.sink(harness.url(), maxlen=100)) as sink:
        await asyncio.gather(*(sink.send(letter(number)) for number in range(500)))

    assert 100 <= len(await harness.taken()) < 300


async def test_a_stream_without_a_length_keeps_everything(harness: RedisHarness) -> None:
    """Nothing that nobody has read is thrown away unless somebody said so."""
    async with running(harness.sink(harness.url())) as sink:
        await asyncio.gather(*(sink.send(letter(number)) for number in range(500)))

    assert len(await harness.taken()) == 500


async def test_what_redis_answers_instead_is_the_reason(harness: RedisHarness) -> None:
    """A key of another type, in Redis's own words; the connections stay."""
    await harness.client.set(harness.stream, "a string")
    async with running(harness.sink(harness.url())) as sink:
        words = reason(await sink.send(letter(1)))
        link = sink._link  # type: ignore[attr-defined]
        await harness.client.delete(harness.stream)
        again = await sink.send(letter(1))

        assert sink._link is link  # type: ignore[attr-defined]
    assert "WRONGTYPE" in words
    assert isinstance(again, Delivered)


async def test_a_replica_since_a_failover_is_left_for_where_the_name_leads_now(
    harness: RedisHarness,
) -> None:
    """Its connections stand and would refuse for ever."""
    async with running(harness.sink(harness.url())) as sink:
        await sink.send(letter(1))
        link = sink._link  # type: ignore[attr-defined]
        await harness.client.replicaof("127.0.0.1", "1")
        try:
            words = reason(await sink.send(letter(2)))
        finally:
            await harness.client.replicaof("NO", "ONE")
        again = await sink.send(letter(2))

        assert sink._link is not link  # type: ignore[attr-defined]
    assert "read only replica" in words
    assert isinstance(again, Delivered)


async def test_the_path_of_the_url_is_the_database(harness: RedisHarness) -> None:
    """A number; anything else is found at the start."""
    async with running(harness.sink(harness.url().removesuffix("/0") + "/3")) as sink:
        await sink.send(letter(1))
    odd = harness.sink(harness.url().removesuffix("/0") + "/events")

    assert await harness.taken() == []
    with pytest.raises(SinkError, match="the database, a number"):
        await odd.start()
