"""Learns from what people move back: the sender's domain is left alone from then on.

The message itself is, whatever happens here. Where it was not proved who sent it, nothing more is:
anybody could write under that name. For a protective guard it is a loosening, and waits; a domain
that everybody writes from teaches nothing. It must not know how a return is told.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from vedette.app.guards.overriding import Overriding
from vedette.app.guards.protections import Protections
from vedette.app.guards.wish import RETURNED, Trust, allowed, allowing, is_allowed
from vedette.engine.part import Part
from vedette.errors import StoreError, UsageError
from vedette.guard.hosts import is_public_suffix, is_shared
from vedette.guard.listing.domain import domain as read_domain
from vedette.guard.listing.gate import CANARIES
from vedette.model.action import JournalEntry
from vedette.ports.clock import Clock

_log = structlog.stdlib.get_logger(__name__)

#: Returns that wait to be learned from; a person moves a few at a time.
MAX_WAITING: Final = 1_000


class Returns(Part):
    """Takes returns as the engine tells of them, and learns from one after the other."""

    def __init__(
        self, store: Trust, clock: Clock, *, protections: Protections, overriding: Overriding
    ) -> None:
        super().__init__("returns")
        self._store = store
        self._clock = clock
        self._protections = protections
        self._overriding = overriding
        self._waiting: asyncio.Queue[tuple[JournalEntry, str]] = asyncio.Queue(MAX_WAITING)

    def returned(self, entry: JournalEntry, domain: str) -> None:
        """Take one return; ``domain`` is the sender's, empty where it is not proved."""
        try:
            self._waiting.put_nowait((entry, domain))
        except asyncio.QueueFull:
            # The message stays where its owner put it; only nothing is learned from it.
            _log.warning("return.not_learned", account=entry.account, guard=entry.guard)

    async def learn(self, entry: JournalEntry, domain: str) -> None:
        """Learn from one return. Raises StoreError."""
        name = read_domain(domain)
        if name is None or name in CANARIES or is_shared(name) or is_public_suffix(name):
            return
        if await is_allowed(self._store, entry.account, entry.guard, name):
            return
        if entry.guard in self._protections.held:
            await self._protections.ask(
                entry.guard, allowing(name), by=RETURNED, account=entry.account
            )
            return
        now = self._clock.now()
        await allowed(self._store, entry.account, entry.guard, name, RETURNED, now)
        await self._overriding.refresh()

    async def _open(self) -> None:
        self.spawn(self._run(), "learn")

    async def _run(self) -> None:
        while True:
            entry, domain = await self._waiting.get()
            try:
                await self.learn(entry, domain)
            except (StoreError, UsageError) as error:
                _log.warning(
                    "return.not_learned",
                    account=entry.account,
                    guard=entry.guard,
                    error=str(error),
                )
