"""A Kafka for one test run: the mock cluster of librdkafka, with a gate before it.

``kill``, ``pause`` and ``start`` are the gate's: clients see a broker die, stand still and come
back on its port, and what it acknowledged is still there. Must not know: the product.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from tests.support.authority import Authority
from tests.support.fault_proxy import FaultProxy
from tests.support.kafka_gate import HOST, Gate, address
from tests.support.ports import free_port
from tests.support.started import Started
from tests.support.toxics import Flow, Onward, Pipe, Toxic

USER, PASSWORD = "vedette", "s3cret-of-kafka"
#: Seconds for a process to end, or for the mock to answer.
_PATIENCE = 30.0
_ROOT = Path(__file__).parents[2]


class Kafka(Started):
    """A cluster of one broker, that lets in one user."""

    def __init__(self, authority: Authority) -> None:
        """Issue its certificate; nothing runs yet."""
        self.port, self.tls_port = free_port(), free_port()
        self._certificate = authority.issue().path
        self._mock: subprocess.Popen[str] | None = None
        self._gate: subprocess.Popen[str] | None = None
        self._behind = 0

    def start(self) -> None:
        """Start it, or let it come back; return once it listens."""
        if self._mock is None:
            self._mock = _python("tests.support.kafka_mock")
            self._behind = int(_line(self._mock))
        gate = Gate(
            port=self.port,
            tls_port=self.tls_port,
            behind=self._behind,
            certificate=str(self._certificate),
            user=USER,
            password=PASSWORD,
        )
        self._gate = _python("tests.support.kafka_gate", gate.written())
        _line(self._gate)

    def kill(self) -> None:
        """End every connection at once, and take none."""
        if self._gate is not None:
            _end(self._gate)
            self._gate = None

    def pause(self) -> None:
        """Let it do nothing, its connections open."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        """End it; what it took is gone."""
        self.kill()
        if self._mock is not None:
            _end(self._mock)
            self._mock = None

    def proxy(self) -> FaultProxy:
        """Return a line to it, over which it tells of the line's own address."""
        return _Advertised(self.port)

    def records(self, topic: str) -> list[Message]:
        """Return all records of a topic, partition by partition."""
        consumer = Consumer(
            {
                "bootstrap.servers": f"{HOST}:{self._behind}",
                "group.id": "tests",
                "enable.partition.eof": True,
                "log_level": 0,
            }
        )
        try:
            partitions = consumer.list_topics(topic, timeout=_PATIENCE).topics[topic].partitions
            consumer.assign([TopicPartition(topic, each, OFFSET_BEGINNING) for each in partitions])
            found: list[Message] = []
            ended = 0
            while ended < len(partitions):
                message = consumer.poll(_PATIENCE)
                assert message is not None, f"no answer about {topic}"
                if message.error() is None:
                    found.append(message)
                else:
                    ended += 1
            return sorted(found, key=lambda each: (each.partition() or 0, each.offset() or 0))
        finally:
            consumer.close()

    def _signal(self, number: signal.Signals) -> None:
        if self._gate is None:
            raise RuntimeError("the gate is not running")
        os.kill(self._gate.pid, number)


class _Advertised(FaultProxy):
    """A proxy whose address takes the place of the broker's in what the broker tells."""

    def __init__(self, target: int) -> None:
        super().__init__(HOST, target)
        self._target = target
        self._told: Toxic | None = None

    async def listen(self) -> None:
        await super().listen()
        if self._told is None:
            self._told = Told(address(self._target), address(self.port))
            self.put(self._told)


class Told(Toxic):
    """Puts one word in the place of another of the same length."""

    def __init__(self, word: bytes, other: bytes) -> None:
        super().__init__()
        self.word = word
        self.other = other

    def flow(self, pipe: Pipe) -> Flow:
        return _Telling(self)


class _Telling(Flow):
    def __init__(self, toxic: Told) -> None:
        self._toxic = toxic

    async def carry(self, data: bytes, onward: Onward) -> None:
        # Metadata are some hundred octets, that the gate writes at once: they come in one piece.
        await onward(data.replace(self._toxic.word, self._toxic.other))


def _python(module: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", module, *words],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def _line(process: subprocess.Popen[str]) -> str:
    """Return the first line that a process says; raise RuntimeError if it ends instead."""
    said = _pipe(process.stdout).readline()
    if not said:
        raise RuntimeError(f"a process of Kafka ended with {process.wait(_PATIENCE)}")
    return said


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait(_PATIENCE)
    for pipe in (process.stdin, process.stdout):
        _pipe(pipe).close()


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe
