"""What was committed goes out again, and what was given up: with its ids, to whom takes it."""

from __future__ import annotations

import json

import pytest

from tests.engine.delivery_world import CRM, OTHER, World, names, posting, world
from tests.engine.scripted_sink import ScriptedSink
from tests.support.clock import VirtualClock, run
from vedette.app import redelivery
from vedette.app.redelivery import Redelivery
from vedette.engine.lane import Tempo
from vedette.errors import UsageError
from vedette.model.delivery import (
    Delivered,
    DeliveryState,
    Endpoint,
    Gone,
    Outcome,
    Parcel,
    Refused,
    Selection,
)
from vedette.model.ids import EndpointId
from vedette.outbox.schedule import Policy
from vedette.ports.store import EventQuery, Fence

#: What is refused once is given up.
ONCE = Tempo(policy=Policy(waits=()))


def refuse(_parcel: Parcel) -> Outcome:
    return Refused(reason="HTTP 500")


def redelivery_of(it: World, *endpoints: Endpoint) -> Redelivery:
    return Redelivery(it.store, it.courier, VirtualClock(), endpoints=lambda: endpoints)


async def settled(it: World, state: DeliveryState, count: int) -> None:
    """Return when so many deliveries stand so."""
    while sum(row.state is state for row in it.store.state.deliveries.values()) < count:
        it.store.changed.clear()
        await it.store.changed.wait()


def test_dead_letters_go_out_again_when_their_endpoint_works() -> None:
    """All of them, with their ids, in the order they were queued."""

    async def main() -> None:
        sink, crm = ScriptedSink(refuse), Endpoint(id=CRM, concurrency=1)
        async with world((crm, sink), tempo=ONCE) as it:
            await it.post(names(4), CRM)
            await settled(it, DeliveryState.FAILED, 4)
            sink.answer, sink.attempts = (lambda _parcel: Delivered()), []

            assert await redelivery_of(it, crm).redrive(EventQuery(), []) == (4, False)
            await it.settled(*names(4))
            assert sink.events == names(4)

    run(main())


def test_a_redrive_leaves_other_endpoints_alone() -> None:
    """Each has dead letters of its own."""

    async def main() -> None:
        one, two = ScriptedSink(refuse), ScriptedSink(refuse)
        endpoints = (Endpoint(id=CRM), Endpoint(id=OTHER))
        async with world((endpoints[0], one), (endpoints[1], two), tempo=ONCE) as it:
            await it.post(names(3), CRM, OTHER)
            await settled(it, DeliveryState.FAILED, 6)

            assert await redelivery_of(it, *endpoints).redrive(EventQuery(), [OTHER]) == (3, False)
            await two.sent(6)
            assert len(one.attempts) == 3

    run(main())


def test_a_long_redrive_is_done_in_requests_that_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between them mail goes first, and none is queued twice."""
    monkeypatch.setattr(redelivery, "STEP", 2)
    monkeypatch.setattr(redelivery, "STEPS", 2)

    async def main() -> None:
        sink, crm = ScriptedSink(refuse), Endpoint(id=CRM)
        async with world((crm, sink), tempo=ONCE) as it:
            await it.post(names(9), CRM)
            await settled(it, DeliveryState.FAILED, 9)
            sink.gate.clear()
            again = redelivery_of(it, crm)

            assert await again.redrive(EventQuery(limit=100), []) == (4, True)
            assert await again.redrive(EventQuery(limit=1), []) == (1, False)
            assert await again.redrive(EventQuery(limit=100), []) == (4, True)
            assert await again.redrive(EventQuery(limit=100), []) == (0, False)

    run(main())


def test_an_endpoint_that_is_named_is_enabled_by_a_redrive() -> None:
    """Whoever sends its dead letters again says that it works."""

    async def main() -> None:
        sink, crm = ScriptedSink(lambda _parcel: Gone(reason="HTTP 410")), Endpoint(id=CRM)
        async with world((crm, sink)) as it:
            await it.post(["e0"], CRM)
            await sink.sent(1)
            sink.answer = lambda _parcel: Delivered()

            await redelivery_of(it, crm).redrive(EventQuery(), [CRM])
            await it.settled("e0")

    run(main())


def test_a_redrive_to_an_endpoint_that_is_not_there_names_those_that_are() -> None:
    """Before anything is queued."""

    async def main() -> None:
        async with world((Endpoint(id=CRM), ScriptedSink())) as it:
            with pytest.raises(UsageError, match=r"^no endpoint is named 'b'; there are: crm$"):
                await redelivery_of(it, Endpoint(id=CRM)).redrive(EventQuery(), [EndpointId("b")])

    run(main())


def test_a_replay_keeps_to_the_folders_and_tags_of_an_endpoint() -> None:
    """What only the body of an event tells is looked up there; the oldest goes first."""

    async def main() -> None:
        sink = ScriptedSink()
        vip = Endpoint(id=CRM, selection=Selection(tags=("vip",)), concurrency=1)
        async with world((vip, sink)) as it:
            now = VirtualClock().now()
            for number, tags in enumerate(([], ["vip"], ["other"], ["vip", "other"])):
                event = posting(f"e{number}", (), b"A", now + number)
                body = json.dumps({"data": {"tags": tags}}).encode()
                object.__setattr__(event, "body", body)
                await it.store.post(Fence(), [event])

            assert await redelivery_of(it, vip).replay(EventQuery(), []) == 2
            await it.settled("e1", "e3")
            assert sink.events == ["e1", "e3"]

    run(main())
