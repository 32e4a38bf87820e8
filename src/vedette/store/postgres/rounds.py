"""Look, now and then, for deliveries that nobody is about to send.

What an instance commits it sends itself, and knows of without being told. What is left when it dies
is found here by the others: first it is let go of, then whoever has an endpoint for it is woken. A
look costs one statement for all endpoints together. A message from the database for each commit
(NOTIFY) would wake every instance for what one of them is sending already, and is lost with a
connection; so there is none, and a look is all there is to rely on.

A database that was started anew may have crashed, and forgotten that something was settled: nobody
waits for its disk then. What this instance holds is let go of once, so that no lane waits for the end
of a lease; what it is sending at this moment may be sent twice, under its one id.

It knows nothing of what is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from vedette.errors import StoreError
from vedette.model.ids import EndpointId
from vedette.ports.clock import Clock
from vedette.store.postgres import deliveries
from vedette.store.postgres.transaction import Transactions

#: Seconds between two looks: with the silence below, what a dead instance had not sent goes out
#: within forty seconds, half of what its leases would have taken.
ROUND: Final = 5.0

#: Seconds without a heartbeat after which nobody waits for an instance any more: twice the time
#: after which its mailboxes are taken over, and longer than an attempt of its may last.
SILENCE: Final = 30.0

#: Looks in a row that the database answered before anybody is called silent: while it was away
#: nobody could be heard.
HEARD: Final = 4


class Rounds:
    """Looks while it runs: ``start``, ``stop``. ``on_due`` is told of endpoints to look at."""

    __slots__ = (
        "_answered",
        "_clock",
        "_instance",
        "_on_due",
        "_started",
        "_task",
        "_transactions",
    )

    def __init__(
        self,
        transactions: Transactions,
        clock: Clock,
        on_due: Callable[[Sequence[EndpointId]], None],
        *,
        instance: str,
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._instance = instance
        #: When the database said last that it had been started; None before it said so.
        self._started: float | None = None
        self._on_due = on_due
        self._answered = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._answered = 0
        self._task = asyncio.create_task(self._run(), name="store, rounds")

    async def stop(self) -> None:
        """Look no more. Idempotent."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(ROUND)
            try:
                await self.look()
            except StoreError:
                # Whoever has something to write tells of it; the next look is soon.
                self._answered = 0

    async def look(self) -> None:
        """Let go of what the dead hold, and tell what is due. Raises StoreError."""
        now = self._clock.now()
        started = await self._transactions.ask(deliveries.started)
        if self._started not in {None, started}:
            await self._transactions.run(
                partial(deliveries.release, instance=self._instance, now=now), lasting=False
            )
        self._started = started
        if self._answered >= HEARD:
            await self._transactions.run(
                partial(deliveries.adopt, silent=SILENCE, now=now), lasting=False
            )
        due = await self._transactions.ask(partial(deliveries.overdue, now=now))
        self._answered += 1
        if due:
            self._on_due(due)
