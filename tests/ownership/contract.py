"""What every table of instances and shards promises: one suite for all kinds.

A harness makes tables over the same rows, and lets time pass for the heartbeat of an instance.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod

import pytest

from vedette.ownership.moves import View
from vedette.ownership.shard import SHARDS, Holding, InstanceId, Shard
from vedette.ownership.wish import Instance, Standing
from vedette.ports.ownership import Keeper, Ownership
from vedette.ports.store import Fence

A, B = InstanceId("a"), InstanceId("b")
#: Seconds after which the database calls an instance dead, and not yet.
LONG, SHORT = 15.5, 10.0


class Harness(ABC):
    """Rows, and the clock that judges them."""

    table: Ownership

    @abstractmethod
    async def silence(self, instance: InstanceId, seconds: float) -> None:
        """Make an instance's heartbeat as old."""


def _rows(view: View, owner: InstanceId | None) -> list[Holding]:
    return [row for row in view.shards if row.owner == owner]


async def _owned(table: Ownership, me: InstanceId, count: int) -> dict[Shard, int]:
    """Let an instance join and take some shards that nobody has."""
    await table.beat(Instance(id=me))
    vacant = _rows(await table.look(me), None)[:count]
    return await table.claim(me, vacant)


class OwnershipContract:
    """The suite."""

    @pytest.fixture
    def harness(self) -> Harness:
        raise NotImplementedError

    async def test_in_the_beginning_every_shard_is_nobodys(self, harness: Harness) -> None:
        """A fresh table has a row for each of the 4,096, without an owner."""
        view = await harness.table.look(A)

        assert view.instances == ()
        assert {row.shard for row in view.shards} == set(range(SHARDS))
        assert {row.owner for row in view.shards} == {None}

    async def test_a_heartbeat_tells_weight_and_standing(self, harness: Harness) -> None:
        """Who joined is seen by all, as it described itself last."""
        await harness.table.beat(Instance(id=A, weight=7))
        await harness.table.beat(Instance(id=A, weight=9, standing=Standing.DRAINING))

        view = await harness.table.look(B)

        assert view.instances == (Instance(id=A, weight=9, standing=Standing.DRAINING),)

    async def test_whose_a_shard_is_and_where_to_ask_is_told(self, harness: Harness) -> None:
        """Nobody's is nobody's; of who is gone it is said that he is."""
        await harness.table.beat(Instance(id=A, address="http://a.example:8025"))
        shard, other = _rows(await harness.table.look(A), None)[:2]
        await harness.table.claim(A, [shard])
        found = [await harness.table.owner(each.shard) for each in (shard, other)]
        await harness.silence(A, LONG)
        late = await harness.table.owner(shard.shard)

        assert found == [Keeper(instance=A, address="http://a.example:8025"), None]
        assert late == Keeper(instance=A, address="http://a.example:8025", is_alive=False)

    async def test_a_claim_raises_the_epoch(self, harness: Harness) -> None:
        """Each takeover has an epoch that no write before it can have."""
        first = await _owned(harness.table, A, 3)
        mine = _rows(await harness.table.look(A), A)

        again = await harness.table.claim(A, mine)

        assert {shard: epoch + 1 for shard, epoch in first.items()} == again

    async def test_what_a_living_instance_has_is_neither_seen_nor_taken(
        self, harness: Harness
    ) -> None:
        """Only the dead are taken over, also by one who read the row before."""
        vacant = (await harness.table.look(B)).shards[:2]
        await _owned(harness.table, A, SHARDS)
        await harness.table.beat(Instance(id=B))
        mine = _rows(await harness.table.look(A), A)[:2]

        assert (await harness.table.look(B)).shards == ()
        assert await harness.table.claim(B, vacant) == {}
        assert await harness.table.claim(B, mine) == {}

    async def test_the_shards_of_a_dead_instance_are_seen_and_taken(self, harness: Harness) -> None:
        """After a lifetime without a heartbeat, by the database's clock, they are anybody's."""
        held = await _owned(harness.table, A, 3)
        await harness.table.beat(Instance(id=B))
        await harness.silence(A, LONG)
        view = await harness.table.look(B)

        taken = await harness.table.claim(B, _rows(view, A))

        assert [each.is_alive for each in view.instances] == [False, True]
        assert taken == {shard: epoch + 1 for shard, epoch in held.items()}

    async def test_an_instance_that_missed_a_heartbeat_is_not_dead(self, harness: Harness) -> None:
        """Ten seconds of silence are two heartbeats, and nobody takes anything."""
        await _owned(harness.table, A, 3)
        await harness.silence(A, SHORT)

        assert _rows(await harness.table.look(B), A) == []

    async def test_who_is_dead_claims_nothing(self, harness: Harness) -> None:
        """An instance whose heartbeat is old may not take what it would lose at once."""
        await harness.table.beat(Instance(id=A))
        vacant = (await harness.table.look(A)).shards[:3]
        await harness.silence(A, LONG)

        assert await harness.table.claim(A, vacant) == {}

    async def test_two_who_claim_at_once_get_each_shard_once(self, harness: Harness) -> None:
        """A race has one winner for each row."""
        await harness.table.beat(Instance(id=A))
        await harness.table.beat(Instance(id=B))
        vacant = (await harness.table.look(A)).shards[:200]

        one, two = await asyncio.gather(
            harness.table.claim(A, vacant), harness.table.claim(B, vacant[::-1])
        )

        assert one.keys().isdisjoint(two)
        again = _rows(await harness.table.look(A), None)
        assert len(one) + len(two) + sum(row in vacant for row in again) == 200

    async def test_what_is_released_is_nobodys_in_the_same_epoch(self, harness: Harness) -> None:
        """Only the next claim raises it."""
        held = await _owned(harness.table, A, 3)
        rows = _rows(await harness.table.look(A), A)

        await harness.table.release(A, rows)

        left = {row.shard: row for row in (await harness.table.look(B)).shards}
        assert {left[shard].owner for shard in held} == {None}
        assert {left[shard].epoch for shard in held} == set(held.values())

    async def test_an_old_owner_releases_nothing(self, harness: Harness) -> None:
        """Who was taken over does not free what is the other's now."""
        await _owned(harness.table, A, 3)
        old = _rows(await harness.table.look(A), A)
        await harness.silence(A, LONG)
        await harness.table.beat(Instance(id=B))
        taken = await harness.table.claim(B, old)

        await harness.table.release(A, old)

        assert {row.shard for row in _rows(await harness.table.look(B), B)} == taken.keys()

    async def test_who_leaves_is_forgotten_and_owns_nothing(self, harness: Harness) -> None:
        """Its shards are there for the others at once."""
        held = await _owned(harness.table, A, 3)

        await harness.table.leave(A)

        view = await harness.table.look(B)
        assert view.instances == ()
        assert held.keys() <= {row.shard for row in _rows(view, None)}

    async def test_an_owner_holds_its_shard_in_its_epoch_while_it_lives(
        self, harness: Harness
    ) -> None:
        """The question before an act: not for another, not in another epoch, not when dead."""
        [(shard, epoch)] = (await _owned(harness.table, A, 1)).items()
        fence = Fence(shard=shard, epoch=epoch)

        assert await harness.table.holds(A, fence)
        assert not await harness.table.holds(B, fence)
        assert not await harness.table.holds(A, Fence(shard=shard, epoch=epoch - 1))
        await harness.silence(A, LONG)
        assert not await harness.table.holds(A, fence)

    async def test_one_who_was_dead_for_a_day_is_forgotten(self, harness: Harness) -> None:
        """Names do not gather for ever."""
        await harness.table.beat(Instance(id=A))
        await harness.silence(A, 90_000.0)

        await harness.table.beat(Instance(id=B))

        assert [each.id for each in (await harness.table.look(B)).instances] == [B]
