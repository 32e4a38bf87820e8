"""AMQP 0-9-1 (RabbitMQ): a persistent message for each event, taken when the broker confirms it.

Publisher confirms and ``mandatory``: a message that no queue would take comes back, and is
refused. ``message_id`` is the event's id, for consumers to know a repeat by. Exchanges, queues
and bindings are the operator's; nothing is declared here.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Final

from aio_pika import Connection, DeliveryMode, Message
from aio_pika.abc import AbstractChannel, AbstractExchange
from aio_pika.exceptions import AMQPError, DeliveryError, PublishError
from aiormq.connection import TransportFactory
from aiormq.exceptions import ChannelInvalidStateError, InvalidFrameError
from yarl import URL

from vedette.model.delivery import Parcel
from vedette.sinks.broker import RejectedError
from vedette.sinks.facts import Facts, Template
from vedette.sinks.reach import Streams, Way
from vedette.sinks.settings import AmqpSettings

#: Seconds between heartbeats: two that are missed end a link that is dead.
_HEARTBEAT: Final = 30
#: Who logs in where the URL does not say: RabbitMQ's own, which it lets in from its machine only.
_GUEST: Final = "guest"
#: Seconds to say goodbye in, so that the broker logs no lost client.
_GOODBYE: Final = 0.5


def broker(settings: AmqpSettings, way: Way) -> AmqpBroker:
    """Return what opens links. Raises SinkError for a routing key that can not be."""
    return AmqpBroker(settings, way)


class AmqpBroker:
    """Opens links to one broker."""

    failures: tuple[type[Exception], ...] = (AMQPError, ChannelInvalidStateError, OSError, EOFError)

    def __init__(self, settings: AmqpSettings, way: Way) -> None:
        self._settings = settings
        self._way = way
        self._key = Template(settings.routing_key)
        place = way.place
        self._url = URL.build(
            # TLS is ours: the client is handed a connection that has it.
            scheme="amqp",
            host=place.host,
            port=place.port,
            user=place.user or _GUEST,
            password=_GUEST if place.password is None else place.password.reveal(),
            path=f"/{place.path.replace('/', '%2F')}" if place.path else "/",
            query={"heartbeat": str(_HEARTBEAT), "name": "vedette"},
        )

    async def open(self) -> AmqpLink:
        """Connect, log in and open a channel with confirms."""
        dialled = _Dialled(self._way)
        connection = Connection(self._url)
        # What is not of the URL passes through to the client below, whose own option this is.
        connection.kwargs["transport_factory"] = dialled
        try:
            await connection.connect()
            channel = connection.channel(publisher_confirms=True, on_return_raises=True)
            await channel.initialize()
            exchange = await channel.get_exchange(self._settings.exchange, ensure=False)
        except InvalidFrameError as error:
            # The client's words for a broker that closes the connection instead of opening it.
            await _give_up(connection, dialled)
            host = self._way.place.path or "/"
            raise RejectedError(
                f"the broker does not open the virtual host {host!r}; make it, or let the user in"
            ) from error
        except BaseException:
            await _give_up(connection, dialled)
            raise
        return AmqpLink(connection, channel, exchange, self._key, dialled)


class AmqpLink:
    """One connection with one channel."""

    def __init__(
        self,
        connection: Connection,
        channel: AbstractChannel,
        exchange: AbstractExchange,
        key: Template,
        dialled: _Dialled,
    ) -> None:
        self._connection = connection
        self._channel = channel
        self._exchange = exchange
        self._key = key
        self._dialled = dialled
        self._under_way: set[str] = set()

    @property
    def is_open(self) -> bool:
        """Whether the connection and its channel stand, as far as the client knows."""
        return not (self._connection.is_closed or self._channel.is_closed)

    async def publish(self, parcel: Parcel, about: Facts) -> str:
        """Publish, and return once the broker confirmed."""
        if parcel.event in self._under_way:
            # The client tells by the id which message came back. With two of one id, one of them
            # would count as taken.
            raise RejectedError("the same event is on its way; it is tried again")
        key = self._key.filled(parcel, about)
        message = Message(
            parcel.body,
            message_id=parcel.event,
            type=parcel.type,
            content_type=about.content_type,
            headers=dict(about.headers()),
            app_id="vedette",
            delivery_mode=DeliveryMode.PERSISTENT,
        )
        self._under_way.add(parcel.event)
        try:
            await self._exchange.publish(message, key, mandatory=True)
        except PublishError as error:
            raise RejectedError(
                f"no queue takes the routing key {key} of the exchange {self._exchange.name!r};"
                " bind one"
            ) from error
        except DeliveryError as error:
            raise RejectedError("the broker did not take the message (nack)") from error
        finally:
            self._under_way.discard(parcel.event)
        return f"confirmed with the routing key {key}"

    async def close(self) -> None:
        """Say goodbye, shortly, then close the socket."""
        try:
            async with asyncio.timeout(_GOODBYE):
                await self._connection.close()
        finally:
            self._dialled.abort()


async def _give_up(connection: Connection, dialled: _Dialled) -> None:
    """End a connection that never came to be; the client would do it when it is collected."""
    dialled.abort()
    with suppress(*AmqpBroker.failures, TimeoutError):
        async with asyncio.timeout(_GOODBYE):
            await connection.close()


class _Dialled(TransportFactory):
    """Hands the client a connection that was dialled by us."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._writer: asyncio.StreamWriter | None = None

    async def create(self, url: URL, **kwargs: Any) -> Streams:  # noqa: ARG002 - the URL was read before
        """Dial."""
        reader, self._writer = await self._way.dial(tls=self._way.place.tls)
        return reader, self._writer

    def abort(self) -> None:
        """End the connection without a word."""
        if self._writer is not None:
            self._writer.transport.abort()
