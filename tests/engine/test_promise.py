"""The room that lanes keep for a commit: sent at once, within every bound, and never lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from tests.engine.delivery_world import CRM, World, crm, names, posting, refuse, world
from tests.engine.scripted_sink import ScriptedSink
from tests.support.clock import VirtualClock, run
from vedette.model.cursor import Cursor
from vedette.model.delivery import Delivered, Parcel, Refused, Settlement
from vedette.model.ids import AccountId
from vedette.ports.store import Commit, Fence, Taker


def takers(it: World, wanted: int) -> tuple[Taker, ...]:
    """Ask the lane for room, and give it back at once, as at the end of a commit."""
    promises = it.courier.promises({CRM: wanted})
    for promise in promises:
        promise.release()
    return tuple(promise.taker for promise in promises)


async def commit(it: World, events: Sequence[str], *takers: Taker, lane: bytes = b"A") -> None:
    """Commit the first events of a folder of its own for each first event."""
    now = VirtualClock().now()
    cursor = Cursor(uid_validity=1, last_uid=1, first_uid=1, since=now)
    await it.store.commit(
        Commit(
            fence=Fence(),
            account=AccountId("a"),
            folder=events[0].encode(),
            expected=None,
            cursor=cursor,
            postings=tuple(posting(event, (CRM,), lane, now) for event in events),
            takers=takers,
        )
    )


def count_claims(it: World) -> list[int]:
    """Return a list that grows with each claim, by how much was claimed."""
    counts: list[int] = []
    original = it.store.claim

    async def claim(*arguments: object, **options: object) -> list[Parcel]:
        parcels = await original(*arguments, **options)  # type: ignore[arg-type]
        counts.append(len(parcels))
        return parcels

    it.store.claim = claim  # type: ignore[method-assign]
    return counts


def test_what_a_commit_hands_over_is_sent_without_a_claim() -> None:
    """A lane that is free needs no transaction to learn of it, and no wake-up."""

    async def main() -> None:
        sink = ScriptedSink()
        async with world((crm(), sink)) as it:
            await asyncio.sleep(1)
            claims = count_claims(it)
            await commit(it, ["e1"], *takers(it, 1))
            await it.settled("e1", within=1)

            assert sink.events == ["e1"]
            assert claims == []

    run(main())


def test_what_is_handed_over_is_tried_again_on_schedule() -> None:
    """A refusal puts it where all others are."""

    async def main() -> None:
        sink = ScriptedSink(lambda p: refuse(p) if p.attempt == 1 else Delivered())
        async with world((crm(), sink)) as it:
            await asyncio.sleep(1)
            await commit(it, ["e1"], *takers(it, 1))
            await it.settled("e1", within=6)

            assert [round(attempt.at) for attempt in sink.attempts] == [1, 6]

    run(main())


def test_no_more_room_is_kept_than_attempts_may_be_in_flight() -> None:
    """Commits that are under way together share it; the last to ask finds none."""

    async def main() -> None:
        sink = ScriptedSink()
        async with world((crm(concurrency=3), sink)) as it:
            await asyncio.sleep(1)
            first, second = (it.courier.promises({CRM: 2}) for _ in range(2))

            assert [(each.taker.limit, each.is_whole) for each in first] == [(2, True)]
            assert [(each.taker.limit, each.is_whole) for each in second] == [(1, False)]
            assert it.courier.promises({CRM: 1}) == []
            first[0].release()
            assert [each.taker.limit for each in it.courier.promises({CRM: 9})] == [2]

    run(main())


def test_nothing_passes_a_backlog() -> None:
    """Who waits longer goes first: while there may be something to claim no room is kept."""

    async def main() -> None:
        sink = ScriptedSink(delay=1.0)
        async with world((crm(concurrency=2), sink)) as it:
            await it.post(names(20), CRM)
            await sink.sent(1)

            assert it.courier.promises({CRM: 1}) == []

    run(main())


def test_an_endpoint_at_rest_keeps_no_room() -> None:
    """It is left in peace by commits too; what was promised before it rests is given back."""

    async def main() -> None:
        sink = ScriptedSink(lambda _parcel: Refused(reason="HTTP 429", retry_after=120))
        async with world((crm(), sink)) as it:
            await asyncio.sleep(1)
            early = takers(it, 1)
            await it.post(["e1"], CRM)
            await sink.sent(1)
            await asyncio.sleep(1)
            assert it.courier.promises({CRM: 1}) == []

            await commit(it, ["e2"], *early)
            await asyncio.sleep(100)
            assert sink.events == ["e1"]
            sink.answer = lambda _parcel: Delivered()
            await it.settled("e1", "e2", within=60)

    run(main())


def test_what_a_lane_is_handed_after_its_stop_is_given_back() -> None:
    """The next lane of the endpoint has it soon, not when a lease is over."""

    async def main() -> None:
        sink = ScriptedSink()
        async with world((crm(), sink)) as it:
            await asyncio.sleep(1)
            late = takers(it, 1)
            await it.courier.remove(CRM)
            await commit(it, ["e1"], *late)
            await asyncio.sleep(1)
            assert sink.events == []
            assert [row.leased for row in it.store.state.deliveries.values()] == [False]

            again = ScriptedSink()
            await it.courier.add(crm(), again)
            await it.settled("e1", within=1)
            assert again.events == ["e1"]

    run(main())


def test_a_handed_over_parcel_of_an_ordered_endpoint_lets_the_next_one_follow() -> None:
    """What stands behind it is claimed when it is settled, not at the next poll."""

    async def main() -> None:
        sink = ScriptedSink()
        async with world((crm(ordered=True), sink)) as it:
            await asyncio.sleep(1)
            await commit(it, names(3), *takers(it, 3))
            await it.settled(*names(3), within=1)

            assert sink.events == names(3)

    run(main())


@pytest.mark.parametrize("ordered", [False, True])
def test_only_the_mark_of_a_success_that_nobody_waits_for_is_patient(*, ordered: bool) -> None:
    """A retry has to be dated, and an ordered folder waits for its mark."""

    async def main() -> None:
        sink = ScriptedSink(lambda p: refuse(p) if p.attempt == 1 else Delivered())
        async with world((crm(ordered=ordered), sink)) as it:
            patiences: list[float] = []
            original = it.store.settle

            async def settle(settlements: Sequence[Settlement], *, patience: float = 0.0) -> None:
                patiences.append(patience)
                await original(settlements, patience=patience)

            it.store.settle = settle  # type: ignore[method-assign]
            await asyncio.sleep(1)
            await commit(it, ["e1"], *takers(it, 1))
            await it.settled("e1")

            assert [each > 0 for each in patiences] == [False, not ordered]

    run(main())
