"""The courier: at once, in nobody's way, changed at run time, and stopped in order."""

from __future__ import annotations

import asyncio

import pytest

from tests.engine.delivery_world import (
    CRM,
    HOUR,
    OTHER,
    crm,
    names,
    refuse,
    world,
)
from tests.engine.scripted_sink import ScriptedSink
from tests.support.clock import elapsed, run
from vedette.engine.lane import Tempo
from vedette.errors import SinkError
from vedette.model.delivery import (
    DeliveryState,
    Endpoint,
    Parcel,
)
from vedette.model.ids import EndpointId


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


def test_a_sink_that_hangs_at_its_stop_does_not_hold_the_courier() -> None:
    """A stop is bounded by graces, whatever a sink does."""

    class Hung(ScriptedSink):
        async def stop(self) -> None:
            await asyncio.Event().wait()

    async def main() -> None:
        async with world((crm(), Hung())) as it:
            await it.courier.stop()

            assert elapsed() == pytest.approx(5.0)

    run(main())
