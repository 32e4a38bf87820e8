"""Keeps what people set beside the packs in force: pauses, allowed senders, consents.

The engine asks a value in memory; here it is read from the store when something is set, at this
instance or at another, and each minute, because a pause ends by itself. It must not know what may
be set: that is the ratchet's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from itertools import count
from typing import Protocol

import structlog

from vedette.app.guards.wish import RETURNED
from vedette.engine.guarding import Guarding
from vedette.engine.part import Part
from vedette.engine.standing import Standing, stop
from vedette.errors import StoreError
from vedette.model.ids import AccountId
from vedette.ports.clock import Clock
from vedette.ports.consent import Consents
from vedette.ports.override import Allow, Overrides

_log = structlog.stdlib.get_logger(__name__)

#: Seconds between two looks whether another instance set something: a consent that is withdrawn
#: ends there within as many.
GLANCE = 5.0
#: Glances between two looks at pauses that may be over: a minute.
LOOK = 12


class Set(Overrides, Consents, Protocol):
    """What people set."""


class Overriding(Part):
    """Fills ``guarding.standing``; ``on_consent`` is told when who may be read has changed.

    ``on_moved`` is told within a glance that people, or another instance, changed anything at all.
    """

    def __init__(
        self,
        store: Set,
        guarding: Guarding,
        clock: Clock,
        *,
        on_consent: Callable[[], Awaitable[None]],
        on_moved: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__("overriding")
        self._store = store
        self._guarding = guarding
        self._clock = clock
        self._on_consent = on_consent
        self._on_moved = on_moved
        self._locked: frozenset[str] = frozenset()
        #: That of what stands here, and that at which ``on_moved`` was told last.
        self._edition: int | None = None
        self._told: int | None = None

    async def lock(self, guards: Collection[str]) -> None:
        """Learn which guards the ratchet holds, and read everything anew. Raises StoreError."""
        self._locked = frozenset(guards)
        await self.refresh()

    async def refresh(self) -> None:
        """Read everything anew. Raises StoreError."""
        before = self._guarding.standing.consented
        # First: what is set while the rest is read is found by the next glance.
        self._edition = await self._store.edition()
        self._guarding.standing = standing_of(
            await self._store.every_allow(),
            stopped=await self._off(),
            locked=self._locked,
            consented=await self._store.consented(),
        )
        if self._guarding.standing.consented != before:
            await self._on_consent()

    async def _open(self) -> None:
        self.spawn(self._run(), "pauses")

    async def _run(self) -> None:
        for glance in count(1):
            await asyncio.sleep(GLANCE)
            try:
                await self._glance(look=glance % LOOK == 0)
            except StoreError as error:
                # What stood before stands on; the next glance tries it again.
                self._edition = self._told = None
                _log.warning("overrides.unread", error=str(error))

    async def _glance(self, *, look: bool) -> None:
        edition = await self._store.edition()
        if edition != self._edition or (
            look and await self._off() != self._guarding.standing.stopped
        ):
            await self.refresh()
        # By the edition of before: whoever refreshed meanwhile for itself did not tell of it.
        if edition != self._told:
            await self._on_moved()
            self._told = edition

    async def _off(self) -> frozenset[str]:
        now = self._clock.now()
        switches = await self._store.switches()
        return frozenset(stop(each.scope, each.name) for each in switches if each.stops(now))


def standing_of(
    allows: Sequence[Allow],
    *,
    stopped: Collection[str],
    locked: Collection[str],
    consented: Collection[AccountId],
) -> Standing:
    """Return what people set as the engine asks it; a return teaches, the other allows are named."""
    return Standing(
        stopped=frozenset(stopped),
        locked=frozenset(locked),
        allowed=_domains(each for each in allows if each.source != RETURNED),
        learned=_domains(each for each in allows if each.source == RETURNED),
        consented=frozenset(consented),
    )


def _domains(allows: Iterable[Allow]) -> Mapping[tuple[AccountId, str], frozenset[str]]:
    """Return the domains of allows, by account and guard."""
    found: dict[tuple[AccountId, str], set[str]] = {}
    for allow in allows:
        found.setdefault((allow.account, allow.guard), set()).add(allow.domain)
    return {key: frozenset(domains) for key, domains in found.items()}
