"""The courier: at once, at least once, on schedule, and no endpoint in another's way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from tests.engine.scripted_sink import ScriptedSink
from tests.engine.virtual_time import START, VirtualClock, elapsed, run
from tests.support.memory_store import MemoryStore
from vedette.engine.courier import Courier
from vedette.engine.lane import Tempo
from vedette.errors import SinkError, StoreError, StoreFullError
from vedette.model.delivery import (
    Delivered,
    DeliveryState,
    Endpoint,
    EndpointState,
    Gone,
    Outcome,
    Parcel,
    Posting,
    Refused,
    Settlement,
)
from vedette.model.ids import AccountId, EndpointId, EventId, TenantId
from vedette.ports.store import Fence

CRM = EndpointId("crm")
OTHER = EndpointId("other")
HOUR = 3600.0
#: Standard Webhooks: the instants of the ten attempts, in seconds after the first.
INSTANTS = [0.0, 5.0, 305.0, 2105.0, 9305.0, 27305.0, 63305.0, 113705.0, 185705.0, 272105.0]


@dataclass(slots=True)
class World:
    """What a test of the courier plays with."""

    store: MemoryStore
    courier: Courier
    disabled: list[EndpointState]

    async def post(self, events: Iterable[str], *endpoints: EndpointId, lane: bytes = b"A") -> None:
        """Commit events and wake the courier, as the engine does."""
        await self.commit(events, *endpoints, lane=lane)
        self.courier.wake(endpoints)

    async def commit(
        self, events: Iterable[str], *endpoints: EndpointId, lane: bytes = b"A"
    ) -> None:
        now = VirtualClock().now()
        await self.store.post(Fence(), [_posting(event, endpoints, lane, now) for event in events])

    def states(self) -> dict[str, DeliveryState]:
        """How each delivery stands, by event."""
        rows = self.store.state.deliveries.values()
        return {row.posting.event: row.state for row in rows}

    async def settled(self, *events: str, within: float = 60.0) -> None:
        """Return when these are delivered."""
        async with asyncio.timeout(within):
            while any(self.states()[event] is not DeliveryState.DELIVERED for event in events):
                self.store.changed.clear()
                await self.store.changed.wait()


def _posting(event: str, endpoints: tuple[EndpointId, ...], lane: bytes, now: float) -> Posting:
    return Posting(
        event=EventId(event),
        type="message.received",
        tenant=TenantId("t"),
        account=AccountId("a"),
        time=now,
        lane=lane,
        body=b'{"id":"' + event.encode() + b'"}',
        endpoints=endpoints,
    )


@asynccontextmanager
async def world(
    *lanes: tuple[Endpoint, ScriptedSink],
    store: MemoryStore | None = None,
    tempo: Tempo | None = None,
) -> AsyncIterator[World]:
    """Run a courier over a store in memory, its dice always at zero."""
    clock = VirtualClock()
    store = store or MemoryStore(clock)
    await store.start()
    disabled: list[EndpointState] = []

    async def on_disabled(state: EndpointState) -> None:
        disabled.append(state)

    courier = Courier(
        store,
        {endpoint.id: (endpoint, sink) for endpoint, sink in lanes},
        clock,
        lambda: 0.0,
        on_disabled=on_disabled,
        tempo=tempo,
    )
    await courier.start()
    try:
        yield World(store, courier, disabled)
        assert courier.crash is None
    finally:
        await courier.stop()


def refuse(_parcel: Parcel) -> Outcome:
    return Refused(reason="HTTP 500")


def crm(**settings: bool | int) -> Endpoint:
    ordered, concurrency = settings.get("ordered", False), settings.get("concurrency", 8)
    return Endpoint(id=CRM, ordered=bool(ordered), concurrency=int(concurrency))


def names(count: int, prefix: str = "e") -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


def test_delivery_starts_at_the_instant_of_the_wake() -> None:
    """Between the commit and the attempt no time passes: nothing polls."""

    async def main() -> None:
        sink = ScriptedSink()
        async with world((crm(), sink)) as it:
            await asyncio.sleep(7.25)
            await it.post(["e1"], CRM)
            await it.settled("e1")

            assert [attempt.at for attempt in sink.attempts] == [7.25]

    run(main())


def test_a_lost_wake_up_costs_one_safety_poll() -> None:
    """An event that nobody told the courier of is still delivered, within half a minute."""

    async def main() -> None:
        sink = ScriptedSink()
        async with world((crm(), sink)) as it:
            await asyncio.sleep(1)
            await it.commit(["e1"], CRM)
            await it.settled("e1", within=31)

    run(main())


def test_a_dead_endpoint_sees_every_instant_of_the_schedule() -> None:
    """Ten attempts at 0, 5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h, then no more."""

    async def main() -> None:
        sink = ScriptedSink(refuse)
        async with world((crm(), sink)) as it:
            await it.post(["e1"], CRM)
            await asyncio.sleep(200 * HOUR)

            assert [round(attempt.at, 3) for attempt in sink.attempts] == INSTANTS
            assert [attempt.parcel.attempt for attempt in sink.attempts] == list(range(1, 11))
            assert set(sink.events) == {"e1"}
            assert it.states() == {"e1": DeliveryState.FAILED}

    run(main())


def test_a_hung_endpoint_does_not_delay_another() -> None:
    """While one endpoint holds every attempt, the other takes each event at its instant."""

    async def main() -> None:
        hung, quick = ScriptedSink(), ScriptedSink()
        hung.gate.clear()
        async with world((crm(), hung), (Endpoint(id=OTHER), quick)) as it:
            for number in range(100):
                await it.post([f"e{number}"], CRM, OTHER)
                await quick.sent(number + 1)

            assert elapsed() == 0
            assert hung.most_flying == 8

    run(main())


def test_ten_thousand_events_for_a_dead_endpoint_leave_the_other_alone() -> None:
    """The dead one gets probes, not ten thousand attempts; the other's last waits no moment."""

    async def main() -> None:
        dead, quick = ScriptedSink(refuse), ScriptedSink()
        async with world((crm(), dead), (Endpoint(id=OTHER), quick)) as it:
            await it.commit(names(10_000), CRM)
            it.courier.wake([CRM])
            await asyncio.sleep(600)
            await it.post(names(50, "x"), OTHER)
            await it.settled(*names(50, "x"))

            assert {attempt.at for attempt in quick.attempts} == {600}
            assert len(dead.attempts) < 100

    run(main())


