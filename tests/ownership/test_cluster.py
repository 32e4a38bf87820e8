"""Several owners, every kind of trouble between them: an old owner's write is always refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from tests.ownership.cluster import Cluster, Node, Tally
from tests.ownership.table import Table
from tests.support.memory_ownership import MemoryOwnership
from vedette.engine.owner import Owner
from vedette.engine.place import Place
from vedette.model.ids import AccountId
from vedette.ownership.lease import TTL, Lease

SEEDS = range(1, 9)
#: Seeds in which a planted defect must show; each is found in the first few.
HUNTED = range(1, 40)


def history(seed: int) -> Tally:
    return Cluster(seed).run()


def test_no_write_of_an_old_owner_is_accepted() -> None:
    """In eight histories of kills, stops, cuts and seizures all stale writes are refused."""
    tallies = [history(seed) for seed in SEEDS]

    assert [fault for tally in tallies for fault in tally.faults] == []
    planted = sum(tally.stale_planted for tally in tallies)
    assert planted == sum(tally.stale_refused for tally in tallies)
    # They were put to the test.
    assert planted > 15
    assert sum(tally.accepted for tally in tallies) > 5_000
    assert sum(tally.acts for tally in tallies) > 500
    blows = sum((tally.blows for tally in tallies), Counter())
    assert min(blows[name] for name in ("kill", "pause", "cut", "lie", "drain", "seize")) > 15


def test_one_seed_is_one_history() -> None:
    """Run twice, a seed does the same things in the same order."""
    first, second = Cluster(7), Cluster(7)

    first.run()
    second.run()

    assert first.loop.schedule_hash == second.loop.schedule_hash


def unchecked(cluster: Cluster) -> None:
    """Have the store compare no epoch."""
    cluster.checks_epochs = False


def by_wall_clock(cluster: Cluster) -> None:
    """Have each instance judge by its own wall clock who is dead."""
    for node in cluster.nodes:
        own = replace(cluster.rows, now=partial(_wrong, cluster, node))
        node.table.rows = MemoryOwnership(own)


def _wrong(cluster: Cluster, node: Node) -> float:
    return cluster.rows.now() + node.clock_offset


class TooLong(Lease):
    """A lease that ends five seconds after the database has called its holder dead."""

    def beaten(self, sent: float) -> Lease:
        lease = super().beaten(sent)
        return TooLong(since=lease.since, until=sent + TTL + 5.0)


def stops_late(cluster: Cluster) -> None:
    """Have instances stop by themselves only after their time."""

    def make(place: Place, table: Table, _node: Node) -> Owner:
        owner = Owner(place, table, now=cluster.loop.time)
        owner._lease = TooLong()
        return owner

    cluster._make = make


def asks_nobody(cluster: Cluster) -> None:
    """Have an instance believe its own memory before it acts on a mailbox."""

    def make(place: Place, table: Table, _node: Node) -> Owner:
        owner = Owner(place, table, now=cluster.loop.time)

        async def confirm(account: AccountId) -> None:
            owner.fence(account)

        owner.confirm = confirm  # type: ignore[method-assign]
        return owner

    cluster._make = make


@pytest.mark.parametrize("plant", [unchecked, by_wall_clock, stops_late, asks_nobody])
def test_a_planted_defect_of_ownership_is_caught(plant: Callable[[Cluster], None]) -> None:
    """The judge sees what goes wrong without each of the guards."""
    for seed in HUNTED:
        cluster = Cluster(seed)
        plant(cluster)
        if cluster.run().faults:
            return
    pytest.fail(f"{plant.__doc__} Not caught in {len(HUNTED)} seeds.")
