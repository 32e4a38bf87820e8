"""What is known of one endpoint: judged after each attempt, kept in the store.

It is written at once when it turns (first failure, first success, disabled) and
now and then otherwise. That an endpoint was disabled is told after it is on
disk, and told again after a restart, since the telling may have been lost: the
event that comes of it has one id. Where several instances deliver to it, what one of them was
told by a person all go by within a minute. It must not know of parcels.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import structlog

from vedette.engine.settler import PATIENCE
from vedette.errors import StoreError
from vedette.model.delivery import EndpointState, Outcome
from vedette.model.ids import EndpointId
from vedette.outbox.endpoint import judge, recovered
from vedette.ports.clock import Dice
from vedette.ports.store import Store
from vedette.telemetry.counters import Counter

DISABLED = Counter("vedette_endpoints_disabled_total", "Endpoints that were disabled.")

OnDisabled: TypeAlias = Callable[[EndpointState], Awaitable[None]]

#: Seconds between two notes of an endpoint that only keeps on working or failing.
NOTE_EVERY = 30.0

_log = structlog.get_logger(__name__)


class EndpointBook:
    """The state of one endpoint, in memory and on its way to the disk."""

    def __init__(
        self, endpoint: EndpointId, store: Store, dice: Dice, *, on_disabled: OnDisabled
    ) -> None:
        self.state = EndpointState(id=endpoint)
        self._store = store
        self._dice = dice
        self._on_disabled = on_disabled
        self._log = _log.bind(endpoint=endpoint)
        self._noted: EndpointState | None = None
        self._told: float | None = None  # which disabling was told
        self._now = asyncio.Event()

    @property
    def disabled(self) -> bool:
        """Whether nothing may be sent."""
        return self.state.disabled_at is not None

    def judge(self, outcome: Outcome, now: float) -> bool:
        """Take one outcome in; return whether the endpoint was disabled or enabled by it."""
        before, self.state = self.state, judge(self.state, outcome, now)
        if before.failing_since != self.state.failing_since:
            self._now.set()
        if before.disabled_at == self.state.disabled_at:
            return False
        self._now.set()
        if self.disabled:
            DISABLED.inc()
            self._log.error("endpoint.disabled", reason=self.state.disabled_reason)
        else:
            self._log.info("endpoint.enabled")
        return True

    def enable(self) -> None:
        """Forget the failures; a person asked for it."""
        self.state = recovered(self.state)
        self._now.set()

    async def read(self) -> None:
        """Read the state, however long the store takes to give it."""
        failures = 0
        while self._noted is None:
            try:
                self.state = self._noted = await self._store.endpoint_state(self.state.id)
            except StoreError as error:
                failures += 1
                self._log.warning("endpoint.not_read", failures=failures, error=str(error))
                await asyncio.sleep(PATIENCE.wait(failures, self._dice()))
        if self.disabled:
            self._now.set()

    async def keep(self) -> None:
        """Write the state down for ever."""
        failures = 0
        while True:
            try:
                async with asyncio.timeout(NOTE_EVERY):
                    await self._now.wait()
            except TimeoutError:
                pass
            self._now.clear()
            try:
                await self._heed()
                await self._note(self.state)
                failures = 0
            except StoreError as error:
                failures += 1
                self._log.warning("endpoint.not_noted", failures=failures, error=str(error))
                await asyncio.sleep(PATIENCE.wait(failures, self._dice()))
                self._now.set()

    async def flush(self) -> None:
        """Write the state once more, at the end. Raises StoreError."""
        if self._noted is not None and self._noted != self.state:
            await self._store.note_endpoint(self.state)

    async def _heed(self) -> None:
        """Go by what another instance knows of an endpoint that is disabled.

        That it was disabled before, so that it is told once; that it was enabled again.
        """
        if not self.disabled or self._noted is None:
            return
        stored = await self._store.endpoint_state(self.state.id)
        is_news = stored.disabled_at is None and self._noted.disabled_at is None
        if not is_news and stored.disabled_at != self.state.disabled_at:
            self.state = self._noted = stored
            self._log.info("endpoint.heeded", disabled=self.disabled)

    async def _note(self, state: EndpointState) -> None:
        if state != self._noted:
            await self._store.note_endpoint(state)
            self._noted = state
        if state.disabled_at is not None and state.disabled_at != self._told:
            await self._on_disabled(state)
            self._told = state.disabled_at
