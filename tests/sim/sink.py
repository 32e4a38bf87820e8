"""Endpoints that take, refuse, drip, lose their answer and forget; and the sinks that send there.

An endpoint belongs to the world: what it took it has, whatever became of the process that sent
it. A sink belongs to a process. It must not know why anything is sent.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass, field
from enum import Enum, unique

from tests.sim import process
from vedette.model.delivery import Delivered, Endpoint, Gone, Outcome, Parcel, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One parcel that an endpoint took, and when, on the loop's clock."""

    parcel: Parcel
    at: float


@unique
class _Fate(Enum):
    """What becomes of one request."""

    TAKEN = "taken"
    UNACKNOWLEDGED = "taken, and the answer lost"
    FORGOTTEN = "received, and forgotten before the answer"
    REFUSED = "refused"
    ASKED_TO_WAIT = "asked to wait"
    DRIPS = "no answer ever"
    GONE = "gone for ever"


@dataclass(slots=True, kw_only=True)
class Temper:
    """How an endpoint is today; a number from 0 to 1 is the chance at each request.

    ``latency`` is the mean of one way in seconds, ``retry_after`` the wish of a 429 in seconds.
    """

    latency: float = 0.01
    unacknowledged: float = 0.0
    forgotten: float = 0.0
    refused: float = 0.0
    asked_to_wait: float = 0.0
    drips: float = 0.0
    gone: float = 0.0
    is_down: bool = False
    retry_after: tuple[float, float] = (1.0, 60.0)

    def draw(self, dice: random.Random) -> _Fate:
        """Decide one request."""
        if self.is_down:
            return _Fate.REFUSED
        draw = dice.random()
        for chance, fate in (
            (self.unacknowledged, _Fate.UNACKNOWLEDGED),
            (self.forgotten, _Fate.FORGOTTEN),
            (self.refused, _Fate.REFUSED),
            (self.asked_to_wait, _Fate.ASKED_TO_WAIT),
            (self.drips, _Fate.DRIPS),
            (self.gone, _Fate.GONE),
        ):
            draw -= chance
            if draw < 0:
                return fate
        return _Fate.TAKEN


@dataclass(slots=True, kw_only=True, eq=False)
class Receiver:
    """One endpoint out in the world."""

    endpoint: Endpoint
    dice: random.Random
    context: Context
    temper: Temper = field(default_factory=Temper)
    receipts: list[Receipt] = field(default_factory=list)
    took: Callable[[Receipt], None] = lambda _receipt: None

    def request(self, parcel: Parcel, answer: Callable[[Outcome], None], context: Context) -> None:
        """Take a request on its way; ``answer`` is called in ``context``, if at all."""
        loop = asyncio.get_running_loop()
        loop.call_later(self._way(), self._arrived, parcel, answer, context, context=self.context)

    def _arrived(self, parcel: Parcel, answer: Callable[[Outcome], None], context: Context) -> None:
        fate = self.temper.draw(self.dice)
        loop = asyncio.get_running_loop()
        if fate in {_Fate.TAKEN, _Fate.UNACKNOWLEDGED}:
            receipt = Receipt(parcel=parcel, at=loop.time())
            self.receipts.append(receipt)
            self.took(receipt)
        outcome = self._outcome(fate)
        if outcome is not None:
            loop.call_later(self._way(), answer, outcome, context=context)

    def _outcome(self, fate: _Fate) -> Outcome | None:
        match fate:
            case _Fate.TAKEN:
                return Delivered()
            case _Fate.UNACKNOWLEDGED | _Fate.FORGOTTEN:
                return Refused(reason="the connection was reset before the answer (simulated)")
            case _Fate.REFUSED:
                return Refused(
                    reason=f"status {self.dice.choice((400, 404, 500, 503))} (simulated)"
                )
            case _Fate.ASKED_TO_WAIT:
                wish = self.dice.uniform(*self.temper.retry_after)
                return Refused(reason="status 429 (simulated)", retry_after=wish)
            case _Fate.DRIPS:
                return None
            case _Fate.GONE:
                return Gone(reason="status 410 (simulated)")

    def _way(self) -> float:
        return self.dice.expovariate(1.0 / self.temper.latency)


class SimulatedSink:
    """``vedette.ports.sink.Sink`` to one receiver."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    async def start(self) -> None:
        """Nothing is to acquire."""

    async def stop(self) -> None:
        """Nothing is to release."""

    async def send(self, parcel: Parcel) -> Outcome:
        owner = process.current()
        assert owner is not None, "only a process sends"
        reply: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def answer(outcome: Outcome) -> None:
            if not reply.done():
                reply.set_result(outcome)

        self._receiver.request(parcel, answer, owner.context)
        return await reply