def test_a_backlog_goes_out_half_a_minute_after_the_endpoint_came_back() -> None:
    """A rest spares the dead host and burns no attempts: what was not tried yet goes at once."""

    async def main() -> None:
        sink = ScriptedSink(refuse)
        async with world((crm(), sink)) as it:
            await it.post(names(200), CRM)
            await asyncio.sleep(120)
            tried = set(sink.events)
            sink.answer = lambda _parcel: Delivered()
            untried = set(names(200)) - tried
            await it.settled(*untried, within=31)

            assert len(sink.attempts) - len(untried) < 40

    run(main())


def test_never_more_attempts_in_flight_than_the_endpoint_allows() -> None:
    """The concurrency of an endpoint is a bound, whatever waits."""

    async def main() -> None:
        sink = ScriptedSink(delay=1.0)
        async with world((crm(concurrency=3), sink)) as it:
            await it.post(names(30), CRM)
            await it.settled(*names(30))

            assert sink.most_flying == 3
            assert elapsed() == pytest.approx(10.0)

    run(main())


def test_claims_are_bounded_by_what_can_be_sent() -> None:
    """With an endpoint that hangs, only a window of the backlog is held in memory."""

    async def main() -> None:
        sink = ScriptedSink()
        sink.gate.clear()
        async with world((crm(concurrency=2), sink)) as it:
            await it.post(names(500), CRM)
            await sink.sent(2)

            leased = [row for row in it.store.state.deliveries.values() if row.leased]
            assert len(leased) == 6
            sink.gate.set()

    run(main())


