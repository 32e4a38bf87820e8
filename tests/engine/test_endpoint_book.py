"""What is known of an endpoint: disabled once, told surely, enabled again."""

from __future__ import annotations

import asyncio

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
from tests.support.clock import START, VirtualClock, run
from tests.support.memory_store import MemoryStore
from vedette.engine.lane import Tempo
from vedette.errors import StoreError
from vedette.model.delivery import (
    Delivered,
    EndpointState,
    Gone,
    Outcome,
    Parcel,
)
from vedette.outbox.schedule import Policy


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


def test_a_failure_after_the_disabling_does_not_tell_it_again() -> None:
    """What was still in flight may fail later; the endpoint was disabled once."""

    class Late(ScriptedSink):
        async def send(self, parcel: Parcel) -> Outcome:
            await asyncio.sleep(10 if parcel.event == "e1" else 0)
            return await super().send(parcel)

    async def main() -> None:
        sink = Late(lambda parcel: refuse(parcel) if parcel.event == "e1" else Gone(reason="410"))
        async with world((crm(), sink)) as it:
            await it.post(["e0", "e1"], CRM)
            await asyncio.sleep(HOUR)

            assert len(it.disabled) == 1
            assert it.store.state.endpoints[CRM].failures == 2

    run(main())


def test_a_disabling_that_could_not_be_noted_is_told_once_it_is_on_disk() -> None:
    """The event is not told before the state is safe, nor lost when the store fails."""

    async def main() -> None:
        sink = ScriptedSink(lambda _parcel: Gone(reason="HTTP 410"))
        async with world((crm(), sink)) as it:
            note = it.store.note_endpoint

            async def fail(state: EndpointState) -> None:
                raise StoreError("the disk is gone")

            it.store.note_endpoint = fail  # type: ignore[method-assign]
            await it.post(["e1"], CRM)
            await asyncio.sleep(HOUR)
            told_before = list(it.disabled)
            it.store.note_endpoint = note  # type: ignore[method-assign]
            await asyncio.sleep(60)

            assert told_before == []
            assert [state.disabled_at for state in it.disabled] == [START]

    run(main())


def test_an_endpoint_whose_state_can_not_be_read_at_first_is_served_later() -> None:
    """A store that is slow to come up delays deliveries, and ends no lane."""

    async def main() -> None:
        sink = ScriptedSink()
        store = MemoryStore(VirtualClock())
        store.fail(StoreError("locked"), times=3)
        async with world((crm(), sink), store=store) as it:
            await asyncio.sleep(10)
            await it.post(["e1"], CRM)
            await it.settled("e1")

    run(main())


def test_healths_tell_how_each_endpoint_is_doing() -> None:
    """For the status table, without a look at the store."""

    async def main() -> None:
        async with world((crm(), ScriptedSink(refuse))) as it:
            await it.post(["e1"], CRM)
            await asyncio.sleep(1)

            assert [(s.id, s.failures) for s in it.courier.healths()] == [(CRM, 1)]
            assert not it.courier.enable(OTHER)

    run(main())


def test_what_a_person_tells_one_instance_of_an_endpoint_all_go_by() -> None:
    """Two are told 410 and tell it as one; one of them is told that it works again."""

    async def main() -> None:
        gone = ScriptedSink(lambda _parcel: Gone(reason="HTTP 410"))
        also = ScriptedSink(gone.answer)
        late = Tempo(policy=Policy(waits=(600.0,)))
        async with world((crm(), gone), tempo=late) as first:
            store = MemoryStore(VirtualClock(), first.store.state)
            async with world((crm(), also), store=store, tempo=late) as second:
                await first.post(["e1"], CRM)
                await asyncio.sleep(60)
                await second.post(["e2"], CRM)
                await asyncio.sleep(60)
                told = [state.disabled_at for state in (*first.disabled, *second.disabled)]
                assert told == [START, START]
                assert second.courier.healths()[0].disabled_at == START

                gone.answer = also.answer = lambda _parcel: Delivered()
                assert second.courier.enable(CRM)
                await asyncio.sleep(60)
            await first.post(["e3"], CRM)
            await first.settled("e3")
            assert gone.events[-1] == "e3"

    run(main())
