"""The lane: on schedule, within its bounds, and in peace when the endpoint needs it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.engine.delivery_world import (
    CRM,
    HOUR,
    INSTANTS,
    crm,
    names,
    refuse,
    world,
)
from tests.engine.scripted_sink import ScriptedSink
from tests.support.clock import VirtualClock, elapsed, run
from tests.support.memory_store import MemoryStore
from vedette.engine.lane import Tempo
from vedette.model.delivery import (
    Delivered,
    DeliveryState,
    Outcome,
    Parcel,
    Refused,
)
from vedette.model.ids import EndpointId


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
