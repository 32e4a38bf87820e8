"""Moves: at once from the dead, in slices among the living, never twice and never without end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vedette.ownership.moves import (
    BACKLOG,
    CAP,
    SPARE,
    WINDOW,
    Moves,
    Slices,
    Stand,
    View,
    climbed,
    decide,
)
from vedette.ownership.shard import SHARDS, Holding, InstanceId, Shard
from vedette.ownership.wish import FULL_WEIGHT, Instance, Standing, Wishes

A, B, C = (InstanceId(name) for name in ("a", "b", "c"))
ALL = [Shard(number) for number in range(SHARDS)]
ONE_EACH = dict.fromkeys(ALL, 1)


def view(*instances: Instance, rows: list[Holding]) -> View:
    return View(instances=instances, shards=tuple(rows))


def owned(owner: InstanceId | None, shards: list[Shard] = ALL, epoch: int = 1) -> list[Holding]:
    return [Holding(shard=shard, owner=owner, epoch=epoch) for shard in shards]


def stand(me: InstanceId = A, held: list[Shard] | None = None, **more: object) -> Stand:
    standard = Stand(
        me=me,
        held=dict.fromkeys(held or [], 1),
        mailboxes=ONE_EACH,
        may_bury=True,
        settled=True,
        slices=Slices(),
        logins=1e9,
    )
    return replace(standard, **more)  # type: ignore[arg-type]  # each test names its own


def decided(seen: View, where: Stand, now: float = 0.0) -> Moves:
    return decide(seen, Wishes(seen.instances), where, now)


def test_what_nobody_owns_is_taken_at_once() -> None:
    """The first instance of a cluster takes all, in one move."""
    moves = decided(view(Instance(id=A), rows=owned(None)), stand())

    assert len(moves.take) == SHARDS


def test_an_instance_that_just_came_lets_others_come_too() -> None:
    """Until it has settled, it takes nothing that it did not have before."""
    moves = decided(view(Instance(id=A), rows=owned(None)), stand(settled=False))

    assert moves == Moves()


def test_what_it_had_before_is_taken_again_in_a_new_epoch() -> None:
    """Rows in its own name from a run before are claimed, settled or not: nobody else watches them."""
    rows = owned(A, ALL[:10])

    moves = decided(view(Instance(id=A), rows=rows), stand(settled=False))

    assert list(moves.take) == rows


def test_the_shards_of_the_dead_are_shared_out_at_once() -> None:
    """No bound holds for them, and each survivor takes what it should have and no more."""
    dead = Instance(id=C, is_alive=False)
    instances = (Instance(id=A), Instance(id=B), dead)

    takes = [
        {row.shard for row in decided(view(*instances, rows=owned(C)), stand(me)).take}
        for me in (A, B)
    ]

    assert takes[0].isdisjoint(takes[1])
    assert takes[0] | takes[1] == set(ALL)
    assert min(map(len, takes)) > CAP


def test_who_can_not_tell_takes_nothing_from_the_dead() -> None:
    """After an outage of its own an instance calls nobody dead."""
    seen = view(Instance(id=A), Instance(id=B, is_alive=False), rows=owned(B))

    assert decided(seen, stand(may_bury=False)) == Moves()


def test_what_another_took_is_lost() -> None:
    """A row in another's name, or in another epoch, is let go of without a word."""
    rows = owned(A, ALL[1:10])

    moves = decided(view(Instance(id=A), rows=rows), stand(held=ALL[:10]))

    assert (moves.lost, moves.take, moves.give) == ((ALL[0],), (), ())


def test_a_namesake_is_noticed() -> None:
    """A shard in our name in an epoch that we never had was claimed by another process."""
    moves = decided(view(Instance(id=A), rows=owned(A, epoch=2)), stand(held=ALL))

    assert moves.namesake
    assert not moves.take


def test_a_newcomer_gets_its_part_in_slices_of_a_twentieth() -> None:
    """One who has all gives 5 % in ten seconds."""
    seen = view(Instance(id=A), Instance(id=B), rows=owned(A))

    moves = decided(seen, stand(held=ALL))

    assert len(moves.give) == CAP
    assert all(Wishes(seen.instances).of(shard) == B for shard in moves.give)


def test_shards_without_a_mailbox_move_at_once() -> None:
    """Nobody notices them, so they are not counted."""
    seen = view(Instance(id=A), Instance(id=B), rows=owned(A))

    moves = decided(seen, stand(held=ALL, mailboxes={}))

    assert len(moves.give) == sum(Wishes(seen.instances).of(shard) == B for shard in ALL)


def test_what_is_given_is_what_the_others_log_in_meanwhile() -> None:
    """With 244 mailboxes in each, takers of 4,000 logins a second get eight or nine a second."""
    draining = Instance(id=A, standing=Standing.DRAINING)
    held, slices, counts = list(ALL), Slices(), []
    for second in range(20):
        seen = view(draining, Instance(id=B), Instance(id=C), rows=owned(A, held))
        where = stand(held=held, mailboxes=dict.fromkeys(ALL, 244), logins=4_000.0, slices=slices)
        moves = decided(seen, where, float(second))
        slices, held = moves.slices, [shard for shard in held if shard not in set(moves.give)]
        counts.append(len(moves.give))

    assert sum(counts) == pytest.approx(20 * 4_000 * SPARE / 244, abs=2)
    assert set(counts) <= {8, 9}


