"""A dead endpoint costs its neighbours nothing: not a moment, not a look at the store.

What is shown here is why, in virtual time; how long it takes in real time is a benchmark's figure.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from tests.engine.delivery_world import CRM, OTHER, World, names, world
from tests.engine.scripted_sink import ScriptedSink
from tests.support.clock import elapsed, run
from vedette.model.delivery import Endpoint, Outcome, Parcel, Refused, Settlement

BACKLOG = 10_000
#: Long enough for the rests of the dead one to have grown to their longest.
LATER = 600.0


class Ledger:
    """Counts what each endpoint asks of the store, and how many rows that touches."""

    def __init__(self, it: World) -> None:
        self.claims: Counter[str] = Counter()
        self.claimed: Counter[str] = Counter()
        self.settled: Counter[str] = Counter()
        claim, settle = it.store.claim, it.store.settle

        async def counted(endpoint: Any, **options: Any) -> list[Parcel]:
            parcels = await claim(endpoint, **options)
            self.claims[endpoint] += 1
            self.claimed[endpoint] += len(parcels)
            return parcels

        async def noted(settlements: Sequence[Settlement], *, patience: float = 0.0) -> None:
            for settlement in settlements:
                row = it.store.state.deliveries[settlement.delivery]
                self.settled[row.endpoint] += 1
            await settle(settlements, patience=patience)

        it.store.claim = counted  # type: ignore[method-assign]
        it.store.settle = noted  # type: ignore[method-assign]


def refuse(_parcel: Parcel) -> Outcome:
    return Refused(reason="connection refused")


async def beside(it: World, quick: ScriptedSink, count: int) -> list[float]:
    """Commit events for both, a second apart; return how late each came to the one that works."""
    late = []
    for number in range(count):
        await asyncio.sleep(1)
        before = elapsed()
        await it.post([f"x{number}"], CRM, OTHER)
        await quick.sent(number + 1)
        late.append(quick.attempts[-1].at - before)
    return late


@pytest.mark.parametrize("hangs", [True, False], ids=["it never answers", "it refuses"])
def test_a_dead_endpoint_with_a_backlog_makes_no_event_of_its_neighbour_late(
    *, hangs: bool
) -> None:
    """A hundred events for both, among ten thousand for the dead one: each at its instant."""

    async def main() -> None:
        dead, quick = ScriptedSink(refuse), ScriptedSink()
        if hangs:
            dead.gate.clear()
        async with world((Endpoint(id=CRM), dead), (Endpoint(id=OTHER), quick)) as it:
            await it.post(names(BACKLOG), CRM)

            assert await beside(it, quick, 100) == [0.0] * 100

    run(main())


def test_a_dead_endpoint_asks_no_more_of_the_store_than_a_probe_needs() -> None:
    """However long its backlog: a claim and a mark for each rest, of a quarter of a minute or more."""

    async def main() -> None:
        dead, quick = ScriptedSink(refuse), ScriptedSink()
        async with world((Endpoint(id=CRM), dead), (Endpoint(id=OTHER), quick)) as it:
            await it.post(names(BACKLOG), CRM)
            await asyncio.sleep(LATER)
            ledger = Ledger(it)
            await beside(it, quick, 599)
            await asyncio.sleep(1)

            # 600 s of rests of 15 s, which is the least: 40 probes, one more where it began.
            assert ledger.claims[CRM] <= 41
            assert ledger.claimed[CRM] <= 41
            assert ledger.settled[CRM] <= 41
            assert ledger.settled[OTHER] == 599

    run(main())


def test_an_endpoint_that_hangs_holds_no_more_than_its_own_slots() -> None:
    """Its attempts under way are bounded, and what it has claimed is, whatever waits."""

    async def main() -> None:
        hung, quick = ScriptedSink(), ScriptedSink()
        hung.gate.clear()
        endpoint = Endpoint(id=CRM, concurrency=4)
        async with world((endpoint, hung), (Endpoint(id=OTHER), quick)) as it:
            await it.post(names(BACKLOG), CRM)
            await beside(it, quick, 10)

            leased = [row for row in it.store.state.deliveries.values() if row.leased]
            assert hung.most_flying == 4
            assert len([row for row in leased if row.endpoint == CRM]) <= 12

    run(main())


def test_what_piles_up_behind_one_endpoint_is_all_there_when_it_comes_back() -> None:
    """Each of ten thousand, once, and those of its neighbour meanwhile."""

    async def main() -> None:
        dead, quick = ScriptedSink(refuse), ScriptedSink()
        async with world((Endpoint(id=CRM), dead), (Endpoint(id=OTHER), quick)) as it:
            await it.post(names(BACKLOG), CRM)
            await asyncio.sleep(LATER)
            tried = len(dead.attempts)
            dead.answer = ScriptedSink().answer
            await asyncio.sleep(24 * 3600)

            came = [attempt.parcel.event for attempt in dead.attempts[tried:]]
            assert Counter(came) == Counter(names(BACKLOG))

    run(main())
