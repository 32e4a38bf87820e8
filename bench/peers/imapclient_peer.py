"""IMAPClient with a thread for each mailbox. Must not know: what is measured."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from bench.peers.mail import read
from bench.peers.orders import Answer, Latencies, task
from bench.peers.threads import serve

#: Seconds of an IDLE, below the half hour of RFC 2177.
_IDLE = 29 * 60.0

_client = importlib.import_module("imapclient").IMAPClient
_task = task()
_context = _task.context()
_latencies = Latencies()


def _open(number: int) -> tuple[Any, int]:
    """Return a client with its INBOX open, and how many messages are there."""
    client = _client(_task.host, port=_task.port, ssl_context=_context)
    client.login(_task.user(number), "pass")
    state = client.select_folder("INBOX", readonly=True)
    return client, int(state[b"EXISTS"])


def watch(number: int, is_idle: Callable[[], None]) -> None:
    """Fetch whatever is announced, by sequence numbers: this library takes no set ``n:*``."""
    client, seen = _open(number)
    client.use_uid = False
    client.idle()
    is_idle()
    while True:
        told = client.idle_check(timeout=_IDLE)
        told += client.idle_done()[1]
        count = max([seen, *(line[0] for line in told if line[1] == b"EXISTS")])
        if count > seen:
            for row in client.fetch(range(seen + 1, count + 1), ["UID", "BODY.PEEK[]"]).values():
                _latencies.note(row[b"BODY[]"])
            seen = count
        client.idle()


def catch_up(order: Answer) -> Answer:
    """Fetch and read messages, some hundred at a time."""
    client, _ = _open(0)
    read_octets = count = 0
    for first in range(1, order["count"] + 1, 500):
        last = min(first + 499, order["count"])
        for row in client.fetch(range(first, last + 1), ["BODY.PEEK[]"]).values():
            read_octets += read(row[b"BODY[]"])
            count += 1
    return {"messages": count, "octets": read_octets}


if __name__ == "__main__":
    serve(watch, catch_up, _latencies)
