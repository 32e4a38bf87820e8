"""A consumer of the events in a JetStream of NATS: durable, and each event is handled once.

    pip install nats-py
    python nats_consumer.py nats://user:password@127.0.0.1:4222 VEDETTE events.db

The endpoint is `type = "nats"`, and the stream takes its subjects (`vedette.>`). As many of these
may run as there is work for: they share one durable consumer. A message is acknowledged when its
event is on the disk, else it comes again. JetStream leaves out repeats within its window of
duplicates; the table leaves out later ones.
"""

import asyncio
import json
import signal
import sqlite3
import sys

import nats
from nats.aio.msg import Msg
from nats.errors import TimeoutError as NothingNewError
from nats.js import JetStreamContext

DURABLE = "helpdesk"
#: Messages of one look, and seconds to wait for the first.
MOST, WAIT = 100, 1.0


def keep(database: sqlite3.Connection, message: Msg) -> None:
    """Keep one event; one that is here already is a repeat."""
    event = json.loads(message.data)
    with database:
        database.execute("INSERT OR IGNORE INTO event VALUES (?, ?)", (event["id"], message.data))


async def consume(
    stream: JetStreamContext.PullSubscription, database: sqlite3.Connection, end: asyncio.Event
) -> None:
    """Keep each event, then acknowledge its message."""
    while not end.is_set():
        try:
            messages = await stream.fetch(MOST, timeout=WAIT)
        except NothingNewError:
            continue
        for message in messages:
            keep(database, message)
            await message.ack()


async def main(url: str, stream: str, file: str) -> None:
    """Consume until SIGTERM."""
    database = sqlite3.connect(file)
    database.execute("CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, body BLOB)")
    end = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end.set)
    client = await nats.connect(url)
    try:
        pulled = await client.jetstream().pull_subscribe("", durable=DURABLE, stream=stream)
        await consume(pulled, database, end)
    finally:
        await client.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
