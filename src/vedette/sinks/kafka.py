"""Kafka: a record for each event, taken when all replicas in sync have it.

::

    attempt ─► accumulator ─► sender ─► the leader of the partition ─► acknowledgement
                 (a batch for each partition)   │ no answer
                                                └─► refused at once, the link is given up

``acks=all``, by an idempotent producer: what the client itself repeats, because a broker asked
for that, is written once and in its order. A connection that fails is not repeated here: whether
to try again is the courier's to decide. The key is ``account/folder``, so that the events of a
folder are in one partition.

Brokers tell of each other, and the leader of a partition is one of them: each address that is
told is judged where it is dialled. So the library's producer is put together from its parts here,
because it can not be given a client of ours.
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
from aiokafka.errors import (
    BrokerResponseError,
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
)
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import MessageAccumulator
from aiokafka.producer.sender import Sender
from aiokafka.producer.transaction_manager import TransactionManager
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.structs import RecordMetadata, TopicPartition

from vedette.model.delivery import Parcel
from vedette.sinks.broker import RejectedError
from vedette.sinks.facts import Facts
from vedette.sinks.reach import Way, explained, root
from vedette.sinks.settings import KafkaSettings, Mechanism
from vedette.sinks.topic import Topic

#: The attributes' prefix in the binding of CloudEvents to Kafka (1.0.2 section 3.2.3.1).
PREFIX: Final = "ce_"
#: Octets of one batch: some dozen events; a larger event is a batch of its own.
_BATCH: Final = 64 * 1024
#: Octets of one answer. Those about the topics of a few accounts are some hundred octets each.
_MAX_ANSWER: Final = 16 * 1024 * 1024
#: Milliseconds before what a broker asked to be tried again is tried again.
_BACKOFF: Final = 100
#: How often a topic is asked for, with that time between: a broker that makes topics says at
#: first that there is none.
_LOOKS: Final = 20
#: Milliseconds after which an idle connection is closed, a minute before a broker does it.
_IDLE: Final = 540_000
#: Seconds for the tasks of a link to end that have nothing left to wait for.
_GOODBYE: Final = 0.5
#: No transactions: the number that stands for no limit of theirs.
_NO_LIMIT: Final = 2**31 - 1
#: What any answer may become while it is read that is no Kafka's, or not as it should be.
_GARBLED: Final = (AssertionError, ValueError, KeyError, TypeError)

#: Who is told that a connection ended, and why.
_Ended: TypeAlias = "Callable[[_Connection, CloseReason], None]"


def broker(settings: KafkaSettings, way: Way) -> KafkaBroker:
    """Return what opens links. Raises SinkError for a topic that can not be."""
    return KafkaBroker(settings, way)


class UnansweredError(KafkaError):  # type: ignore[misc]
    """The record may or may not be written; the words say why nobody knows."""

    #: The library would repeat it; the courier does.
    retriable = False
    invalid_metadata = True

    def __str__(self) -> str:
        return " ".join(map(str, self.args))


class KafkaBroker:
    """Opens links to one cluster."""

    failures: tuple[type[Exception], ...] = (KafkaError, OSError, EOFError)

    def __init__(self, settings: KafkaSettings, way: Way) -> None:
        self._settings = settings
        self._way = way
        self._topic = Topic(settings.topic)

    async def open(self) -> KafkaLink:
        """Ask the first broker for the others, and for a number as a producer."""
        link = KafkaLink(self._way, self._topic, self._settings)
        try:
            await link.greet()
        except BaseException:
            await link.close()
            raise
        return link


class KafkaLink:
    """One idempotent producer."""

    def __init__(self, way: Way, topic: Topic, settings: KafkaSettings) -> None:
        patience = round(settings.timeout * 1000)
        self._client = _Client(way, settings)
        self._topic = topic
        self._place = DefaultPartitioner()
        numbers = TransactionManager(None, _NO_LIMIT)
        self._accumulator = MessageAccumulator(
            self._client.cluster, _BATCH, 0, settings.timeout, txn_manager=numbers
        )
        self._sender = Sender(
            self._client,
            acks=-1,
            txn_manager=numbers,
            retry_backoff_ms=_BACKOFF,
            message_accumulator=self._accumulator,
            request_timeout_ms=patience,
        )
        self._timeout = settings.timeout
        self._sound = True
        self._under_way: set[asyncio.Future[RecordMetadata]] = set()

    @property
    def is_open(self) -> bool:
        """Whether the producer's numbers are those that the brokers expect next."""
        return self._sound

    async def greet(self) -> None:
        """Connect and log in."""
        await self._client.bootstrap()
        await self._sender.start()

    async def publish(self, parcel: Parcel, about: Facts) -> str:
        """Append, and return where it stands once all replicas in sync have it."""
        topic = self._topic.filled(parcel, about)
        key = b"%s/%s" % (about.account.encode(), parcel.lane)
        said = {f"{PREFIX}{name}": value for name, value in about.attributes.items()}
        headers = [
            (name, value.encode())
            for name, value in {"content-type": about.content_type, **said}.items()
        ]
        work = asyncio.ensure_future(self._appended(topic, key, parcel.body, headers))
        self._under_way.add(work)
        try:
            taken = await work
        except MessageSizeTooLargeError as error:
            self._sound = False
            raise RejectedError(
                f"the event has {len(parcel.body)} octets, more than the topic's max.message.bytes"
            ) from error
        except BrokerResponseError as error:
            self._sound = False
            raise RejectedError(f"{topic}: {error.message}: {error.description}") from error
        except KafkaError:
            # A batch of unknown fate: its numbers are used up, or are not.
            self._sound = False
            raise
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Not we, but the link under us.
            raise UnansweredError("the link was given up before an acknowledgement") from None
        finally:
            self._under_way.discard(work)
        return f"{taken.topic}, partition {taken.partition}, offset {taken.offset}"

    async def close(self) -> None:
        """Close at once: what is acknowledged is safe, and the rest is sent again."""
        self._sound = False
        self._client.hang_up()
        for work in self._under_way:
            work.cancel()
        async with asyncio.timeout(_GOODBYE):
            if self._sender.sender_task is not None:
                self._sender.sender_task.cancel()
                # Its own end was seen by those whose records it had.
                await asyncio.wait((self._sender.sender_task,))
            await self._client.close()

    async def _appended(
        self, topic: str, key: bytes, body: bytes, headers: list[tuple[str, bytes]]
    ) -> RecordMetadata:
        where = TopicPartition(topic, await self._partition(topic, key))
        waiting = await self._accumulator.add_message(
            where, key, body, self._timeout, headers=headers
        )
        taken: RecordMetadata = await waiting
        return taken

    async def _partition(self, topic: str, key: bytes) -> int:
        """Return the partition of a key, as every client of Kafka's does. Raises RejectedError."""
        cluster = self._client.cluster
        if not cluster.partitions_for_topic(topic):
            await self._look(topic)
        every = sorted(cluster.partitions_for_topic(topic))
        found: int = self._place(key, every, every)
        return found

    async def _look(self, topic: str) -> None:
        """Ask the brokers for a topic that this link has not used yet."""
        self._client.add_topic(topic)
        looks = 0
        while looks < _LOOKS:
            answered = await self._client.force_metadata_update()
            if self._client.cluster.partitions_for_topic(topic):
                return
            if topic in self._client.cluster.unauthorized_topics:
                raise RejectedError(f"the topic {topic} is not for this user; let it write there")
            # One that did not answer tells nothing of the topic; the sink's deadline ends that.
            looks += bool(answered)
            await asyncio.sleep(_BACKOFF / 1000)
        raise RejectedError(f"there is no topic {topic}; make it, or let the brokers make topics")


class _Client(AIOKafkaClient):  # type: ignore[misc]
    """The library's client, over connections that are dialled by us."""

    def __init__(self, way: Way, settings: KafkaSettings) -> None:
        super().__init__(
            bootstrap_servers=[],
            client_id="vedette",
            request_timeout_ms=round(settings.timeout * 1000),
            retry_backoff_ms=_BACKOFF,
            connections_max_idle_ms=_IDLE,
        )
        self._way = way
        self._mechanism = settings.mechanism
        self._why = ""
        self._over = False
        self._dialled: set[_Connection] = set()

    async def bootstrap(self) -> None:
        """Ask the broker of the settings for all of the cluster."""
        connection = await self._connect(self._way)
        self.cluster.update_metadata(await connection.send(MetadataRequest([])))
        connection.close(reason=CloseReason.SHUTDOWN)
        if not self.cluster.brokers():
            raise KafkaConnectionError("the cluster tells of no broker")
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
            security_protocol="SASL_SSL" if place.user else "SSL",
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
