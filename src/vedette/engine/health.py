"""An account's own story: its state, three separate clocks, and the events of its changes.

Last error, last proof of life and last work done are three different things;
"live" is derived from the proof, never from a flag (promise 2).
"""

from __future__ import annotations

from dataclasses import replace

import structlog

from vedette.engine.world import World
from vedette.errors import LinkError, Trouble, VedetteError
from vedette.model.account import Account, AccountState, Health
from vedette.outbox.occurrence import state_changed
from vedette.outbox.selection import plan
from vedette.ports.store import Verdict
from vedette.telemetry.counters import Counter

FAILURES = Counter(
    "vedette_connection_failures_total",
    "Connections that ended in a failure, a refused login among them, by class.",
    label="class",
    values=(*(trouble.value for trouble in Trouble), "store", "store_full", "stale"),
)

_log = structlog.stdlib.get_logger(__name__)

#: A person reads this much of an error in a table, and a server may write megabytes.
MAX_ERROR = 500

#: Seconds for which the news of a state waits to be written with others: after an outage there
#: are hundreds a second, and none is as urgent as a message.
COMPANY = 0.01

#: What the health of an account says that is connected and not read.
CONSENT_MISSING = "consent missing: a guard asks for one before mail is read"


class HealthBook:
    """Keeps the health of one account, writes it down, and tells of its changes."""

    __slots__ = ("_account", "_world", "health")

    def __init__(self, account: Account, world: World, health: Health) -> None:
        self._account = account
        self._world = world
        self.health = health

    async def proved(self) -> None:
        """Write the heartbeat: a round trip ended, so the account was alive just now."""
        await self._note(replace(self.health, proof_at=self._world.clock.now()))

    async def worked(self, announced_at: float | None) -> None:
        """Write that messages were committed; ``announced_at`` gives the lag of the last one."""
        now = self._world.clock.now()
        lag = self.health.lag if announced_at is None else max(0.0, now - announced_at)
        await self._note(replace(self.health, proof_at=now, work_at=now, lag=lag))

    async def connected(self) -> None:
        """Enter the state after login and first sync; it is told once per recovery."""
        now = self._world.clock.now()
        health = replace(self.health, proof_at=now, strikes=0, trouble=None, error=None)
        await self._enter(health, AccountState.CONNECTED)
        self._world.on_connected(self._account.id)

    async def unread(self) -> None:
        """Enter the state after a login where nothing may be read: connected, and why no mail."""
        now = self._world.clock.now()
        health = replace(
            self.health,
            proof_at=now,
            error_at=now,
            error=CONSENT_MISSING,
            trouble=None,
            strikes=0,
        )
        await self._enter(health, AccountState.CONNECTED)

    async def failed(self, error: VedetteError, *, strikes: int, degraded: bool) -> None:
        """Note a failure; ``degraded`` is whether it is more than a passing one (I11)."""
        trouble = error.trouble if isinstance(error, LinkError) else None
        FAILURES.inc(error.code if trouble is None else trouble.value)
        health = replace(
            self.health,
            error_at=self._world.clock.now(),
            error=str(error)[:MAX_ERROR],
            trouble=trouble,
            strikes=strikes,
        )
        if trouble in {Trouble.AUTH, Trouble.REVOKED}:
            await self._enter(health, AccountState.AUTH_FAILED)
        elif degraded:
            await self._enter(health, AccountState.DEGRADED)
        else:
            await self._note(health)

    async def parked(self) -> None:
        """Enter the state without further tries, until the credentials change."""
        await self._enter(self.health, AccountState.PAUSED)

    async def _enter(self, health: Health, state: AccountState) -> None:
        if state is health.state:
            await self._note(health)
            return
        health = replace(health, state=state, since=self._world.clock.now())
        event = state_changed(self._account, health)
        if event is not None:
            postings = plan([event], self._world.endpoints())
            fence = self._world.tenure.fence(self._account.id)
            verdict = await self._world.store.post(fence, postings, patience=COMPANY)
            if verdict is Verdict.FENCED:
                raise self._world.tenure.refused(self._account.id)
            self._world.wake({each for posting in postings for each in posting.endpoints})
        _log.info("account.state", account=self._account.id, state=state.value, error=health.error)
        await self._note(health)

    async def _note(self, health: Health) -> None:
        self.health = health
        await self._world.store.note(health)
