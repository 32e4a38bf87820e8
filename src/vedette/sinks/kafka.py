"""Kafka: a record for each event, taken when all replicas in sync have it.

::

    attempt ─► accumulator ─► sender ─► the leader of the partition ─► acknowledgement
                 (a batch for each partition)   │ no answer
                                                └─► refused at once, the link is given up

``acks=all``, by an idempotent producer: what the client itself repeats, because a broker asked
for that, is written once and in its order. A connection that fails is not repeated here: whether
to try again is the courier's to decide. The key is ``account/folder``, so that the events of a
folder are in one partition.

The library's producer is put together from its parts here, because it can not be given a client
of ours (``kafka_client.py``).
"""

from __future__ import annotations

import asyncio
from typing import Final

from aiokafka.errors import BrokerResponseError, KafkaError, MessageSizeTooLargeError
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import MessageAccumulator
from aiokafka.producer.sender import Sender
from aiokafka.producer.transaction_manager import TransactionManager
from aiokafka.structs import RecordMetadata, TopicPartition

from vedette.model.delivery import Parcel
from vedette.sinks.broker import RejectedError
from vedette.sinks.facts import Facts
from vedette.sinks.kafka_client import BACKOFF, Client, UnansweredError
from vedette.sinks.reach import Way
from vedette.sinks.settings import KafkaSettings
from vedette.sinks.topic import Topic

#: The attributes' prefix in the binding of CloudEvents to Kafka (1.0.2 section 3.2.3.1).
PREFIX: Final = "ce_"
#: Octets of one batch: some dozen events; a larger event is a batch of its own.
_BATCH: Final = 64 * 1024
#: How often a topic is asked for, with that time between: a broker that makes topics says at
#: first that there is none.
_LOOKS: Final = 20
#: Seconds for the tasks of a link to end that have nothing left to wait for.
_GOODBYE: Final = 0.5
#: No transactions: the number that stands for no limit of theirs.
_NO_LIMIT: Final = 2**31 - 1


def broker(settings: KafkaSettings, way: Way) -> KafkaBroker:
    """Return what opens links. Raises SinkError for a topic that can not be."""
    return KafkaBroker(settings, way)


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
        self._client = Client(way, settings)
        self._topic = topic
        self._place = DefaultPartitioner()
        numbers = TransactionManager(None, _NO_LIMIT)
        # Nothing lingers: what comes while a request is under way shares the next batch.
        self._accumulator = MessageAccumulator(
            self._client.cluster, _BATCH, 0, settings.timeout, txn_manager=numbers
        )
        self._sender = Sender(
            self._client,
            acks=-1,
            txn_manager=numbers,
            retry_backoff_ms=BACKOFF,
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
            await asyncio.sleep(BACKOFF / 1000)
        raise RejectedError(f"there is no topic {topic}; make it, or let the brokers make topics")