def test_a_wish_of_retry_after_leaves_the_whole_endpoint_in_peace() -> None:
    """After 429 with Retry-After: 120 nothing at all is sent for two minutes."""

    async def main() -> None:
        sink = ScriptedSink(lambda _parcel: Refused(reason="HTTP 429", retry_after=120))
        async with world((crm(concurrency=1), sink)) as it:
            await it.post(names(3), CRM)
            await sink.sent(1)
            sink.answer = lambda _parcel: Delivered()
            await it.settled(*names(3), within=200)

            assert [round(attempt.at) for attempt in sink.attempts] == [0, 120, 120, 120]

    run(main())


def test_an_ordered_endpoint_gets_each_folder_in_its_order() -> None:
    """A refused event holds back its own folder, and no other."""

    async def main() -> None:
        sink = ScriptedSink(lambda p: refuse(p) if p.event == "a0" else Delivered())
        async with world((crm(ordered=True), sink)) as it:
            await it.commit(names(3, "a"), CRM, lane=b"A")
            await it.commit(names(3, "b"), CRM, lane=b"B")
            it.courier.wake([CRM])
            await it.settled("b0", "b1", "b2", within=1)
            sink.answer = lambda _parcel: Delivered()
            await it.settled("a0", "a1", "a2", within=10)

            assert [e for e in sink.events if e[0] == "a"] == ["a0", "a0", "a1", "a2"]
            assert [e for e in sink.events if e[0] == "b"] == ["b0", "b1", "b2"]

    run(main())


def test_an_ordered_endpoint_whose_first_waits_for_hours_is_not_polled_hotly() -> None:
    """A blocked folder costs the store at most one look a second."""

    async def main() -> None:
        sink = ScriptedSink(refuse)
        async with world((crm(ordered=True), sink)) as it:
            claims = _count_claims(it.store)
            await it.post(names(2), CRM)
            await asyncio.sleep(HOUR)

            assert claims() < 1.1 * HOUR

    run(main())


def _count_claims(store: MemoryStore) -> Callable[[], int]:
    count = 0
    original = store.claim

    async def claim(
        endpoint: EndpointId, *, ordered: bool, limit: int, now: float, lease: float
    ) -> list[Parcel]:
        nonlocal count
        count += 1
        return await original(endpoint, ordered=ordered, limit=limit, now=now, lease=lease)

    store.claim = claim  # type: ignore[method-assign]
    return lambda: count


def test_a_crash_between_send_and_mark_repeats_the_same_id() -> None:
    """The endpoint took it, the mark was never written: the next process sends that id again."""

    async def main() -> None:
        first, second = ScriptedSink(), ScriptedSink()
        async with world((crm(), first)) as it:
            _lose_settlements(it.store)
            await it.post(["e1"], CRM)
            await first.sent(1)
            state = it.store.state
        restarted = MemoryStore(VirtualClock(), state)
        async with world((crm(), second), store=restarted) as it:
            await it.settled("e1", within=Tempo().lease + 31)

            assert second.events == ["e1"]
            assert [a.parcel.attempt for a in second.attempts] == [1]

    run(main())


def _lose_settlements(store: MemoryStore) -> None:
    async def settle(settlements: Sequence[Settlement]) -> None:
        raise StoreError("the disk is gone")

    store.settle = settle  # type: ignore[method-assign]


def test_a_store_that_fails_for_a_while_loses_and_repeats_nothing() -> None:
    """A claim that fails is made again; a settlement that fails is written again, not sent again."""

    async def main() -> None:
        sink = ScriptedSink()
        sink.gate.clear()
        async with world((crm(), sink)) as it:
            it.store.fail(StoreFullError("no space"), times=3)
            it.courier.wake([CRM])
            await asyncio.sleep(10)
            await it.post(names(5), CRM)
            await sink.sent(5)
            it.store.fail(StoreFullError("no space"), times=3)
            sink.gate.set()
            await it.settled(*names(5))

            assert sorted(sink.events) == names(5)

    run(main())


