"""Writes what came of attempts, all that ended meanwhile in one transaction.

While one batch is on its way to the disk the next one gathers, so a batch is as
large as the disk is slow. What nobody waits for goes a way of its own: it
waits for others, and a commit passes it. When the store fails nothing is dropped: the batch is
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
#: Seconds for which a mark that nobody waits for stays off the disk: the events of an end within
#: it are sent again. Ten batches a second cost next to nothing.
COMPANY = 0.1
#: How long ``stop`` waits for the last batch, in seconds. What is not written is sent again.
FLUSH_GRACE = 5.0

_log = structlog.get_logger(__name__)


class Settler(Part):
    """One for all lanes: a store has one writer."""

    def __init__(self, store: Store, dice: Dice, *, on_crash: OnCrash | None = None) -> None:
        super().__init__("settler", on_crash=on_crash)
        self._store = store
        self._dice = dice
        self._prompt = _Pile(patience=0.0)
        self._patient = _Pile(patience=COMPANY)

    def put(
        self, settlement: Settlement, done: Callable[[], None], *, patient: bool = False
    ) -> None:
        """Have a settlement written; ``done`` is called once it is."""
        (self._patient if patient else self._prompt).put(settlement, done)

    async def _open(self) -> None:
        self.spawn(self._write_all(self._prompt), "write")
        self.spawn(self._write_all(self._patient), "write_along")

    async def _close(self) -> None:
        piles = (self._prompt, self._patient)
        try:
            async with asyncio.timeout(FLUSH_GRACE):
                for pile in piles:
                    await pile.empty.wait()
        except TimeoutError:
            left = sum(len(pile.queue) for pile in piles)
            _log.warning("settler.unwritten", settlements=left)

    async def _write_all(self, pile: _Pile) -> None:
        failures = 0
        while True:
            await pile.filled.wait()
            batch = list(islice(pile.queue, MAX_BATCH))
            crashpoint(Crashpoint.SETTLING)
            try:
                await self._store.settle(
                    [settlement for settlement, _done in batch], patience=pile.patience
                )
            except StoreError as error:
                failures += 1
                _log.warning("settler.store_failed", failures=failures, error=str(error))
                await asyncio.sleep(PATIENCE.wait(failures, self._dice()))
                continue
            crashpoint(Crashpoint.SETTLED)
            failures = 0
            for _settlement, done in batch:
                pile.queue.popleft()
                done()
            if not pile.queue:
                pile.filled.clear()
                pile.empty.set()


class _Pile:
    """Settlements that have the same patience, in seconds."""

    __slots__ = ("empty", "filled", "patience", "queue")

    def __init__(self, *, patience: float) -> None:
        self.patience = patience
        self.queue: deque[tuple[Settlement, Callable[[], None]]] = deque()
        self.filled = asyncio.Event()
        self.empty = asyncio.Event()
        self.empty.set()

    def put(self, settlement: Settlement, done: Callable[[], None]) -> None:
        """Add one."""
        self.queue.append((settlement, done))
        self.empty.clear()
        self.filled.set()
