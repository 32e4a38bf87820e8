"""imap-tools with a thread for each mailbox. Must not know: what is measured."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from bench.peers.orders import Answer, Latencies, task
from bench.peers.threads import serve

#: Seconds of an IDLE, below the half hour of RFC 2177.
_IDLE = 29 * 60.0

_mailbox = importlib.import_module("imap_tools").MailBox
_task = task()
_context = _task.context()
_latencies = Latencies()


def _open(number: int) -> Any:
    box = _mailbox(_task.host, _task.port, ssl_context=_context)
    return box.login(_task.user(number), "pass", initial_folder="INBOX")


def watch(number: int, is_idle: Callable[[], None]) -> None:
    """Fetch whatever is announced."""
    box = _open(number)
    seen = int(box.folder.status("INBOX", ["UIDNEXT"])["UIDNEXT"]) - 1
    box.idle.start()
    is_idle()
    while True:
        if not any(b"EXISTS" in line for line in box.idle.poll(timeout=_IDLE)):
            continue
        box.idle.stop()
        for message in box.fetch(uid_list=f"{seen + 1}:*", mark_seen=False, bulk=True):
            if int(message.uid) > seen:
                _latencies.note(message.subject)
                seen = int(message.uid)
        box.idle.start()


def catch_up(order: Answer) -> Answer:
    """Fetch and read messages, some hundred at a time."""
    box = _open(0)
    octets = count = 0
    wanted = f"1:{order['count']}"
    for message in box.fetch(uid_list=wanted, mark_seen=False, bulk=500):
        octets += len(message.from_) + len(message.subject) + len(message.date_str)
        octets += len(message.to) + len(message.text) + len(message.html)
        count += 1
    return {"messages": count, "octets": octets}


if __name__ == "__main__":
    serve(watch, catch_up, _latencies)
