"""Tells those who wait that there is an event for them: one look along the tail serves all of them.

It looks while somebody waits, when a commit rings, and each second for the commits of others. It
must not know what those who wait do then.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import structlog

from vedette.errors import StoreError
from vedette.model.ids import AccountId, TenantId
from vedette.outbox.selection import matches
from vedette.ports.tail import Followed, Spot, Tail, TailQuery

_log = structlog.stdlib.get_logger(__name__)

#: Events of one look; they come without their bodies.
LOOKED: Final = 1_000
#: Events that were told lately and are known still, for who looked just before them.
KNOWN: Final = 2_000
#: Seconds after which a store is asked again that did not answer.
AGAIN: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Waiting:
    """What somebody waits for: an event behind a spot, of a tenant, an account, of types."""

    after: Spot
    tenant: TenantId | None
    account: AccountId | None
    types: tuple[str, ...]
    found: asyncio.Event = field(default_factory=asyncio.Event)

    def is_for(self, event: Followed) -> bool:
        """Tell whether an event is one of those."""
        return (
            event.spot > self.after
            and self.account in {None, event.account}
            and matches(self.types, event.type)
        )


class Herald:
    """Follows the tail for as long as somebody waits."""

    def __init__(self, tail: Tail) -> None:
        self._tail = tail
        #: By tenant; None waits for the events of all.
        self._waiting: dict[TenantId | None, set[Waiting]] = {}
        #: How far everybody was told, and the last events up to there: all behind ``_floor``.
        self.spot = Spot()
        self._known: deque[Followed] = deque(maxlen=KNOWN)
        self._floor = Spot()
        self._task: asyncio.Task[None] | None = None
        self.is_over = False

    async def stop(self) -> None:
        """Follow no more, and let everybody go. Idempotent."""
        self.is_over = True
        self._let_go()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def news(self, waiting: Waiting) -> None:
        """Return when there may be what is waited for; the caller looks, and comes back.

        It returns at once to one who may have missed what was told before. Who is waiting still has
        missed nothing up to ``spot``.
        """
        if self.is_over:
            return
        if self._task is None:
            # Nobody waits: it goes on from where the first one has looked.
            self.spot = self._floor = waiting.after
            self._known.clear()
            self._task = asyncio.create_task(self._follow(), name="events, herald")
        elif self._is_late(waiting):
            return
        group = self._waiting.setdefault(waiting.tenant, set())
        group.add(waiting)
        try:
            await waiting.found.wait()
        finally:
            group.discard(waiting)
            if not group:
                self._waiting.pop(waiting.tenant, None)

    async def _follow(self) -> None:
        try:
            while self._waiting_at_all():
                heard = self._tail.arrivals
                try:
                    stretch = await self._tail.tail(
                        TailQuery(after=self.spot, limit=LOOKED, bare=True)
                    )
                except StoreError as error:
                    # Whoever waits asks by himself, and is told what is wrong.
                    _log.warning("events.not_followed", error=str(error))
                    self._let_go()
                    await asyncio.sleep(AGAIN)
                    continue
                for event in stretch.events:
                    self._tell(event)
                    self._remember(event)
                self.spot = stretch.reached
                if stretch.is_end:
                    await self._tail.arrived(heard)
        finally:
            self._task = None
            self._let_go()

    def _is_late(self, waiting: Waiting) -> bool:
        """Tell whether somebody may have missed what everybody was told of."""
        if waiting.after < self._floor:
            return True
        for event in reversed(self._known):
            if event.spot <= waiting.after:
                return False
            if waiting.tenant in {None, event.tenant} and waiting.is_for(event):
                return True
        return False

    def _remember(self, event: Followed) -> None:
        if len(self._known) == KNOWN:
            self._floor = self._known[0].spot
        self._known.append(event)

    def _waiting_at_all(self) -> bool:
        return bool(self._waiting) and not self.is_over

    def _tell(self, event: Followed) -> None:
        for tenant in (None, event.tenant):
            for each in self._waiting.get(tenant, ()):
                if each.is_for(event):
                    each.found.set()

    def _let_go(self) -> None:
        for group in self._waiting.values():
            for each in group:
                each.found.set()