def test_gone_disables_the_endpoint_tells_it_once_and_keeps_the_backlog() -> None:
    """After 410 nothing is sent for weeks; enabled again, the backlog goes out with its ids."""

    async def main() -> None:
        sink = ScriptedSink(lambda _parcel: Gone(reason="HTTP 410"))
        async with world((crm(concurrency=2), sink)) as it:
            await it.post(names(4), CRM)
            await asyncio.sleep(1)
            assert not any(row.leased for row in it.store.state.deliveries.values())
            await asyncio.sleep(500 * HOUR)

            assert sink.events == ["e0", "e1"]
            assert [(s.id, s.disabled_at) for s in it.disabled] == [(CRM, START)]
            assert it.store.state.endpoints[CRM].disabled_at == START

            sink.answer = lambda _parcel: Delivered()
            assert it.courier.enable(CRM)
            await it.settled(*names(4))
            assert sorted(sink.events) == sorted(["e0", "e1", *names(4)])

    run(main())


def test_a_disabled_endpoint_stays_so_after_a_restart_and_is_told_with_the_same_instant() -> None:
    """The telling may have been lost with the process, so it is repeated; the event has one id."""

    async def main() -> None:
        sink = ScriptedSink(lambda _parcel: Gone(reason="HTTP 410"))
        async with world((crm(), sink)) as it:
            await it.post(["e1"], CRM)
            await asyncio.sleep(10)
            state = it.store.state
        async with world((crm(), sink), store=MemoryStore(VirtualClock(), state)) as again:
            await again.post(["e2"], CRM)
            await asyncio.sleep(HOUR)

            assert sink.events == ["e1"]
            assert [s.disabled_at for s in again.disabled] == [START]

    run(main())


def test_a_fault_in_a_sink_is_a_refusal_and_ends_no_lane() -> None:
    """An unexpected exception costs one attempt; the next parcels are sent."""

    async def main() -> None:
        def fail_once(parcel: Parcel) -> Outcome:
            if parcel.attempt == 1:
                raise ZeroDivisionError
            return Delivered()

        sink = ScriptedSink(fail_once)
        async with world((crm(), sink)) as it:
            await it.post(["e1", "e2"], CRM)
            await it.settled("e1", "e2")

            reasons = {row.reason for row in it.store.state.deliveries.values()}
            assert sorted(sink.events) == ["e1", "e1", "e2", "e2"]
            assert reasons == {""}

    run(main())


def test_an_attempt_without_an_outcome_is_cut_at_the_deadline_of_last_resort() -> None:
    """A sink that never answers is refused after the tempo's deadline and tried again."""

    async def main() -> None:
        sink = ScriptedSink()
        sink.gate.clear()
        async with world((crm(), sink), tempo=Tempo(deadline=20)) as it:
            await it.post(["e1"], CRM)
            await sink.sent(2)

            assert [round(attempt.at) for attempt in sink.attempts] == [0, 25]
            sink.gate.set()

    run(main())


def test_no_attempt_outlives_the_lease_of_its_parcel() -> None:
    """What waited too long behind slow attempts is given back and claimed anew, not sent late."""

    async def main() -> None:
        left: list[float] = []

        def answer(parcel: Parcel) -> Outcome:
            row = it.store.state.deliveries[parcel.delivery]
            left.append(row.due - VirtualClock().now())
            return Delivered()

        sink = ScriptedSink(answer, delay=18.0)
        async with world((crm(concurrency=1), sink), tempo=Tempo(deadline=20)) as it:
            await it.post(names(6), CRM)
            await it.settled(*names(6), within=200)

            assert min(left) >= 0
            assert sorted(sink.events) == names(6)

    run(main())


def test_a_parcel_whose_settlement_is_stuck_is_not_taken_twice() -> None:
    """The lease ends while the store refuses the mark; what is still ours is not sent again."""

    async def main() -> None:
        sink = ScriptedSink()
        async with world((crm(), sink)) as it:
            settle = it.store.settle
            _lose_settlements(it.store)
            await it.post(["e1"], CRM)
            await asyncio.sleep(5 * Tempo().lease)
            it.store.settle = settle  # type: ignore[method-assign]
            await it.settled("e1")

            assert sink.events == ["e1"]

    run(main())


