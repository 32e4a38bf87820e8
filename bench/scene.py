"""What a run has around it: clients that can be had, sizes, a Dovecot that is started once.

Must not know: figures.
"""

from __future__ import annotations

import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bench.client import Client, Server, client
from bench.load.server import LoadServer
from bench.peers.environment import Program
from tests.support.authority import Authority
from tests.support.dovecot import Dovecot
from tests.support.dovecot_config import Options

#: Logins that every client has under way at a time: what they all do best with.
AT_ONCE = 16
#: Seconds for anything to happen.
PATIENCE = 240.0


class Mailhost:
    """A Dovecot as a client sees it."""

    host = "localhost"

    def __init__(self, dovecot: Dovecot) -> None:
        self.dovecot = dovecot
        self.port = dovecot.tls_port
        self.ca_file = dovecot.ca_file


class Scene:
    """The surroundings of the runs of one benchmark."""

    def __init__(self, programs: Mapping[str, Program], scale: float, stack: ExitStack) -> None:
        self.programs = programs
        self.scale = scale
        self.dice = random.Random(1)
        self._stack = stack
        self._mailhosts: dict[str, Mailhost] = {}

    def of(self, usual: int, least: int = 1) -> int:
        """Return a size: the usual one, scaled, and not less than makes sense."""
        return max(least, round(usual * self.scale))

    def rest(self, seconds: float) -> None:
        """Let what is under way end; a quick run has less of it."""
        time.sleep(seconds * min(1.0, max(0.1, self.scale)))

    @contextmanager
    def client(self, variant: str, server: Server, **more: Any) -> Iterator[Client]:
        """Run the client of a variant for the time of a ``with``."""
        name = variant.partition(" ")[0]
        with client(name, self.programs[name], server, more) as one:
            yield one

    def mailhost(self, name: str, options: Options) -> Mailhost:
        """Return the Dovecot of this name, started when first asked for."""
        found = self._mailhosts.get(name)
        if found is None:
            folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="vd-bench-"))
            dovecot = Dovecot(options, authority=Authority(Path(folder)))
            dovecot.start()
            self._stack.callback(dovecot.close)
            found = self._mailhosts[name] = Mailhost(dovecot)
        return found


def end_when_told() -> None:
    """Let SIGTERM end this process as an error does, so that whatever it started is ended too."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))


def connect(one: Client, server: LoadServer, count: int) -> float:
    """Let a client watch mailboxes up to a number; return the seconds until all are watched."""
    begun = time.monotonic()
    one.begin("connect", last=count, at_once=AT_ONCE)
    until(lambda: server.stats().watching == count, every=0.002)
    took = time.monotonic() - begun
    one.answer()
    return took


def received(one: Client, count: int, patience: float = 20.0) -> list[float]:
    """Return the ages of so many messages, sorted; fewer when no more come in time."""
    found: list[float] = []
    end = time.monotonic() + patience
    while len(found) < count and time.monotonic() < end:
        found += one.latencies()
        if len(found) < count:
            time.sleep(0.05)
    return sorted(found)


def until(condition: Callable[[], bool], *, every: float = 0.01) -> None:
    """Wait for a condition, with a deadline."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the benchmark waited in vain")
        time.sleep(every)


def quantile(ages: Sequence[float], share: float) -> float:
    """Return a quantile of sorted ages in milliseconds; infinite where there are none."""
    if not ages:
        return float("inf")
    return ages[min(len(ages) - 1, int(len(ages) * share))] * 1000
