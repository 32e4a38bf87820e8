"""NATS JetStream: a message for each event, taken when its stream says so.

``Nats-Msg-Id`` is the event's id, so that a stream keeps a repeat out within its window of
duplicates (two minutes unless set). The client's own reconnecting is off: the sink opens a new
link when there is something to send, and no server's word about others of its cluster is
followed. A link that was asked for with TLS says nothing before it has it, whatever the server
offers.
"""

from __future__ import annotations

import asyncio
import ssl
from math import ceil
from typing import Final
from urllib.parse import ParseResult

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.transport import TcpTransport

from vedette.model.delivery import Parcel
from vedette.sinks.broker import RejectedError
from vedette.sinks.facts import Facts, Template
from vedette.sinks.reach import Streams, Way
from vedette.sinks.settings import NatsSettings
from vedette.web.way import UnreachableError

#: What JetStream knows repeats by.
MESSAGE_ID: Final = "Nats-Msg-Id"
#: Seconds between questions whether the server is there: an idle link that is dead is found
#: before the next event needs it.
_PING: Final = 30
#: Seconds for a call to end that was cancelled; it has nothing left to wait for.
_LAST: Final = 0.5


def broker(settings: NatsSettings, way: Way) -> NatsBroker:
    """Return what opens links. Raises SinkError for a subject that can not be."""
    return NatsBroker(settings, way)


class NatsBroker:
    """Opens links to one NATS."""

    failures: tuple[type[Exception], ...] = (nats.errors.Error, OSError, EOFError)

    def __init__(self, settings: NatsSettings, way: Way) -> None:
        self._settings = settings
        self._way = way
        self._subject = Template(settings.subject)

    async def open(self) -> NatsLink:
        """Connect and log in."""
        transport = _Dialled(await self._way.dial(tls=False), must_encrypt=self._way.place.tls)
        link = NatsLink(transport, self._subject, self._settings)
        try:
            await link.greet(self._way)
        except BaseException:
            await link.close()
            raise
        return link


class NatsLink:
    """One connection of a client."""

    def __init__(self, transport: _Dialled, subject: Template, settings: NatsSettings) -> None:
        self._client = Client()
        # It makes a transport of its own unless it has one, and can not be given one otherwise.
        self._client._transport = transport  # noqa: SLF001 - see above
        self._transport = transport
        self._stream = self._client.jetstream()
        self._subject = subject
        self._settings = settings
        #: Done when the connection is lost: the client itself lets its callers wait on.
        self._lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_open(self) -> bool:
        """Whether the connection stands, as far as the client knows."""
        return self._client.is_connected

    async def greet(self, way: Way) -> None:
        """Read the server's greeting, upgrade to TLS where it or we want that, and log in."""
        place = way.place
        password = None if place.password is None else place.password.reveal()
        # NATS spells a token as a user without a password.
        token = place.user if password is None else None
        host = f"[{place.host}]" if ":" in place.host else place.host
        await self._client.connect(
            f"nats://{host}:{place.port}",
            user=None if token else place.user,
            password=password,
            token=token,
            name="vedette",
            tls=way.trust,
            tls_hostname=place.host,
            allow_reconnect=False,
            connect_timeout=ceil(self._settings.timeout),
            ping_interval=_PING,
            error_cb=_heard,
            closed_cb=self._closed,
            # The template's tokens are safe, and so is what stands between them.
            skip_subject_validation=True,
        )

    async def publish(self, parcel: Parcel, about: Facts) -> str:
        """Publish, and return the stream's word about it."""
        subject = self._subject.filled(parcel, about)
        headers = {MESSAGE_ID: parcel.event, "content-type": about.content_type, **about.headers()}
        work = asyncio.ensure_future(
            self._stream.publish(
                subject,
                parcel.body,
                # The sink's own deadline ends before; this one is for the client's waiting.
                timeout=self._settings.timeout,
                stream=self._settings.stream,
                headers=headers,
            )
        )
        await self._either(work)
        try:
            taken = work.result()
        except nats.js.errors.NoStreamResponseError as error:
            raise RejectedError(
                f"no stream takes the subject {subject}; make one, or mend the subject"
            ) from error
        except nats.errors.MaxPayloadError as error:
            raise RejectedError(
                f"the event has {len(parcel.body)} octets, more than the server's max_payload"
            ) from error
        except nats.js.errors.APIError as error:
            raise RejectedError(f"{error.description or error} ({error.err_code})") from error
        known = ", known already" if taken.duplicate else ""
        return f"stream {taken.stream}, message {taken.seq}{known}"

    async def close(self) -> None:
        """Close at once: what is acknowledged is safe, and the rest is sent again."""
        self._transport.abort()
        await self._client.close()

    async def _either(self, work: asyncio.Future[nats.js.api.PubAck]) -> None:
        """Wait for an answer; raise ConnectionClosedError when the connection ends before it."""
        try:
            await asyncio.wait((work, self._lost), return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not work.done():
                work.cancel()
                await asyncio.wait((work,), timeout=_LAST)
        if not work.done() or work.cancelled():
            raise nats.errors.ConnectionClosedError

    async def _closed(self) -> None:
        if not self._lost.done():
            self._lost.set_result(None)


class _Dialled(TcpTransport):
    """A connection that was dialled by us, and that keeps the login until there is TLS."""

    def __init__(self, streams: Streams, *, must_encrypt: bool) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._bare_io_reader, self._bare_io_writer = streams
        self._io_reader, self._io_writer = streams
        self._must_encrypt = must_encrypt

    async def connect(self, uri: ParseResult, buffer_size: int, connect_timeout: int) -> None:
        """Nothing is left to do."""

    async def connect_tls(
        self,
        uri: str | ParseResult,
        ssl_context: ssl.SSLContext,
        buffer_size: int,
        connect_timeout: int,
    ) -> None:
        """Upgrade the connection."""
        await super().connect_tls(uri, ssl_context, buffer_size, connect_timeout)
        self._must_encrypt = False

    def write(self, payload: bytes) -> None:
        """Write, but nothing in the clear that was to be encrypted. Raises UnreachableError."""
        if self._must_encrypt:
            raise UnreachableError("the server offers no TLS; use nats:// if that is meant")
        super().write(payload)  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Close at once; the client closes what it gave up, and there is nobody to be polite to."""
        self.abort()

    async def wait_closed(self) -> None:
        """Wait for nothing: after a failed handshake nobody would tell of the end."""

    def abort(self) -> None:
        """End the connection without a word."""
        for writer in (self._io_writer, self._bare_io_writer):
            if writer is not None:
                writer.transport.abort()


async def _heard(_error: Exception) -> None:
    """Take what the client tells aside; the call that it is about fails as well."""
