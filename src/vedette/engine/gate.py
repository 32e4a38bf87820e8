"""Who may log in now: a bound on logins under way and a rate, per host and in all.

After an outage thousands of mailboxes want in at once; a provider answers a
herd with a ban (catalogue V1). Waiting costs nothing: the mail is still there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from vedette.telemetry.counters import Gauge
from vedette.telemetry.histogram import Histogram

WAIT = Histogram(
    "vedette_login_wait_seconds",
    "Time that a login waited for its turn, because a host or one core takes so many a second.",
)
LOGINS = Gauge("vedette_logins_pending", "Logins that wait for their turn or are under way.")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRate:
    """How fast to log in.

    ``host_per_second`` and ``total_per_second`` are sustained rates with a burst
    of one second; ``host_at_once`` and ``total_at_once`` bound logins under way.
    The defaults are below what large providers let one address do, and what one
    core can encrypt while it serves events.
    """

    host_per_second: float = 20.0
    host_at_once: int = 20
    total_per_second: float = 200.0
    total_at_once: int = 64


class Gate:
    """Lets logins through at a rate. One for the whole engine.

    What a host allows is shared by all instances of a cluster (``share``): a provider counts those
    of one customer together. What one core can encrypt is not: each instance has its own.
    ``waiting`` is how many logins wait or are under way.
    """

    __slots__ = ("_hosts", "_instances", "_rate", "_total", "waiting")

    def __init__(self, rate: LoginRate) -> None:
        self._rate = rate
        self._total = _Lane(rate.total_per_second, rate.total_at_once)
        self._hosts: dict[str, _Lane] = {}
        self._instances = 1
        self.waiting = 0

    def share(self, instances: int) -> None:
        """Take one of so many equal parts of what each host allows.

        A login under way keeps its place in the old bound, for the 30 s that it has at most.
        """
        if instances == self._instances:
            return
        self._instances = instances
        for host, lane in self._hosts.items():
            self._hosts[host] = self._lane(lane.head)

    @asynccontextmanager
    async def login(self, host: str) -> AsyncIterator[None]:
        """Wait for a turn to log in at ``host``, and hold it during the login."""
        self.waiting += 1
        LOGINS.add(1)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            # Who waited while the parts changed goes by the new ones.
            while True:
                lane = self._hosts.get(host)
                if lane is None:
                    lane = self._hosts[host] = self._lane()
                # The host first: who waits for a slow host must not hold a place of the others.
                async with lane.slots:
                    if self._hosts[host] is not lane:
                        continue
                    async with self._total.slots:
                        await lane.turn()
                        await self._total.turn()
                        WAIT.observe(loop.time() - begun)
                        yield
                        return
        finally:
            self.waiting -= 1
            LOGINS.add(-1)

    def _lane(self, head: float = 0.0) -> _Lane:
        rate, parts = self._rate, self._instances
        return _Lane(rate.host_per_second / parts, max(1, rate.host_at_once // parts), head)


class _Lane:
    """A bound and a rate: a virtual queue whose head moves one interval per login."""

    __slots__ = ("_interval", "head", "slots")

    def __init__(self, per_second: float, at_once: int, head: float = 0.0) -> None:
        self.slots = asyncio.Semaphore(at_once)
        self._interval = 1.0 / per_second
        self.head = head

    async def turn(self) -> None:
        now = asyncio.get_running_loop().time()
        # A second without logins is a burst of one second's worth, never more.
        self.head = max(self.head, now - 1.0) + self._interval
        if self.head > now:
            await asyncio.sleep(self.head - now)