def test_a_claim_under_way_at_the_stop_is_given_back() -> None:
    """The next process need not wait for the end of a lease that nobody used."""

    async def main() -> None:
        sink = ScriptedSink()
        async with world((crm(), sink)) as it:
            claim = it.store.claim

            async def slowly(
                endpoint: EndpointId, *, ordered: bool, limit: int, now: float, lease: float
            ) -> list[Parcel]:
                parcels = await claim(endpoint, ordered=ordered, limit=limit, now=now, lease=lease)
                await asyncio.sleep(2)
                return parcels

            it.store.claim = slowly  # type: ignore[method-assign]
            await asyncio.sleep(1)
            await it.post(["e1"], CRM)
            await asyncio.sleep(1)
            await it.courier.stop()

            (row,) = it.store.state.deliveries.values()
            assert (row.leased, row.attempt, sink.events) == (False, 0, [])

    run(main())


def test_stop_lets_attempts_end_and_gives_the_rest_back_unsent() -> None:
    """What is in flight is settled; what was only claimed is due at once for the next process."""

    async def main() -> None:
        sink = ScriptedSink(delay=2.0)
        async with world((crm(concurrency=1), sink)) as it:
            await it.post(names(3), CRM)
            await sink.sent(1)
            await it.courier.stop()

            rows = list(it.store.state.deliveries.values())
            assert [row.state.value for row in rows] == ["delivered", "due", "due"]
            assert [row.attempt for row in rows] == [1, 0, 0]
            assert not any(row.leased for row in rows)
            assert elapsed() == pytest.approx(2.0)
            assert not sink.running

    run(main())


def test_stop_cuts_a_hung_attempt_after_its_grace() -> None:
    """A stop takes no longer than its grace; the cut attempt counts and will be repeated."""

    async def main() -> None:
        sink = ScriptedSink()
        sink.gate.clear()
        async with world((crm(), sink), tempo=Tempo(grace=3)) as it:
            await it.post(["e1"], CRM)
            await sink.sent(1)
            await it.courier.stop()

            row = it.store.state.deliveries[1]
            assert elapsed() == pytest.approx(3.0)
            assert (row.state, row.attempt, row.leased) == (DeliveryState.DUE, 1, False)

    run(main())


def test_an_endpoint_added_at_run_time_gets_its_backlog() -> None:
    """A reload that names a new endpoint delivers what was queued for it."""

    async def main() -> None:
        sink = ScriptedSink()
        async with world() as it:
            await it.commit(names(3), CRM)
            await it.courier.add(crm(), sink)
            await it.settled(*names(3))

            assert sorted(sink.events) == names(3)

    run(main())


def test_a_replaced_endpoint_is_drained_and_its_successor_goes_on() -> None:
    """A reload with another URL sends nothing more to the old one, and nothing twice."""

    async def main() -> None:
        old, new = ScriptedSink(), ScriptedSink()
        async with world((crm(), old)) as it:
            await it.post(["e1"], CRM)
            await it.settled("e1")
            await it.courier.add(crm(), new)
            await it.post(["e2"], CRM)
            await it.settled("e2")

            assert (old.events, new.events) == (["e1"], ["e2"])
            assert (old.running, new.running) == (False, True)

    run(main())


def test_a_removed_endpoint_keeps_its_deliveries_in_the_store() -> None:
    """Removal stops the sending; nothing is dropped."""

    async def main() -> None:
        sink = ScriptedSink()
        async with world((crm(), sink)) as it:
            await it.courier.remove(CRM)
            await it.post(["e1"], CRM)
            await asyncio.sleep(HOUR)

            assert sink.events == []
            assert it.states() == {"e1": DeliveryState.DUE}

    run(main())


def test_a_sink_that_can_not_start_leaves_the_old_one_at_work() -> None:
    """A reload with a wrong setting is refused, and deliveries go on as before."""

    class Broken(ScriptedSink):
        async def start(self) -> None:
            raise SinkError("the CA file is missing")

    async def main() -> None:
        old = ScriptedSink()
        async with world((crm(), old)) as it:
            with pytest.raises(SinkError, match="CA file"):
                await it.courier.add(crm(), Broken())
            await it.post(["e1"], CRM)
            await it.settled("e1")

            assert old.events == ["e1"]

    run(main())
