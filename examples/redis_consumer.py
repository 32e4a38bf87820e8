"""A consumer of the events in a Redis stream: a group shares them, and each is handled once.

    pip install redis
    python redis_consumer.py redis://:password@127.0.0.1:6379/0 vedette events.db

The endpoint is `type = "redis"` with `stream = "vedette"`. As many of these may run as there is work
for. An entry is acknowledged when its event is on the disk; what one that died left unacknowledged,
another takes over. Vedette's repeats have the same event_id.
"""

import os
import signal
import socket
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from redis import Redis, ResponseError

GROUP = "helpdesk"
#: Milliseconds after which an entry that nobody acknowledged is another's to handle.
STALE = int(os.environ.get("STALE", "60000"))
#: Milliseconds to wait for news before stale entries are looked for again.
WAIT = 1_000
#: Entries of one look.
MOST = 100

Entry = tuple[bytes, dict[bytes, bytes]]


class Consumer:
    """One member of the group."""

    def __init__(self, url: str, stream: str, database: str) -> None:
        self.redis: Any = Redis.from_url(url)
        self.stream = stream
        # Two members on one machine are told apart by their process.
        self.name = f"{socket.gethostname()}-{os.getpid()}"
        self.database = sqlite3.connect(database)
        self.database.execute("CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, body BLOB)")
        self.is_ending = False
        with suppress(ResponseError):
            # From the first entry on; BUSYGROUP says that the group is there already.
            self.redis.xgroup_create(stream, GROUP, id="0", mkstream=True)

    def entries(self) -> Iterator[Entry]:
        """Yield what nobody acknowledged in time, then what is new, until the end."""
        while not self.is_ending:
            stale = self.redis.xautoclaim(
                self.stream, GROUP, self.name, min_idle_time=STALE, count=MOST
            )
            yield from stale[1]
            news = self.redis.xreadgroup(
                GROUP, self.name, {self.stream: ">"}, count=MOST, block=WAIT
            )
            for _stream, found in news or ():
                yield from found

    def run(self) -> None:
        """Keep each event, then acknowledge its entry."""
        for entry, fields in self.entries():
            with self.database:
                self.database.execute(
                    "INSERT OR IGNORE INTO event VALUES (?, ?)",
                    (fields[b"event_id"].decode(), fields[b"body"]),
                )
            self.redis.xack(self.stream, GROUP, entry)


def main() -> None:
    """Consume until SIGTERM."""
    consumer = Consumer(*sys.argv[1:4])

    def end(_number: int, _frame: object) -> None:
        consumer.is_ending = True

    signal.signal(signal.SIGTERM, end)
    consumer.run()


if __name__ == "__main__":
    main()
