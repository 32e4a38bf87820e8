"""What the two clients share that need a thread for each mailbox.

Must not know: which client.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from bench.peers.orders import Answer, Latencies, obey

#: A watch of a mailbox: called with its number, and with what to call when it is in IDLE.
Watch = Callable[[int, Callable[[], None]], None]

#: Octets of stack: what these clients need, times four.
_STACK = 512 * 1024
#: Seconds for all mailboxes to log in.
_DEADLINE = 300.0


class Crew:
    """Threads, of which so many at a time are logging in."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._count = 0
        threading.stack_size(_STACK)
        threading.excepthook = _failed

    def connect(self, order: Answer) -> Answer:
        """Start a thread for each mailbox and return when all are in IDLE."""
        places = threading.Semaphore(order["at_once"])
        idle = threading.Semaphore(0)

        def is_idle() -> None:
            places.release()
            idle.release()

        fresh = range(self._count, order["last"])
        for number in fresh:
            places.acquire()
            threading.Thread(target=self._watch, args=(number, is_idle), daemon=True).start()
        end = time.monotonic() + _DEADLINE
        for _ in fresh:
            if not idle.acquire(timeout=max(0.0, end - time.monotonic())):
                raise TimeoutError("not all mailboxes are in IDLE")
        self._count = order["last"]
        return {}


def _failed(args: threading.ExceptHookArgs) -> None:
    """End at once: else a figure would be of fewer mailboxes than it says."""
    threading.__excepthook__(args)
    os._exit(1)


def serve(watch: Watch, catch_up: Callable[[Answer], Answer], latencies: Latencies) -> None:
    """Obey, then end whatever the threads do."""
    crew = Crew(watch)
    obey(
        {
            "connect": crew.connect,
            "report": lambda _order: latencies.report(),
            "catch_up": catch_up,
        }
    )
    os._exit(0)
