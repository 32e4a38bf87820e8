"""Writes what came of attempts, all that ended meanwhile in one transaction.

While one batch is on its way to the disk the next one gathers, so a batch is as
large as the disk is slow. When the store fails nothing is dropped: the batch is
tried again, and lanes that wait for it claim nothing more, which bounds memory.
It must not know what an outcome means.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from itertools import islice

import structlog

from vedette.backoff import Backoff
from vedette.crashpoint import Crashpoint, crashpoint
from vedette.engine.part import OnCrash, Part
from vedette.errors import StoreError
from vedette.model.delivery import Settlement
from vedette.ports.clock import Dice
from vedette.ports.store import Store

#: Rows of one transaction: some ten milliseconds of the store's one writer.
MAX_BATCH = 500
#: How a failing store is asked again: soon at first, for a lock or a full disk may pass at once.
PATIENCE = Backoff(first=0.5, ceiling=30.0)
#: How long ``stop`` waits for the last batch, in seconds. What is not written is sent again.
FLUSH_GRACE = 5.0

_log = structlog.get_logger(__name__)


class Settler(Part):
    """One for all lanes: a store has one writer."""

    def __init__(self, store: Store, dice: Dice, *, on_crash: OnCrash | None = None) -> None:
        super().__init__("settler", on_crash=on_crash)
        self._store = store
        self._dice = dice
        self._queue: deque[tuple[Settlement, Callable[[], None]]] = deque()
        self._filled = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    def put(self, settlement: Settlement, done: Callable[[], None]) -> None:
        """Have a settlement written; ``done`` is called once it is on disk."""
        self._queue.append((settlement, done))
        self._empty.clear()
        self._filled.set()

    async def _open(self) -> None:
        self.spawn(self._write_all(), "write")

    async def _close(self) -> None:
        try:
            async with asyncio.timeout(FLUSH_GRACE):
                await self._empty.wait()
        except TimeoutError:
            _log.warning("settler.unwritten", settlements=len(self._queue))

    async def _write_all(self) -> None:
        failures = 0
        while True:
            await self._filled.wait()
            batch = list(islice(self._queue, MAX_BATCH))
            crashpoint(Crashpoint.SETTLING)
            try:
                await self._store.settle([settlement for settlement, _done in batch])
            except StoreError as error:
                failures += 1
                _log.warning("settler.store_failed", failures=failures, error=str(error))
                await asyncio.sleep(PATIENCE.wait(failures, self._dice()))
                continue
            crashpoint(Crashpoint.SETTLED)
            failures = 0
            for _settlement, done in batch:
                self._queue.popleft()
                done()
            if not self._queue:
                self._filled.clear()
                self._empty.set()
