"""What was committed goes out again, and what was given up: with its ids, to whom takes it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.engine.delivery_world import CRM, OTHER, World, names, posting, world
from tests.engine.scripted_sink import ScriptedSink
from tests.support.clock import VirtualClock, run
from vedette.app import redelivery
from vedette.app.redelivery import Redelivery
from vedette.engine.courier import Courier
from vedette.engine.lane import Tempo
from vedette.errors import UsageError
from vedette.model.delivery import (
    Delivered,
    DeliveryState,
    Endpoint,
    EndpointState,
    Gone,
    Outcome,
    Parcel,
    Refused,
    Selection,
)
from vedette.model.ids import AccountId, EndpointId
from vedette.outbox.schedule import Policy
from vedette.ports.store import EventQuery, Fence
from vedette.service.endpoints.replay import Bookmark, Replayed
from vedette.store.sqlite.store import SqliteStore

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

            done = await redelivery_of(it, vip).replay(EventQuery(), [])
            assert done == Replayed(queued=2, rest=None)
            await it.settled("e1", "e3")
            assert sink.events == ["e1", "e3"]

    run(main())


async def whole(again: Redelivery, query: EventQuery, *names: EndpointId) -> list[int]:
    """Replay in as many requests as it takes; return what each of them queued."""
    counts, rest = [], None
    while True:
        done = await again.replay(query, names, ASKED, rest)
        counts.append(done.queued)
        rest = done.rest
        if rest is None:
            return counts


#: When a replay was asked for: some instant, long before the clock of the tests.
ASKED = 1000.0


def test_a_long_replay_is_done_in_requests_that_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each endpoint gets all, once and the oldest first."""
    monkeypatch.setattr(redelivery, "STEP", 2)
    monkeypatch.setattr(redelivery, "STEPS", 4)

    async def main() -> None:
        one, two = ScriptedSink(), ScriptedSink()
        endpoints = (Endpoint(id=CRM, concurrency=1), Endpoint(id=OTHER, concurrency=1))
        async with world((endpoints[0], one), (endpoints[1], two)) as it:
            await it.post(names(9))

            counts = await whole(redelivery_of(it, *endpoints), EventQuery())
            await one.sent(9)
            await two.sent(9)
            # Where an endpoint is begun or gone on with counts as a step.
            assert counts == [6, 3, 6, 3]
            assert one.events == two.events == names(9)

    run(main())


@pytest.mark.parametrize("selection", [Selection(), Selection(folders=("INBOX",))])
def test_a_request_of_a_replay_that_is_repeated_queues_nothing_twice(
    monkeypatch: pytest.MonkeyPatch, selection: Selection
) -> None:
    """Its answer may be lost: what it queued is known by the instant the replay was asked for."""
    monkeypatch.setattr(redelivery, "STEP", 2)
    monkeypatch.setattr(redelivery, "PAGE", 2)
    monkeypatch.setattr(redelivery, "STEPS", 3)

    async def main() -> None:
        sink, crm = ScriptedSink(), Endpoint(id=CRM, selection=selection)
        async with world((crm, sink)) as it:
            for name in names(6):
                event = posting(name, (), b"A", VirtualClock().now())
                object.__setattr__(event, "body", b'{"data":{"folder":{"path":"INBOX"}}}')
                await it.store.post(Fence(), [event])
            again = redelivery_of(it, crm)
            first = await again.replay(EventQuery(), [], ASKED)
            assert first.queued == 4
            await it.settled(*names(4))

            assert await again.replay(EventQuery(), [], ASKED) == Replayed(
                queued=0, rest=first.rest
            )
            last = await again.replay(EventQuery(), [], ASKED, first.rest)
            assert last == Replayed(queued=2, rest=None)
            await it.settled(*names(6))
            assert sink.events == names(6)

    run(main())


def test_a_replay_of_the_newest_so_many_ends_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """However small its steps are, and whatever is committed while it goes on."""
    monkeypatch.setattr(redelivery, "STEP", 1)
    monkeypatch.setattr(redelivery, "STEPS", 3)

    async def main() -> None:
        sink, crm = ScriptedSink(), Endpoint(id=CRM, concurrency=1)
        async with world((crm, sink)) as it:
            await it.post(names(6))
            again = redelivery_of(it, crm)
            first = await again.replay(EventQuery(limit=3), [], ASKED)
            assert first.queued == 2
            await it.post(["new"])

            last = await again.replay(EventQuery(limit=3), [], ASKED, first.rest)
            assert last == Replayed(queued=1, rest=None)
            await sink.sent(3)
            assert sink.events == names(6)[3:]

    run(main())


def test_a_replay_does_not_go_on_for_filters_that_are_others_by_now() -> None:
    """What is left of it can not be told any more: whoever asked is told to ask once more."""

    async def main() -> None:
        async with world((Endpoint(id=CRM), ScriptedSink())) as it:
            rest = Bookmark(endpoint=CRM, tenant=None, account=AccountId("gone"), span=None)
            with pytest.raises(UsageError, match="ask once more"):
                await redelivery_of(it, Endpoint(id=CRM)).replay(EventQuery(), [], ASKED, rest)

    run(main())


async def never(_state: EndpointState) -> None:
    raise AssertionError("no endpoint is tried")


class Stepping(SqliteStore):
    """Tells of the first step of a replay."""

    def __init__(self, folder: Path, clock: VirtualClock) -> None:
        super().__init__(folder, clock)
        self.stepped = asyncio.Event()

    async def replay(self, query: EventQuery, endpoints: Sequence[EndpointId], now: float) -> int:
        count = await super().replay(query, endpoints, now)
        self.stepped.set()
        return count


async def test_a_commit_gets_in_between_two_steps_of_a_replay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On disk: it waits for one step at most, and not for all that is asked for."""
    monkeypatch.setattr(redelivery, "STEP", 1)
    monkeypatch.setattr(redelivery, "STEPS", 100)
    store = Stepping(tmp_path, VirtualClock())
    await store.start()
    now = VirtualClock().now()
    await store.post(Fence(), [posting(name, (), b"A", now) for name in names(40)])
    courier = Courier(store, {}, VirtualClock(), lambda: 0.0, on_disabled=never)
    again = Redelivery(store, courier, VirtualClock(), endpoints=lambda: [Endpoint(id=CRM)])

    replay = asyncio.create_task(again.replay(EventQuery(), [], ASKED))
    await store.stepped.wait()
    await store.post(Fence(), [posting("mail", (), b"A", now)])
    assert not replay.done()
    assert await replay == Replayed(queued=40, rest=None)
    await store.stop()
