"""Wishes: everybody wishes the same, and who comes or goes moves its own share only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vedette.ownership.shard import SHARDS, InstanceId, Shard
from vedette.ownership.wish import Instance, Standing, Wishes

NAMES = [InstanceId(f"host-{number}") for number in range(24)]

clusters = st.lists(
    st.builds(Instance, id=st.sampled_from(NAMES), weight=st.integers(1, 400)),
    min_size=1,
    max_size=8,
    unique_by=lambda each: each.id,
)


def owners(instances: Iterable[Instance]) -> list[InstanceId | None]:
    wishes = Wishes(instances)
    return [wishes.of(Shard(shard)) for shard in range(SHARDS)]


@settings(max_examples=15)
@given(clusters, st.randoms())
def test_all_who_see_the_same_instances_wish_the_same(
    instances: list[Instance], dice: object
) -> None:
    """The order in which they are seen makes no difference."""
    assert owners(instances) == owners(reversed(instances))


@settings(max_examples=15)
@given(clusters)
def test_who_leaves_moves_only_its_own_shards(instances: list[Instance]) -> None:
    """No shard moves between two that stay."""
    before, after = owners(instances), owners(instances[1:])

    moved = {old for old, new in zip(before, after, strict=True) if old != new}

    assert moved <= {instances[0].id}


@settings(max_examples=15)
@given(clusters, st.integers(1, 400))
def test_who_grows_heavier_only_gains(instances: list[Instance], more: int) -> None:
    """Every shard that moves goes to the one whose weight rose: climbing never costs others twice."""
    first, *others = instances
    heavier = Instance(id=first.id, weight=first.weight + more)

    moves = zip(owners(instances), owners([heavier, *others]), strict=True)

    assert all(new == first.id for old, new in moves if old != new)


def test_losing_one_of_twenty_moves_a_twentieth() -> None:
    """198 shards of 4,096 change hands, all of them those of the one that is gone."""
    twenty = [Instance(id=name) for name in NAMES[:20]]

    moved = sum(old != new for old, new in zip(owners(twenty), owners(twenty[1:]), strict=True))

    assert SHARDS / 20 * 0.75 < moved < SHARDS / 20 * 1.25


def test_shards_are_in_proportion_to_weights() -> None:
    """One of three times the weight has three times the shards."""
    heavy, light = Instance(id=NAMES[0], weight=300), Instance(id=NAMES[1], weight=100)

    counts = Counter(owners([heavy, light]))

    assert counts[heavy.id] / counts[light.id] == pytest.approx(3.0, rel=0.1)


@pytest.mark.parametrize(
    "other",
    [
        Instance(id=NAMES[1], is_alive=False),
        Instance(id=NAMES[1], standing=Standing.DRAINING),
        Instance(id=NAMES[1], weight=0),
    ],
    ids=["dead", "draining", "of no weight"],
)
def test_who_takes_nothing_is_not_wished_for(other: Instance) -> None:
    """The dead, those that drain and those of no weight get no shard."""
    assert set(owners([Instance(id=NAMES[0]), other])) == {NAMES[0]}


def test_nobody_is_wished_where_nobody_is() -> None:
    """An empty cluster wishes nothing, and says so."""
    assert set(owners([])) == {None}
