"""Keeps the state and the process small, in small steps between which mail goes first.

It also counts, on disk, for how long the service ran: the second clock of the ratchet.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Protocol

import structlog

from vedette.app.memory import collect_everything, give_back, spare_nothing, spare_the_living
from vedette.app.vault import tidy_keys
from vedette.config.settings import DAY, Retention
from vedette.engine.part import Part
from vedette.errors import StoreError
from vedette.identity.vault import Vault
from vedette.model.ids import TenantId
from vedette.ports.clock import Clock
from vedette.ports.journal import Journal
from vedette.ports.ratchet import Ratchet
from vedette.ports.records import Kind, Record, Recorded, RecordQuery
from vedette.ports.store import Store
from vedette.service.accounts.tenant import tenant_of
from vedette.service.refusals import NewerError

_log = structlog.stdlib.get_logger(__name__)

#: Seconds between two returns of free memory to the system.
TRIM = 60.0
#: Seconds between two rounds over everything: what dropped connections leave to the collector
#: is nothing as a rule, and an hour of exceptions to it is little.
THOROUGH = 3600.0
#: Seconds between two looks for old rows, and the rows of one step: some milliseconds.
INTERVAL = 600.0
ROWS = 500
#: Tenants whose events one step is about: each is a look-up, some 10 microseconds of the store.
TENANTS = 200
#: Seconds between the steps of one look, so that commits are not held up.
PAUSE = 0.1
#: Seconds between two counts of the uptime: what a crash takes from it at most.
COUNT = 60.0


class State(Store, Journal, Ratchet, Recorded, Protocol):
    """What grows old."""


class Housekeeping(Part):
    """Prunes the store, trims the heap and tidies keys for as long as it runs."""

    def __init__(
        self,
        store: State,
        clock: Clock,
        retention: Retention,
        vault: Callable[[], Awaitable[Vault]] | None = None,
    ) -> None:
        super().__init__("housekeeping")
        self._vault = vault
        self._store = store
        self._clock = clock
        self._retention = retention

    async def _open(self) -> None:
        self.spawn(self._run(), "prune")
        self.spawn(self._count(), "count")
        self.spawn(self._trim(), "trim")
        self.spawn(self._collect(), "collect")
        if self._vault is not None:
            self.spawn(tidy_keys(self._store.records, self._vault), "keys")
        spare_the_living()

    async def _close(self) -> None:
        # The process may live on without us, as a test does.
        spare_nothing()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            try:
                await self._prune()
            except StoreError as error:
                # The next look tries again; a store in trouble has said so already.
                _log.warning("housekeeping.failed", error=str(error))

    async def _trim(self) -> None:
        while True:
            await asyncio.sleep(TRIM)
            # On a thread: the call lets go of the interpreter while it walks the heap.
            await asyncio.to_thread(give_back)

    async def _collect(self) -> None:
        while True:
            await asyncio.sleep(THOROUGH)
            collect_everything()

    async def _count(self) -> None:
        loop = asyncio.get_running_loop()
        counted = loop.time()
        while True:
            await asyncio.sleep(COUNT)
            now = loop.time()
            try:
                await self._store.ran(now - counted)
            except StoreError as error:
                # It counts too little then, and a loosening waits longer.
                _log.warning("housekeeping.failed", error=str(error))
            counted = now

    async def _prune(self) -> None:
        now, kept, store = self._clock.now(), self._retention, self._store
        total = await _all_of(
            lambda: store.prune(
                events_before=now - kept.events, seen_before=now - kept.seen, limit=ROWS
            )
        )
        async for before in self._tenants(now):
            total += await _all_of(partial(store.prune_tenants, before, limit=ROWS))
        total += await _all_of(
            lambda: store.purge_decisions(before=now - kept.decisions, limit=ROWS)
        )
        # As long as its identity keys: who would not know a message again would act on it again.
        total += await _all_of(lambda: store.purge_journal(before=now - kept.seen, limit=ROWS))
        total += await _all_of(lambda: store.records.expire(now, limit=ROWS))
        if total:
            _log.info("housekeeping.pruned", rows=total)

    async def _tenants(self, now: float) -> AsyncIterator[dict[TenantId, float]]:
        """Yield, some tenants at a time, before when the events go of those that keep less."""
        after = ""
        while True:
            query = RecordQuery(kind=Kind.TENANT, after=after, limit=TENANTS)
            page = await self._store.records.records(query)
            kept = {each.id: self._kept(each) for each in page}
            before = {
                TenantId(id_): now - seconds
                for id_, seconds in kept.items()
                if seconds < self._retention.events
            }
            if before:
                yield before
            if len(page) < TENANTS:
                return
            after = page[-1].id

    def _kept(self, record: Record) -> float:
        """Return for how long events of a tenant are kept, in seconds."""
        try:
            days = tenant_of(record).retention_days
        except NewerError:
            # Who knows what it says lets them go.
            days = None
        return self._retention.events if days is None else days * DAY


async def _all_of(step: Callable[[], Awaitable[int]]) -> int:
    """Repeat a step, with pauses, until it finds too little; return how many rows went."""
    total = 0
    while True:
        gone = await step()
        total += gone
        if gone < ROWS:
            return total
        await asyncio.sleep(PAUSE)
