"""An endpoint with a rate gets no more than that, holds nobody up, and loses nothing."""

from __future__ import annotations

import asyncio
from collections import Counter

from tests.engine.delivery_world import CRM, OTHER, crm, names, world
from tests.engine.scripted_sink import ScriptedSink
from tests.support.clock import elapsed, run
from vedette.model.delivery import DeliveryState, Endpoint


def test_a_rate_spreads_a_burst_over_the_seconds() -> None:
    """A second's worth at once, then so many in each second, in the order they were queued."""

    async def main() -> None:
        sink = ScriptedSink()
        async with world((crm(rate=4.0), sink)) as it:
            await it.post(names(20), CRM)
            await it.settled(*names(20))

            assert sink.events == names(20)
            whole = Counter(int(attempt.at) for attempt in sink.attempts)
            assert whole == {0: 7, 1: 4, 2: 4, 3: 4, 4: 1}

    run(main())


def test_an_event_after_a_quiet_time_is_sent_at_its_instant() -> None:
    """A rate delays what is too much, and nothing else."""

    async def main() -> None:
        sink = ScriptedSink()
        async with world((crm(rate=0.5), sink)) as it:
            for number in range(3):
                await asyncio.sleep(10)
                await it.post([f"e{number}"], CRM)
                await it.settled(f"e{number}")

            assert [attempt.at for attempt in sink.attempts] == [10.0, 20.0, 30.0]

    run(main())


def test_a_slow_rate_does_not_shuffle_parcels_to_the_store_and_back() -> None:
    """No more is claimed than can be begun while a claim holds."""

    async def main() -> None:
        sink = ScriptedSink()
        async with world((crm(rate=0.1), sink)) as it:
            given = []
            claim = it.store.claim

            async def counted(*args: object, **options: object) -> object:
                parcels = await claim(*args, **options)  # type: ignore[arg-type]
                given.extend(parcels)
                return parcels

            it.store.claim = counted  # type: ignore[method-assign, assignment]
            await it.post(names(30), CRM)
            await it.settled(*names(30), within=400.0)

            assert sink.events == names(30)
            assert elapsed() == 290
            assert len(given) == 30

    run(main())


def test_the_rate_of_one_endpoint_is_its_own() -> None:
    """While one is held to its rate, its neighbour takes all at once."""

    async def main() -> None:
        slow, quick = ScriptedSink(), ScriptedSink()
        async with world((crm(rate=1.0), slow), (Endpoint(id=OTHER), quick)) as it:
            await it.post(names(50), CRM, OTHER)
            await quick.sent(50)

            assert elapsed() == 0
            assert len(slow.attempts) <= 1

    run(main())


def test_a_rate_holds_an_ordered_endpoint_to_its_order() -> None:
    """One after the other anyway, and no faster than that."""

    async def main() -> None:
        sink = ScriptedSink()
        async with world((crm(ordered=True, rate=2.0), sink)) as it:
            await it.post(names(6), CRM)
            await it.settled(*names(6))

            assert sink.events == names(6)
            assert elapsed() == 2.0

    run(main())


def test_what_waits_for_its_turn_at_the_stop_is_given_back() -> None:
    """The next process sends it; nothing hangs on the end of a lease."""

    async def main() -> None:
        sink = ScriptedSink()
        async with world((crm(rate=1.0), sink)) as it:
            await it.post(names(10), CRM)
            await sink.sent(1)
            await it.courier.stop()

            rows = list(it.store.state.deliveries.values())
            assert not any(row.leased for row in rows)
            assert [row.state for row in rows].count(DeliveryState.DUE) == 9
            assert all(row.attempt == 0 for row in rows if row.state is DeliveryState.DUE)

    run(main())


def test_instances_share_the_rate_of_an_endpoint() -> None:
    """One of four begins a quarter of the attempts, at an endpoint that is added later too."""

    async def main() -> None:
        sink, other = ScriptedSink(), ScriptedSink()
        async with world((crm(rate=4.0), sink)) as it:
            it.courier.share(4)
            await it.courier.add(Endpoint(id=OTHER, rate=8.0), other)
            await it.post(names(40), CRM, OTHER)
            await asyncio.sleep(9.5)

            assert len(sink.attempts) == 10
            assert len(other.attempts) == 20

    run(main())
