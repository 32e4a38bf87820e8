"""A sink that does what a test tells it, and remembers what it was given and when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from tests.support.clock import elapsed
from vedette.model.delivery import Delivered, Outcome, Parcel


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One call of ``send``: which parcel, and at which second of the test."""

    parcel: Parcel
    at: float


def _take(_parcel: Parcel) -> Outcome:
    return Delivered()


class ScriptedSink:
    """``answer`` decides each outcome; ``gate`` shut, every attempt hangs."""

    def __init__(self, answer: Callable[[Parcel], Outcome] = _take, *, delay: float = 0.0) -> None:
        self.answer = answer
        self.attempts: list[Attempt] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.flying = 0
        self.most_flying = 0
        self.running = False
        self._delay = delay
        self._changed = asyncio.Condition()

    async def start(self) -> None:
        self.running = True

    async def stop(self) -> None:
        self.running = False

    async def send(self, parcel: Parcel) -> Outcome:
        self.flying += 1
        self.most_flying = max(self.most_flying, self.flying)
        self.attempts.append(Attempt(parcel=parcel, at=elapsed()))
        async with self._changed:
            self._changed.notify_all()
        try:
            if self._delay:
                await asyncio.sleep(self._delay)
            await self.gate.wait()
            return self.answer(parcel)
        finally:
            self.flying -= 1

    @property
    def events(self) -> list[str]:
        """The ids that were sent, in order, repeats included."""
        return [attempt.parcel.event for attempt in self.attempts]

    async def sent(self, count: int, *, within: float = 60.0) -> None:
        """Return once ``count`` attempts were begun."""
        async with asyncio.timeout(within), self._changed:
            await self._changed.wait_for(lambda: len(self.attempts) >= count)
