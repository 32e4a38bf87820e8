"""The lane of one endpoint: claim, send, settle.

Each endpoint has its own, so that a slow or dead one delays nobody else::

    a commit, as promised ──────────────────────────────────────┐
    wake, due instant, poll ──► claim (what the window takes) ──► queue
                                                                    │ as many as ``Rest`` allows,
                                                                    │ as fast as ``Allowance`` does
      settler ◄── schedule.after ◄── outcome ◄── sink.send ◄────────┘
         │                              └──► ``EndpointBook``: enabled or disabled
         └── written: the window opens again

- *The window*: parcels claimed and not yet settled are bounded, so memory is.
- *Leases*: a parcel that waited too long to be sent within its lease is given
  back unsent; a parcel that is still ours is never taken twice.

It must not know of other endpoints, nor how anything is sent or stored.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import structlog

from vedette.crashpoint import Crashpoint, crashpoint
from vedette.engine.attempt import FIRST, IN_FLIGHT, report, send
from vedette.engine.endpoint_book import EndpointBook
from vedette.engine.part import OnCrash, Part
from vedette.engine.promise import Promise
from vedette.engine.rest import Rest
from vedette.engine.settler import PATIENCE, Settler
from vedette.errors import StoreError
from vedette.model.delivery import (
    Delivered,
    DeliveryState,
    Endpoint,
    Outcome,
    Parcel,
    Refused,
    Settlement,
)
from vedette.outbox import schedule
from vedette.outbox.rate import Allowance
from vedette.ports.clock import Clock, Dice
from vedette.ports.sink import Sink
from vedette.ports.store import Store, Taker

#: Seconds between two looks at the store when nobody woke the lane: a lost wake-up costs no more.
SAFETY_POLL = 30.0
#: Seconds until the next look when the store has something due that can not be claimed now
#: (an ordered endpoint whose first parcel waits).
BLOCKED_POLL = 1.0
#: Claimed and unsettled parcels, as a multiple of the concurrency: one part is sent, one part
#: is at hand so that no slot waits for a claim, and as much is on its way to the disk.
WINDOW = 3
#: What ``stop`` allows the sink for its own end, in seconds.
SINK_GRACE = 5.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tempo:
    """The times of delivery, in seconds.

    ``deadline`` is the last resort around an attempt, above every sink's own; ``grace`` is what
    a stop leaves to those in flight.
    """

    deadline: float = 35.0
    grace: float = 10.0
    policy: schedule.Policy = schedule.STANDARD

    @property
    def lease(self) -> float:
        """How long a claim holds: one full wait in the queue, one attempt, and the settling."""
        return 2 * self.deadline + 10.0


class Lane(Part):
    """Everything that is done for one endpoint. The sink was started; the lane stops it."""

    def __init__(
        self,
        endpoint: Endpoint,
        sink: Sink,
        *,
        store: Store,
        settler: Settler,
        book: EndpointBook,
        clock: Clock,
        dice: Dice,
        tempo: Tempo,
        on_crash: OnCrash | None = None,
    ) -> None:
        super().__init__(f"lane.{endpoint.id}", on_crash=on_crash)
        self.endpoint = endpoint
        self.book = book
        self._sink = sink
        self._store = store
        self._settler = settler
        self._clock = clock
        self._dice = dice
        self._tempo = tempo
        self._log = _log.bind(endpoint=endpoint.id)
        self._rest = Rest(endpoint.concurrency)
        self._allowance = Allowance(endpoint.rate)
        self._queue: deque[tuple[Parcel, float]] = deque()  # with the last instant to send it
        self._held: set[int] = set()  # deliveries claimed and not settled
        self._promised = 0  # places kept for commits under way
        self._flying: set[asyncio.Task[None]] = set()
        self._claiming = asyncio.Lock()
        self._stir = asyncio.Event()
        self._more = True  # there may be something to claim
        self._look_at = 0.0  # when to look again, on the loop's clock

    def wake(self) -> None:
        """Look for new deliveries at once."""
        self._more = True
        self._stir.set()

    def promise(self, wanted: int) -> Promise | None:
        """Keep places for what a commit queues, if it would be sent at once and passes nobody."""
        if self._more or self._queue or self._claiming.locked():
            return None
        slots = self._slots()
        at_once = min(slots - len(self._flying), self._allowance.within(_now(), 0.0))
        places = int(min(wanted, at_once - self._promised, self._room(slots)))
        if places <= 0:
            return None
        self._keep(places)
        lease = self._tempo.lease
        taker = Taker(
            endpoint=self.endpoint.id,
            ordered=self.endpoint.ordered,
            limit=places,
            until=self._clock.now() + lease,
            take=partial(self._take, _now() + lease - self._tempo.deadline),
        )
        return Promise(taker=taker, is_whole=places >= wanted, release=partial(self._keep, -places))

    def _keep(self, places: int) -> None:
        self._promised += places

    def share(self, parts: int) -> None:
        """Keep to one of so many parts of the endpoint's rate."""
        self._allowance.share(parts, _now())
        self._stir.set()

    def enable(self) -> None:
        """Try again what was disabled; a person asked for it."""
        self.book.enable()
        self._rest.worked()
        self.wake()

    async def _open(self) -> None:
        self.spawn(self._run(), "run")

    async def _close(self) -> None:
        """Let attempts in flight end, give the rest back, and stop the sink."""
        try:
            async with asyncio.timeout(self._tempo.grace):
                # A claim that is under way would lease parcels that nobody sends.
                async with self._claiming:
                    self._give_back()
                if self._flying:
                    await asyncio.wait(self._flying)
        except TimeoutError:
            self._log.warning("lane.attempts_cut", attempts=len(self._flying))
        await self._cancel({*self._flying})
        try:
            async with asyncio.timeout(SINK_GRACE):
                await self._sink.stop()
                await self.book.flush()
        except TimeoutError:
            self._log.warning("lane.stop_too_slow")
        except StoreError as error:
            self._log.warning("endpoint.not_noted", error=str(error))

    async def _run(self) -> None:
        await self.book.read()
        self.spawn(self.book.keep(), "book")
        failures = 0
        while True:
            self._launch()
            if not self._may_claim():
                await self._idle()
                continue
            try:
                async with self._claiming:
                    await self._claim()
                failures = 0
            except StoreError as error:
                failures += 1
                self._more = True
                self._log.warning("delivery.claim_failed", failures=failures, error=str(error))
                await asyncio.sleep(PATIENCE.wait(failures, self._dice()))

    # -- claiming -----------------------------------------------------------------------

    def _slots(self) -> int:
        """How many attempts may be in flight now."""
        return self._rest.slots(_now()) if self.started and not self.book.disabled else 0

    def _window(self, slots: int) -> int:
        """How many parcels may be claimed and unsettled; none to stand behind a probe.

        With a rate, no more than can be begun while a claim holds: the others would go back unsent.
        """
        window = slots * (1 if self._rest.probing else WINDOW)
        return int(min(window, max(self._allowance.within(_now(), self._tempo.deadline), 1)))

    def _room(self, slots: int) -> int:
        """How many parcels the window still takes."""
        return self._window(slots) - len(self._held) - self._promised

    def _may_claim(self) -> bool:
        if _now() >= self._look_at:
            self._more = True
        slots = self._slots()
        # Refilled in handfuls, not parcel by parcel: a claim is a transaction.
        return self._more and slots > 0 and self._room(slots) >= min(slots, self._window(slots))

    async def _claim(self) -> None:
        """Take what is due, as much as the window takes, and learn when to look again."""
        room = self._room(self._slots())
        if room <= 0:
            return
        # Before the call, so that a wake-up during it is not lost.
        self._more = False
        self._look_at = _now() + SAFETY_POLL
        lease = self._tempo.lease
        last = _now() + lease - self._tempo.deadline
        parcels = await self._store.claim(
            self.endpoint.id,
            ordered=self.endpoint.ordered,
            limit=room,
            now=self._clock.now(),
            lease=lease,
        )
        self._take(last, parcels)
        if len(parcels) >= room:
            self._more = True
            return
        due = await self._store.next_due(self.endpoint.id, ordered=self.endpoint.ordered)
        if due is not None:
            wait = due - self._clock.now()
            self._look_again(wait if wait > 0 else BLOCKED_POLL)

    def _take(self, last: float, parcels: Sequence[Parcel]) -> None:
        """Queue what is claimed, to be sent until ``last`` on the loop's clock."""
        if parcels:
            crashpoint(Crashpoint.CLAIMED)
        for parcel in parcels:
            if parcel.delivery not in self._held:
                self._held.add(parcel.delivery)
                self._queue.append((parcel, last))
        if self._slots() > 0:
            self._launch()
        else:
            # The lane was stopped, or its endpoint is to rest, since this was asked for.
            self._give_back()

    def _look_again(self, wait: float) -> None:
        self._look_at = min(self._look_at, _now() + max(wait, 0.0))

    async def _idle(self) -> None:
        """Wait until something changes or an instant comes."""
        self._stir.clear()
        now = _now()
        until = self._look_at
        if now < self._rest.until:
            until = self._rest.until
        elif self._more or self.book.disabled:
            # Full or disabled: only a settlement, an outcome or a person changes that.
            until = now + SAFETY_POLL
        pause = self._allowance.wait(now) if self._queue else 0.0
        if pause > 0:
            # Else what is queued waits for a slot, and who leaves one launches the next.
            until = min(until, max(now + pause, self._rest.until))
        try:
            async with asyncio.timeout(max(until - now, 0.0)):
                await self._stir.wait()
        except TimeoutError:
            return

    # -- sending ------------------------------------------------------------------------

    def _launch(self) -> None:
        """Send what is queued, as far as slots are free."""
        slots = self._slots()
        while self._queue and len(self._flying) < slots:
            parcel, last = self._queue[0]
            if _now() > last:
                # The lease could end during the attempt, and another one would begin beside it.
                self._return(self._queue.popleft()[0])
                continue
            if not self._allowance.take(_now()):
                # ``_idle`` knows when the next one may begin.
                self._stir.set()
                return
            self._queue.popleft()
            task = self.spawn(self._attempt(parcel), f"attempt.{parcel.delivery}")
            self._flying.add(task)
            task.add_done_callback(self._landed)
            IN_FLIGHT.add(1)

    def _landed(self, task: asyncio.Task[None]) -> None:
        IN_FLIGHT.add(-1)
        self._flying.discard(task)
        self._launch()
        if self._more:
            self._stir.set()

    async def _attempt(self, parcel: Parcel) -> None:
        began = _now()
        if parcel.attempt == 1:
            FIRST.observe(self._clock.now() - parcel.queued_at)
        crashpoint(Crashpoint.ATTEMPT_BEGUN)
        try:
            outcome = await send(self._sink, self.endpoint, parcel, deadline=self._tempo.deadline)
        except asyncio.CancelledError:
            # Its fate is unknown; that is an attempt, and no fault of the endpoint.
            self._settle(parcel, Refused(reason="stopped during the attempt"))
            raise
        crashpoint(Crashpoint.ANSWERED)
        report(parcel, outcome, _now() - began, self._clock.now())
        self._judge(outcome)
        self._settle(parcel, outcome)

    # -- settling -----------------------------------------------------------------------

    def _judge(self, outcome: Outcome) -> None:
        """Draw the consequences for the endpoint: go on, rest, or disable it."""
        if isinstance(outcome, Delivered):
            self._rest.worked()
        else:
            asked = outcome.retry_after if isinstance(outcome, Refused) else None
            if self._rest.failed(_now(), asked=asked, dice=self._dice()):
                self._give_back()
        if self.book.judge(outcome, self._clock.now()):
            if self.book.disabled:
                self._give_back()
            else:
                self.wake()

    def _settle(self, parcel: Parcel, outcome: Outcome) -> None:
        settlement = schedule.after(
            outcome, parcel, now=self._clock.now(), dice=self._dice(), policy=self._tempo.policy
        )
        # Nobody waits for the mark of a success, but what stands behind it.
        behind = self.endpoint.ordered or self._more or self._queue
        patient = settlement.state is DeliveryState.DELIVERED and not behind
        self._settler.put(settlement, partial(self._settled, settlement), patient=patient)

    def _settled(self, settlement: Settlement) -> None:
        """Learn that a settlement is written: the window opens, and its next attempt is known."""
        self._held.discard(settlement.delivery)
        if settlement.state is DeliveryState.DUE:
            self._look_again(settlement.due - self._clock.now())
            self._stir.set()
            return
        # With order, the next parcel of its folder may go now.
        self._more = self._more or self.endpoint.ordered
        if self._more:
            self._stir.set()

    def _give_back(self) -> None:
        """Return every parcel that was claimed and not begun."""
        while self._queue:
            self._return(self._queue.popleft()[0])

    def _return(self, parcel: Parcel) -> None:
        settlement = Settlement(
            delivery=parcel.delivery,
            state=DeliveryState.DUE,
            due=self._clock.now(),
            attempt=parcel.attempt - 1,
        )
        self._settler.put(settlement, partial(self._settled, settlement))


def _now() -> float:
    """Return the loop's time: what waits are measured on."""
    return asyncio.get_running_loop().time()
