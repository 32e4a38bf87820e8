"""Deletes what is older than the retention, in small steps between which mail goes first."""

from __future__ import annotations

import asyncio

import structlog

from vedette.config.settings import Retention
from vedette.engine.part import Part
from vedette.errors import StoreError
from vedette.ports.clock import Clock
from vedette.ports.store import Store

_log = structlog.stdlib.get_logger(__name__)

#: Seconds between two looks, and the rows of one step: a step takes some milliseconds.
INTERVAL = 600.0
ROWS = 500
#: Seconds between the steps of one look, so that commits are not held up.
PAUSE = 0.1


class Housekeeping(Part):
    """Prunes the store for as long as it runs."""

    def __init__(self, store: Store, clock: Clock, retention: Retention) -> None:
        super().__init__("housekeeping")
        self._store = store
        self._clock = clock
        self._retention = retention

    async def _open(self) -> None:
        self.spawn(self._run(), "prune")

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            try:
                await self._prune()
            except StoreError as error:
                # The next look tries again; a store in trouble has said so already.
                _log.warning("housekeeping.failed", error=str(error))

    async def _prune(self) -> None:
        now = self._clock.now()
        total = 0
        while True:
            gone = await self._store.prune(
                events_before=now - self._retention.events,
                seen_before=now - self._retention.seen,
                limit=ROWS,
            )
            total += gone
            if gone < ROWS:
                break
            await asyncio.sleep(PAUSE)
        if total:
            _log.info("housekeeping.pruned", rows=total)
