"""The library's client of Kafka, over connections that are dialled by us.

Brokers tell of each other, and the leader of a partition is one of them: each address that is
told is judged where it is dialled, as the first is. It must not know of topics and records.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeAlias

from aiokafka.client import AIOKafkaClient, ConnectionGroup
from aiokafka.cluster import BrokerMetadata
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.produce import ProduceRequest

from vedette.sinks.broker import RejectedError
from vedette.sinks.reach import Way, root
from vedette.sinks.settings import KafkaSettings, Mechanism
from vedette.web.way import explained

#: Milliseconds before what a broker asked to be tried again is tried again.
BACKOFF: Final = 100
#: Octets of one answer. Those about the topics of a few accounts are some hundred octets each.
_MAX_ANSWER: Final = 16 * 1024 * 1024
#: Milliseconds after which an idle connection is closed, a minute before a broker does it.
_IDLE: Final = 540_000
#: What any answer may become while it is read that is no Kafka's, or not as it should be.
_GARBLED: Final = (AssertionError, ValueError, KeyError, TypeError)

#: Who is told that a connection ended, and why.
_Ended: TypeAlias = "Callable[[_Connection, CloseReason], None]"


class UnansweredError(KafkaError):  # type: ignore[misc]
    """The record may or may not be written; the words say why nobody knows."""

    #: The library would repeat it; the courier does.
    retriable = False
    invalid_metadata = True

    def __str__(self) -> str:
        return " ".join(map(str, self.args))


class Client(AIOKafkaClient):  # type: ignore[misc]
    """The library's client, over connections that are dialled by us."""

    def __init__(self, way: Way, settings: KafkaSettings) -> None:
        super().__init__(
            bootstrap_servers=[],
            client_id="vedette",
            request_timeout_ms=round(settings.timeout * 1000),
            retry_backoff_ms=BACKOFF,
            connections_max_idle_ms=_IDLE,
        )
        self._way = way
        self._mechanism = settings.mechanism
        self._why = ""
        self._over = False
        self._dialled: set[_Connection] = set()

    async def bootstrap(self) -> None:
        """Ask the broker of the settings for all of the cluster, and reach one of them."""
        connection = await self._connect(self._way)
        self.cluster.update_metadata(await connection.send(MetadataRequest([])))
        connection.close(reason=CloseReason.SHUTDOWN)
        for node in self.cluster.brokers():
            # The usual mistake of a new cluster: it tells of itself by a name that is none here.
            if await self._get_conn(node.nodeId) is not None:
                break
        else:
            raise UnansweredError(self._why or "the cluster tells of no broker")
        self._sync_task = asyncio.create_task(self._md_synchronizer(), name="kafka's metadata")

    async def send(
        self, node_id: int, request: Any, *, group: ConnectionGroup = ConnectionGroup.DEFAULT
    ) -> Any:
        """Send; records that got no answer are not sent again by the library."""
        try:
            return await super().send(node_id, request, group=group)
        except KafkaError as error:
            if isinstance(request, ProduceRequest):
                raise UnansweredError(self._why or f"no acknowledgement: {error}") from error
            raise

    def hang_up(self) -> None:
        """End every connection, and open no other."""
        self._over = True
        for connection in self._dialled:
            connection.close(reason=CloseReason.SHUTDOWN)

    async def close(self) -> None:
        """End what is left, the readers of the connections included."""
        self.hang_up()
        await super().close()
        await asyncio.gather(*(each.ended() for each in self._dialled))
        self._dialled.clear()

    async def _get_conn(
        self,
        node_id: int,
        *,
        group: ConnectionGroup = ConnectionGroup.DEFAULT,
        no_hint: bool = False,  # noqa: ARG002 - the library's own signature
    ) -> _Connection | None:
        """Return the connection to one of the brokers, or None."""
        name = (node_id, group)
        async with self._get_conn_lock:
            there: _Connection | None = self._conns.get(name)
            if there is not None and there.connected():
                return there
            self._conns.pop(name, None)
            node: BrokerMetadata | None = self.cluster.broker_metadata(node_id)
            if self._over or node is None:
                return None
            place = replace(self._way.place, host=node.host, port=node.port)
            try:
                self._conns[name] = await self._connect(replace(self._way, place=place))
            except (OSError, KafkaError, RejectedError) as error:
                self._why = explained(root(error) or error)
                self.force_metadata_update()
                return None
            self._why = ""
            made: _Connection = self._conns[name]
            return made

    async def _connect(self, way: Way) -> _Connection:
        connection = _Connection(
            way, self._mechanism, self._request_timeout_ms, self._on_connection_closed
        )
        self._dialled = {each for each in self._dialled if each.connected()} | {connection}
        await connection.connect()
        return connection


class _Connection(AIOKafkaConnection):  # type: ignore[misc]
    """A connection that is dialled by us."""

    def __init__(self, way: Way, mechanism: Mechanism, patience: int, ended: _Ended) -> None:
        place = way.place
        super().__init__(
            place.host,
            place.port,
            client_id="vedette",
            request_timeout_ms=patience,
            max_idle_ms=_IDLE,
            on_close=ended,
            sasl_mechanism=mechanism.upper(),
            sasl_plain_username=place.user,
            sasl_plain_password="" if place.password is None else place.password.reveal(),
        )
        self._way = way
        self._reading: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Dial, agree on versions, log in. Raises RejectedError for what is no Kafka."""
        self._reader, self._writer = await self._way.dial(tls=self._way.place.tls)
        self._closed_fut = asyncio.get_running_loop().create_future()
        self._reading = self._read_task = self._create_reader_task()
        self._idle_check(weakref.ref(self))
        try:
            await self._do_version_lookup()
            if self._way.place.user:
                await self._do_sasl_handshake()
        except _GARBLED as error:
            self.close(reason=CloseReason.OUT_OF_SYNC)
            raise RejectedError(f"the answer is not Kafka's: {error}") from error
        except BaseException:
            self.close(reason=CloseReason.SHUTDOWN)
            raise

    def close(self, reason: CloseReason | None = None, exc: BaseException | None = None) -> Any:
        """End it at once: nothing of it is worth waiting for."""
        if self._writer is not None:
            self._writer.transport.abort()
        ended = super().close(reason, exc)
        if ended is not None and not ended.done():
            ended.set_result(None)
        return ended

    async def ended(self) -> None:
        """Wait for the end of its reader."""
        if self._reading is not None:
            await asyncio.wait((self._reading,))

    @staticmethod
    async def _read(self_ref: weakref.ref[_Connection]) -> None:
        """Read answers of a bounded size; the library would take two gigabytes."""
        there = self_ref()
        reader: asyncio.StreamReader | None = None if there is None else there._reader  # noqa: SLF001 - its own
        del there
        while reader is not None:
            size = int.from_bytes(await reader.readexactly(4), signed=True)
            if not 0 <= size <= _MAX_ANSWER:
                raise KafkaConnectionError(f"an answer of {size} octets")
            frame = await reader.readexactly(size)
            there = self_ref()
            if there is None:
                return
            there._handle_frame(frame)  # noqa: SLF001 - its own
            del there