def test_a_large_shard_moves_alone_and_holds_up_the_next() -> None:
    """However many mailboxes one has it moves, and nothing else before they are logged in."""
    draining = Instance(id=A, standing=Standing.DRAINING)
    seen = view(draining, Instance(id=B), rows=owned(A))
    where = stand(held=ALL, mailboxes=dict.fromkeys(ALL, 10_000), logins=400.0)

    first = decided(seen, where, 0.0)
    then = decided(seen, replace(where, slices=first.slices), 48.0)
    last = decided(seen, replace(where, slices=first.slices), 50.0)

    assert [len(each.give) for each in (first, then, last)] == [1, 0, 1]


def test_the_last_one_gives_all_at_once() -> None:
    """Where nobody takes anything, a drain has nobody to wait for."""
    draining = Instance(id=A, standing=Standing.DRAINING)

    moves = decided(view(draining, rows=owned(A)), stand(held=ALL))

    assert len(moves.give) == SHARDS


def test_who_drains_takes_nothing() -> None:
    """Not even what is in its own name."""
    draining = Instance(id=A, standing=Standing.DRAINING)

    moves = decided(view(draining, rows=owned(None)), stand())

    assert moves.take == ()


def test_others_wait_while_one_drains() -> None:
    """The one that has a deadline has the whole bound."""
    seen = view(
        Instance(id=A),
        Instance(id=B),
        Instance(id=C, standing=Standing.DRAINING),
        rows=owned(A),
    )

    assert decided(seen, stand(held=ALL)).give == ()


@settings(max_examples=15)
@given(
    pauses=st.lists(st.floats(0.2, 6.0), min_size=5, max_size=30),
    weight=st.integers(1, 4 * FULL_WEIGHT),
)
def test_never_more_than_a_twentieth_moves_in_ten_seconds(pauses: list[float], weight: int) -> None:
    """In any window of ten seconds, whenever it looks, as many shards move as are allowed."""
    held, slices, now = list(ALL), Slices(), 0.0
    given_at: list[tuple[float, int]] = []
    instances = (Instance(id=A), Instance(id=B, weight=weight))
    for pause in pauses:
        now += pause
        seen = view(*instances, rows=owned(A, held))
        moves = decided(seen, stand(held=held, slices=slices, logins=1e9), now)
        give, slices = moves.give, moves.slices
        given_at.append((now, len(give)))
        held = [shard for shard in held if shard not in set(give)]

    for end, _ in given_at:
        assert sum(count for at, count in given_at if end - WINDOW < at <= end) <= CAP


@settings(max_examples=5)
@given(st.lists(st.integers(20, FULL_WEIGHT), min_size=2, max_size=4))
def test_the_cluster_comes_to_rest_where_it_wishes_to_be(weights: list[int]) -> None:
    """From any start, looks and moves end with every shard at its wished owner, and then none."""
    names = [InstanceId(f"host-{number}") for number in range(len(weights))]
    instances = tuple(Instance(id=n, weight=w) for n, w in zip(names, weights, strict=True))
    wishes = Wishes(instances)
    rows = {shard: Holding(shard=shard, owner=names[0], epoch=1) for shard in ALL}
    slices = dict.fromkeys(names, Slices())
    for turn in range(100):
        for me in names:
            mine = {s: row.epoch for s, row in rows.items() if row.owner == me}
            seen = View(
                instances=instances,
                shards=tuple(row for row in rows.values() if row.owner in {me, None}),
            )
            where = stand(me, slices=slices[me])
            moves = decide(seen, wishes, replace(where, held=mine), turn * WINDOW)
            slices[me] = moves.slices
            for shard in moves.give:
                rows[shard] = replace(rows[shard], owner=None)
            for row in moves.take:
                rows[row.shard] = replace(row, owner=me, epoch=row.epoch + 1)
        if all(wishes.of(shard) == row.owner for shard, row in rows.items()):
            break

    assert [row.owner for row in rows.values()] == [wishes.of(shard) for shard in ALL]


def test_a_small_instance_climbs_in_one_step() -> None:
    """What it logs in within a second it may ask for at once."""
    assert climbed(0, FULL_WEIGHT, mailboxes=200, waiting=0, logins=200.0) == FULL_WEIGHT


def test_a_large_instance_climbs_by_what_it_logs_in() -> None:
    """With 50,000 mailboxes to come it asks for 5 % at a time, and for none while it is behind."""
    step = climbed(0, 10_000, mailboxes=50_000, waiting=0, logins=5_000.0)

    assert step == 500
    behind = int(BACKLOG * 5_000)
    assert climbed(step, 10_000, mailboxes=50_000, waiting=behind, logins=5_000.0) == step


def test_a_weight_that_was_lowered_is_taken_at_once() -> None:
    """Climbing never goes beyond what the instance is to carry."""
    assert climbed(100, 40, mailboxes=10, waiting=0, logins=200.0) == 40
