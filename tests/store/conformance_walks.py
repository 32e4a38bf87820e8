"""What every store promises of lists that are walked page by page: each row once, in order."""

from __future__ import annotations

from dataclasses import replace

from tests.store.bundle import ANNA, Whole, decision, entry
from tests.store.conformance_folders import StoreFixture
from vedette.ports.journal import JournalQuery, Spot
from vedette.ports.store import Fence


class WalkContract(StoreFixture):
    """What guards decided and did, newest first."""

    async def test_entries_and_decisions_are_walked_page_by_page(self, store: Whole) -> None:
        """Each once, those of one instant too, though new ones come meanwhile."""
        await written(store, *((uid, 50.0 + uid // 3) for uid in range(1, 8)))
        query = JournalQuery(account=ANNA, until=52.0, limit=2)
        walked: list[int | None] = []
        decided: list[int | None] = []
        below = spot = None
        for late in range(11, 15):
            entries = await store.journal(replace(query, below=below))
            found = await store.decisions(ANNA, None, since=0.0, until=52.0, below=spot, limit=2)
            walked += [each.origin.uid for each in entries]
            decided += [each.origin.uid for each in found]
            below = Spot(at=entries[-1].at, seq=entries[-1].seq) if entries else below
            spot = Spot(at=found[-1].at, seq=found[-1].seq) if found else spot
            await written(store, (late, 51.0))

        assert walked == decided == [5, 4, 3, 2, 1]

    async def test_the_end_of_a_span_is_not_in_it(self, store: Whole) -> None:
        """Its beginning is; so spans that meet have each row once."""
        await written(store, (1, 50.0), (2, 51.0), (3, 52.0))

        found = await store.journal(JournalQuery(since=50.0, until=52.0))
        decided = await store.decisions(None, "gambling", since=50.0, until=52.0, limit=9)
        assert [each.origin.uid for each in found] == [2, 1]
        assert [each.origin.uid for each in decided] == [2, 1]


async def written(store: Whole, *made: tuple[int, float]) -> None:
    """Have a message with this UID judged at this instant, and acted on, one for each."""
    await store.intend(
        Fence(),
        [decision(uid, at=at) for uid, at in made],
        [entry(uid, b"%d" % uid, at=at) for uid, at in made],
    )
