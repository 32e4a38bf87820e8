"""Kafka, against the mock cluster of librdkafka behind a gate that asks for a login."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from ipaddress import ip_network
from typing import Any

import pytest
from confluent_kafka import Message

from tests.sinks.conformance import BrokerContract
from tests.sinks.harness import Taken, allowed, reason, running
from tests.sinks.letters import letter
from tests.support.authority import Authority
from tests.support.kafka import PASSWORD, USER, Kafka, Told
from tests.support.kafka_gate import address
from vedette.app.sinks import LIBRARIES
from vedette.errors import SinkError
from vedette.model.delivery import Delivered
from vedette.net.address import AddressGuard
from vedette.secret import Secret
from vedette.sinks import place
from vedette.sinks.broker import BrokerSink
from vedette.sinks.settings import KafkaSettings, Mechanism


def made(url: str, **settings: Any) -> BrokerSink:
    guard = allowed(settings)
    return BrokerSink(
        KafkaSettings(url=Secret(url), **settings),
        endpoint="bus",
        library=LIBRARIES["kafka"],
        schemes=place.KAFKA,
        guard=guard,
    )


class KafkaHarness:
    """A topic of its own in the cluster."""

    # The mock's time of appending, an INT64 of each answer to a produce request.
    ack = (1234).to_bytes(8)
    keeps_repeats = True
    secret = PASSWORD

    def __init__(self, server: Kafka) -> None:
        self.server = server
        self.topic = f"events-{uuid.uuid4().hex}"

    def url(self, *, port: int | None = None, host: str | None = None, secret: str = "") -> str:
        place = f"{host or '127.0.0.1'}:{port or self.server.port}"
        return f"kafka://{USER}:{secret or PASSWORD}@{place}"

    def sink(self, url: str, **settings: Any) -> BrokerSink:
        return made(url, **{"topic": self.topic, **settings})

    async def taken(self) -> list[Taken]:
        return await self.records(self.topic)

    async def records(self, topic: str) -> list[Taken]:
        return list(map(taken, await asyncio.to_thread(self.server.records, topic)))


def taken(record: Message) -> Taken:
    """Spell what the client gives as pairs of a name and octets."""
    headers = {str(name): bytes(value).decode() for name, value in record.headers() or []}  # type: ignore[arg-type, str-unpack]
    return Taken(
        event=headers["ce_id"],
        where=(record.key() or b"").decode(),
        body=record.value() or b"",
        headers=headers,
    )


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[Kafka]:
    with Kafka(authority) as made:
        yield made


@pytest.fixture
def harness(server: Kafka) -> KafkaHarness:
    return KafkaHarness(server)


class TestKafkaSink(BrokerContract):
    """The suite, on Kafka."""

    @pytest.fixture
    def tls(self, server: Kafka, authority: Authority) -> Callable[..., BrokerSink]:
        url = f"kafka+tls://{USER}:{PASSWORD}@127.0.0.1:{server.tls_port}"

        def make(*, trusted: bool) -> BrokerSink:
            return made(url, ca_file=authority.ca_file if trusted else None)

        return make


async def test_a_record_has_the_attributes_beside_it_and_the_folder_as_its_key(
    harness: KafkaHarness,
) -> None:
    """The CloudEvents binding's headers, in UTF-8; the key is what the order is kept by."""
    async with running(harness.sink(harness.url())) as sink:
        await sink.send(letter(1, tenant="Grüne"))

    (record,) = await harness.taken()
    assert record.where == "anna@example.org/INBOX"
    assert record.headers == {
        "content-type": "application/cloudevents+json; charset=utf-8",
        "ce_specversion": "1.0",
        "ce_id": "evt-1",
        "ce_source": "urn:vedette:Gr%C3%BCne:anna%40example.org",
        "ce_type": "message.received",
        "ce_time": "2026-11-14T12:00:01.000Z",
        "ce_tenant": "Grüne",
        "ce_account": "anna@example.org",
    }


async def test_the_records_of_a_folder_are_in_one_partition(harness: KafkaHarness) -> None:
    """There are four, and a consumer reads each in its order."""
    async with running(harness.sink(harness.url())) as sink:
        for number in range(12):
            await sink.send(letter(number))

    found = await asyncio.to_thread(harness.server.records, harness.topic)
    assert len({each.partition() for each in found}) == 1
    assert [each.offset() for each in found] == list(range(12))


async def test_a_topic_may_be_one_for_each_tenant(harness: KafkaHarness) -> None:
    """What a topic's name can not hold is spelled with a dot."""
    async with running(harness.sink(harness.url(), topic=f"{harness.topic}-{{tenant}}")) as sink:
        await sink.send(letter(1, tenant="a b"))

    found = await harness.records(f"{harness.topic}-a.20b")
    assert [each.event for each in found] == ["evt-1"]


@pytest.mark.parametrize("mechanism", list(Mechanism))
async def test_each_way_to_log_in_is_understood(
    harness: KafkaHarness, mechanism: Mechanism
) -> None:
    """The password itself, or a proof that we know it."""
    async with running(harness.sink(harness.url(), mechanism=mechanism)) as sink:
        right = await sink.send(letter(1))
    async with running(harness.sink(harness.url(secret="wrong"), mechanism=mechanism)) as sink:
        wrong = await sink.send(letter(2))

    assert isinstance(right, Delivered)
    assert "SaslAuthenticationFailed" in reason(wrong)


async def test_a_topic_that_no_broker_would_make_is_found_at_the_start(
    harness: KafkaHarness,
) -> None:
    """Letters, digits and three signs, 249 octets with what stands for the placeholders."""
    for topic in (
        "a b",
        "a/b",
        "a%b",
        "..",
        "x" * 250,
        "{tenant}{account}{tenant}{account}{tenant}",
    ):
        with pytest.raises(SinkError):
            await harness.sink(harness.url(), topic=topic).start()


async def test_a_broker_that_the_cluster_tells_of_is_judged_as_the_first(
    harness: KafkaHarness,
) -> None:
    """Its address is one more that somebody else chose."""
    only = AddressGuard(allow=[ip_network("127.0.0.1/32")])
    async with harness.server.proxy() as proxy:
        elsewhere = address(proxy.port).replace(b"127.0.0.1", b"127.0.0.2")
        proxy.put(Told(address(proxy.port), elsewhere))
        async with running(harness.sink(harness.url(port=proxy.port), guard=only)) as sink:
            sink_of_it: Any = sink
            words = reason(await sink.send(letter(1)))
            assert sink_of_it._link is None

        assert "127.0.0.2" in words
        assert "may not be dialled" in words
        assert await harness.taken() == []


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
        b"\x7f\xff\xff\xff" + bytes(100),
        b"\xff\xff\xff\xff" + bytes(100),
        b"\0\0\0\x06" + bytes(6),
        b"\0\0\0\x0a\0\0\0\x01\0\0\xff\xff\xff\xff",
        b"",
    ],
)
async def test_what_answers_and_is_no_kafka_is_refused_in_one_line(answer: bytes) -> None:
    """A web server at the port, an answer of two gigabytes, of less than nothing, or none."""
    over = asyncio.Event()

    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        writer.write(answer)
        writer.write_eof()
        await reader.read()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        over.set()

    server = await asyncio.start_server(other, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with running(made(f"kafka://127.0.0.1:{port}", timeout=10.0)) as sink:
            words = reason(await sink.send(letter(1)))
        await over.wait()

    assert "within 10 s" not in words
    assert words.isprintable()


async def test_all_replicas_are_asked_by_a_producer_that_has_a_number(
    harness: KafkaHarness,
) -> None:
    """The mock has one replica and can not tell, so this looks at what is asked for."""
    async with running(harness.sink(harness.url())) as sink:
        await sink.send(letter(1))
        sender: Any = sink._link._sender  # type: ignore[attr-defined]

        assert sender._acks == -1
        assert sender._txn_manager.has_pid()
