"""Tells what becomes of loosenings, and of what is enforced: in the log, and as events.

Each turn of a loosening is told once, to a guard's partner too, with the head of the audit to keep.
It must not know when anything is due.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import structlog

from vedette.app.guards.seal import sealed
from vedette.app.guards.wish import Trust, aspect_of
from vedette.model.event import Event
from vedette.model.ids import EndpointId
from vedette.outbox.protection import Turn, changed
from vedette.ports.clock import Clock
from vedette.ports.ratchet import Change, ChangeId
from vedette.secret import Secret

_log = structlog.stdlib.get_logger(__name__)

#: Sends an event about a guard, to its partner too.
Tell: TypeAlias = Callable[[Event, EndpointId | None], Awaitable[None]]


class Tidings:
    """What is told by one host. ``partner`` returns who is told of a guard beside those who ask."""

    def __init__(
        self,
        store: Trust,
        clock: Clock,
        *,
        key: Callable[[], Secret[str]],
        tell: Tell,
        partner: Callable[[str], EndpointId | None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._key = key
        self._tell = tell
        self._partner = partner
        self._told: set[tuple[ChangeId, Turn]] = set()

    def forget(self, open_: Sequence[Change]) -> None:
        """Forget what was told of changes that are over, wherever they ended."""
        numbers = {each.id for each in open_}
        self._told = {each for each in self._told if each[0] in numbers}

    async def note(self, change: Change, turn: Turn) -> None:
        """Tell what became of a loosening, once."""
        if (change.id, turn) in self._told:
            return
        self._told.add((change.id, turn))
        if turn in {Turn.APPLIED, Turn.WITHDRAWN}:
            # It is over: nothing of it is told any more.
            self._told = {each for each in self._told if each[0] != change.id}
        guard, aspect = change.loosening.guard, aspect_of(change).value
        now = self._clock.now()
        event = changed(
            guard,
            aspect,
            turn,
            number=change.id,
            asked_at=change.asked_at,
            due=change.due if turn is Turn.WAITING else None,
            head=await self._head(),
            now=now,
        )
        _log.info("protection.changed", guard=guard, change=aspect, turn=turn.value, id=change.id)
        await self._tell(event, self._partner(guard))

    async def say(self, guard: str, what: str, turn: Turn) -> None:
        """Tell of what needed no asking, or can not be held."""
        _log.info("protection.changed", guard=guard, change=what, turn=turn.value)
        event = changed(guard, what, turn, head=await self._head(), now=self._clock.now())
        await self._tell(event, self._partner(guard))

    async def _head(self) -> str:
        """Return the head of the audit, for those who are told to keep."""
        trail = await self._store.audit_head()
        return sealed(trail.entries, trail.head, self._key())
