"""An account's own story: its state, three separate clocks, and the events of its changes.

Last error, last proof of life and last work done are three different things;
"live" is derived from the proof, never from a flag (promise 2).
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import structlog

from vedette.engine.credential import fingerprint
from vedette.engine.world import World
from vedette.errors import CanaryError, LinkError, StoreError, Trouble, VedetteError
from vedette.model.account import Account, Health, Hold
from vedette.outbox.occurrence import state_changed
from vedette.outbox.selection import plan
from vedette.ports.store import Verdict
from vedette.sync import story
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

#: A store that can not write is asked again after this, in seconds; the mail waits (V14).
STORE_WAIT = 5.0

#: What the health of an account says that is connected and not read.
CONSENT_MISSING = "consent missing: a guard asks for one before mail is read"


class HealthBook:
    """Keeps the health of one account, writes it down, and tells of its changes.

    Every method raises StoreError; what is in ``health`` is true all the same, and what could not
    be told is told with the next word. Raises FencedError where the account is another's by now.
    """

    __slots__ = ("_account", "_world", "health")

    def __init__(self, account: Account, world: World, health: Health) -> None:
        self._account = account
        self._world = world
        self.health = health

    @property
    def is_told(self) -> bool:
        """Whether everything that there is to tell was told."""
        return story.news(self.health) is None

    async def proved(self) -> None:
        """Write the heartbeat: a round trip ended, so the account was alive just now."""
        await self._keep(replace(self.health, proof_at=self._world.clock.now()))

    async def worked(self, announced_at: float | None) -> None:
        """Write that messages were committed; ``announced_at`` gives the lag of the last one."""
        now = self._world.clock.now()
        lag = self.health.lag if announced_at is None else max(0.0, now - announced_at)
        await self._keep(replace(self.health, proof_at=now, work_at=now, lag=lag))

    async def dialled(self) -> None:
        """Note that a connection is being made."""
        await self._keep(story.dialled(self.health, self._world.clock.now()))

    async def logged_in(self) -> None:
        """Write the first heartbeat of a connection: whoever waits for it has waited enough."""
        await self._keep(story.logged_in(self.health, self._world.clock.now()))

    async def connected(self, *, resynced: int = 0) -> None:
        """Enter the state after login and first sync; it is told once per recovery.

        ``resynced`` is the last wish to look anew that is fulfilled by it.
        """
        await self._keep(story.synced(self.health, self._world.clock.now(), resynced=resynced))
        self._world.on_connected(self._account.id)

    async def unread(self, reason: str) -> None:
        """Enter the state after a login where nothing may be read: connected, and why no mail."""
        await self._keep(story.withheld(self.health, reason, self._world.clock.now()))

    async def failed(
        self,
        error: VedetteError,
        *,
        strikes: int,
        degraded: bool,
        attempts: int = 0,
        wait: float | None = None,
    ) -> None:
        """Note a failure; ``degraded`` is whether it is more than a passing one (I11).

        It is tried again after ``wait`` seconds, for the ``attempts``-th time in a row.
        """
        now, link = self._world.clock.now(), error if isinstance(error, LinkError) else None
        trouble = None if link is None else link.trouble
        if not isinstance(error, CanaryError):
            # That is no connection's: the one that did not see a probe stands, as a rule.
            FAILURES.inc(label=error.code if trouble is None else trouble.value)
        failure = story.Failure(
            error=str(error)[:MAX_ERROR],
            trouble=trouble,
            reply=None if link is None or link.reply is None else link.reply[:MAX_ERROR],
            response_code=None if link is None else link.response_code,
            strikes=strikes,
            attempts=attempts,
            retry_at=None if wait is None else now + wait,
            is_lasting=degraded,
        )
        await self._keep(story.failed(self.health, failure, now))

    async def parked(self) -> None:
        """Enter the state without further tries, until the credentials change."""
        await self._keep(story.parked(self.health, self._world.clock.now()))

    async def park(self) -> None:
        """Tell that nothing is tried any more, however long the store takes to take it."""
        while True:
            try:
                await self.parked()
            except StoreError as error:
                _log.error("account.health_unwritten", account=self._account.id, error=str(error))
                await asyncio.sleep(STORE_WAIT)
            else:
                self._world.on_parked(self._account)
                return

    async def held(self, hold: Hold) -> None:
        """Enter the state of an account that is not watched, with the reason."""
        await self._keep(story.held(self.health, hold, self._world.clock.now()))

    async def _keep(self, health: Health) -> None:
        before, self.health = self.health, health
        if (told := story.news(health)) is not None:
            # A stop in the middle of the telling forgets neither a strike nor that it is to be told.
            await self._world.store.note(health)
            event = state_changed(self._account, health)
            postings = () if event is None else plan([event], self._world.endpoints())
            fence = self._world.tenure.fence(self._account.id)
            verdict = await self._world.store.post(fence, postings, patience=COMPANY)
            if verdict is Verdict.FENCED:
                raise self._world.tenure.refused(self._account.id)
            self._world.wake({each for posting in postings for each in posting.endpoints})
            # Others may have noted something meanwhile.
            self.health = health = replace(self.health, told=told)
        if health.state is not before.state and told is not None:
            _log.info(
                "account.state",
                account=self._account.id,
                state=health.state.value,
                error=health.reason,
            )
        await self._world.store.note(self.health)


def beginning(account: Account, known: Health | None, now: float) -> Health:
    """Return how the story of an account goes on, or begins, where its watch does."""
    credential, demand = fingerprint(account), account.demand
    if known is None:
        return Health(
            account=account.id,
            tenant=account.tenant,
            email=account.email,
            since=now,
            credential=credential,
            reconnect=demand.reconnect,
        )
    known = replace(known, tenant=account.tenant, email=account.email)
    return story.begun(
        known,
        credential=credential,
        reconnect=demand.reconnect,
        resync=demand.resync,
        now=now,
    )
