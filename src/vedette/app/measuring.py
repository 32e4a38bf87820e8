"""Numbers that nobody moves: how the mailboxes are, what waits, how the process is.

What is cheap is counted when it is asked for; what asks the state or the system is asked every few
seconds, so that a scrape waits for neither. It must not know who scrapes.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import structlog

from vedette import __version__
from vedette.engine.part import Part
from vedette.errors import StoreError
from vedette.model.account import AccountState, Health
from vedette.ports.backlog import Backlogs
from vedette.ports.clock import Clock
from vedette.service.accounts.status import LIVE
from vedette.telemetry.counters import Counter, Gauge, Reading
from vedette.telemetry.histogram import Histogram
from vedette.telemetry.provider import PROVIDERS, provider_of

#: A mailbox that is connected is live where that is proven, and silent where it is not.
STATES = (
    "live",
    "silent",
    *(state.value for state in AccountState if state is not AccountState.CONNECTED),
)

SESSIONS = Reading(
    "vedette_sessions",
    "Mailboxes of this instance, by state and by provider of the server.",
    labels={"state": STATES, "provider": PROVIDERS},
)
WAITING = Gauge(
    "vedette_deliveries_waiting",
    "Deliveries of the whole state that are not settled; at most 100000.",
)
OLDEST = Gauge(
    "vedette_oldest_undelivered_seconds",
    "Age of the oldest delivery of the whole state that is not settled; 0 where none waits.",
)
LAG = Histogram(
    "vedette_loop_lag_seconds",
    "How late the event loop woke a task that slept, four times a second.",
)
RESIDENT = Gauge("vedette_process_resident_bytes", "Memory of this process that is in RAM.")
DESCRIPTORS = Gauge("vedette_process_descriptors", "Open file descriptors of this process.")
CPU = Counter("vedette_process_cpu_seconds_total", "Processor time of this process.")
BUILD = Gauge(
    "vedette_build_info", "1, with the version that runs.", label="version", values=(__version__,)
)

#: Seconds between two looks at the state and at the system: as often as most are scraped.
LOOK = 15.0
#: Seconds between two looks at how late the loop is.
SLEEP = 0.25

_PAGE = os.sysconf("SC_PAGE_SIZE")
_DESCRIPTORS = "/proc/self/fd"

_log = structlog.stdlib.get_logger(__name__)

#: Gives each watched mailbox's health, and the host it is at.
Census = Callable[[], Iterable[tuple[Health, str]]]


class Measuring(Part):
    """Keeps those numbers for as long as it runs."""

    def __init__(self, store: Backlogs, clock: Clock, census: Census) -> None:
        super().__init__("measuring")
        self._store = store
        self._clock = clock
        self._census = census
        self._cpu = 0.0
        #: How late the loop was at the last look, in seconds.
        self.lag = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def _open(self) -> None:
        BUILD.set(1, __version__)
        SESSIONS.attach(self._sessions)
        self.spawn(self._look(), "look")
        self._sleep()

    async def _close(self) -> None:
        SESSIONS.detach(self._sessions)
        if self._timer is not None:
            self._timer.cancel()

    def _sessions(self) -> Mapping[tuple[str, ...], float]:
        now = self._clock.now()
        return Tally((shown(health, now), provider_of(host)) for health, host in self._census())

    async def _look(self) -> None:
        while True:
            await asyncio.gather(self._backlog(), self._process())
            await asyncio.sleep(LOOK)

    async def _backlog(self) -> None:
        try:
            found = await self._store.backlog()
        except StoreError as error:
            # The numbers stay as they were; a store in trouble says so in many places.
            _log.warning("metrics.backlog_unknown", error=str(error))
            return
        WAITING.set(found.waiting)
        age = 0.0 if found.oldest_at is None else self._clock.now() - found.oldest_at
        OLDEST.set(max(age, 0.0))

    async def _process(self) -> None:
        spent = time.process_time()
        CPU.inc(by=max(spent - self._cpu, 0.0))
        self._cpu = spent
        if sys.platform == "linux":
            # On a thread: where the kernel does not say how many they are, they are counted.
            resident, descriptors = await asyncio.to_thread(usage)
            RESIDENT.set(resident)
            DESCRIPTORS.set(descriptors)

    def _sleep(self) -> None:
        # A timer, and no task that sleeps: it comes for ever, and costs a tenth of that.
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(SLEEP, self._woken, loop.time() + SLEEP)

    def _woken(self, due: float) -> None:
        self.lag = max(0.0, asyncio.get_running_loop().time() - due)
        LAG.observe(self.lag)
        self._sleep()


def shown(health: Health, now: float) -> str:
    """Return the state of a mailbox as it is shown: "live" is proven, never a flag."""
    if health.state is not AccountState.CONNECTED:
        return health.state.value
    proven = health.proof_at is not None and now - health.proof_at <= LIVE
    return "live" if proven else "silent"


def usage() -> tuple[int, int]:
    """Return the octets of this process that are in RAM, and its open descriptors (proc(5))."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    # Since Linux 6.2 the folder's size is how many there are; to count ten thousand takes 8 ms.
    descriptors = Path(_DESCRIPTORS).stat().st_size
    if not descriptors:
        with os.scandir(_DESCRIPTORS) as entries:
            # One of them is that of the question.
            descriptors = sum(1 for _entry in entries) - 1
    return pages * _PAGE, descriptors
