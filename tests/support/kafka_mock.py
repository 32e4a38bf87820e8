"""The mock cluster of librdkafka as a process: ``python -m tests.support.kafka_mock``.

It says on which port its one broker listens, and ends when its input does. What it acknowledged
is in its memory for as long as it lives; it knows neither TLS nor logins. Topics are made when
somebody names them, with four partitions each.
"""

from __future__ import annotations

import sys

from confluent_kafka import Producer

#: Seconds for it to answer the first question, on a busy machine.
_PATIENCE = 30.0


def main() -> None:
    """Run it."""
    client = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1})
    (broker,) = client.list_topics(timeout=_PATIENCE).brokers.values()
    print(broker.port, flush=True)  # noqa: T201 - to who started it
    sys.stdin.read()


if __name__ == "__main__":
    main()
