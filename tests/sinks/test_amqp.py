"""AMQP, against a real RabbitMQ."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel

from tests.conftest import absent
from tests.sinks.conformance import BrokerContract
from tests.sinks.harness import Taken, allowed, reason, running
from tests.sinks.letters import letter
from tests.support.authority import Authority
from tests.support.debian import UnavailableError
from tests.support.rabbitmq import PASSWORD, USER, RabbitMq
from vedette.app.sinks import LIBRARIES
from vedette.model.delivery import Delivered, Refused
from vedette.secret import Secret
from vedette.sinks import place
from vedette.sinks.broker import BrokerSink
from vedette.sinks.settings import AmqpSettings

pytestmark = pytest.mark.server


class AmqpHarness:
    """A queue of its own in a RabbitMQ."""

    # Basic.Ack: class 60, method 80, then eight octets of the delivery's number.
    ack = b"\x00\x3c\x00\x50\x00\x00\x00\x00"
    keeps_repeats = True
    secret = PASSWORD

    def __init__(self, server: RabbitMq) -> None:
        self.server = server
        self.queue = f"q-{uuid.uuid4().hex}"

    def url(self, *, port: int | None = None, host: str | None = None, secret: str = "") -> str:
        where = f"{host or '127.0.0.1'}:{port or self.server.port}"
        return f"amqp://{USER}:{secret or PASSWORD}@{where}/"

    def sink(self, url: str, **settings: Any) -> BrokerSink:
        guard = allowed(settings)
        return BrokerSink(
            AmqpSettings(
                url=Secret(url), **{"exchange": "", "routing_key": self.queue, **settings}
            ),
            endpoint="bus",
            library=LIBRARIES["amqp"],
            schemes=place.AMQP,
            guard=guard,
        )

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[AbstractChannel]:
        connection = await aio_pika.connect(self.url())
        try:
            yield await connection.channel()
        finally:
            await connection.close()

    async def taken(self) -> list[Taken]:
        found = []
        async with self.channel() as channel:
            queue = await channel.get_queue(self.queue)
            while (message := await queue.get(fail=False)) is not None:
                found.append(
                    Taken(
                        event=message.message_id or "",
                        where=message.routing_key or "",
                        body=message.body,
                        headers={
                            **{name: str(value) for name, value in message.headers.items()},
                            "content-type": message.content_type or "",
                            "type": message.type or "",
                            "durable": str(message.delivery_mode == 2),
                        },
                    )
                )
        # Unacknowledged: with the end of the channel they are in the queue again.
        return found


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[RabbitMq]:
    try:
        made = RabbitMq(authority)
    except UnavailableError as why:
        absent(why)
    with made:
        yield made


@pytest.fixture
async def harness(server: RabbitMq) -> AmqpHarness:
    made = AmqpHarness(server)
    async with made.channel() as channel:
        await channel.declare_queue(made.queue, durable=True)
    return made


class TestAmqpSink(BrokerContract):
    """The suite, on RabbitMQ."""

    @pytest.fixture
    def tls(self, harness: AmqpHarness, authority: Authority) -> Callable[..., BrokerSink]:
        url = f"amqps://{USER}:{PASSWORD}@localhost:{harness.server.tls_port}"

        def make(*, trusted: bool) -> BrokerSink:
            return harness.sink(url, ca_file=authority.ca_file if trusted else None)

        return make


async def test_a_message_is_persistent_and_has_the_attributes_beside_it(
    harness: AmqpHarness,
) -> None:
    """A broker that restarts has it still; a consumer routes without the body."""
    async with running(harness.sink(harness.url())) as sink:
        await sink.send(letter(1))

    (message,) = await harness.taken()
    assert message.headers == {
        "durable": "True",
        "type": "message.received",
        "content-type": "application/cloudevents+json; charset=utf-8",
        "ce-specversion": "1.0",
        "ce-id": "evt-1",
        "ce-source": "urn:vedette:acme:anna%2540example.org",
        "ce-type": "message.received",
        "ce-time": "2026-11-14T12:00:01.000Z",
        "ce-tenant": "acme",
        "ce-account": "anna@example.org",
    }


async def test_an_exchange_gets_the_routing_key_of_the_template(harness: AmqpHarness) -> None:
    """A topic exchange routes by tenant, account and type."""
    async with harness.channel() as channel:
        exchange = await channel.declare_exchange(f"x-{harness.queue}", "topic", durable=True)
        await (await channel.get_queue(harness.queue)).bind(exchange, "vedette.acme.*.message.#")
        key = "vedette.{tenant}.{account}.{type}"
        async with running(
            harness.sink(harness.url(), exchange=exchange.name, routing_key=key)
        ) as sink:
            assert isinstance(await sink.send(letter(1, account="a.#*")), Delivered)

    assert [each.where for each in await harness.taken()] == [
        "vedette.acme.a%2E%23%2A.message.received"
    ]


async def test_a_message_that_no_queue_takes_is_refused_and_the_connection_stays(
    harness: AmqpHarness,
) -> None:
    """A broker drops it and says thank you, unless it is mandatory."""
    async with running(harness.sink(harness.url(), routing_key="n-{account}")) as sink:
        words = reason(await sink.send(letter(1)))
        link = sink._link  # type: ignore[attr-defined]
        async with harness.channel() as channel:
            await channel.declare_queue("n-bob", durable=True)
        other = await sink.send(letter(2, account="bob"))

        assert link is sink._link  # type: ignore[attr-defined]
    assert "no queue takes the routing key n-anna%40example%2Eorg" in words
    assert isinstance(other, Delivered)


async def test_of_two_of_one_event_at_once_none_counts_as_delivered_in_vain(
    harness: AmqpHarness,
) -> None:
    """A replay beside the first: the client tells returned messages by the id alone."""
    async with running(harness.sink(harness.url(), routing_key="nowhere")) as sink:
        outcomes = await asyncio.gather(sink.send(letter(1)), sink.send(letter(1)))

    assert {type(each) for each in outcomes} == {Refused}


async def test_an_exchange_that_is_missing_is_refused_and_named(harness: AmqpHarness) -> None:
    """The broker closes the channel over it; the next attempt has a new one."""
    async with running(harness.sink(harness.url(), exchange="nothing-here")) as sink:
        words = [reason(await sink.send(letter(1))) for _ in range(2)]

    for each in words:
        assert "no exchange 'nothing-here'" in each


async def test_a_virtual_host_is_the_path_of_the_url(harness: AmqpHarness) -> None:
    """One that is missing is refused by the broker."""
    async with running(harness.sink(harness.url() + "none%2Fsuch")) as sink:
        words = reason(await sink.send(letter(1)))

    assert "none/such" in words
