"""Which instance should own a shard: weighted rendezvous hashing.

Each instance draws a number for each shard from its own name; the best draw wins. Who comes or
goes therefore moves its own share and nothing else, and all who see the same instances wish the
same, without a word between them. A wish is not the truth: the row of the shard is.

The draw is ``-ln(u) / weight`` with ``u`` even in (0, 1), the time of the first event of a process
of rate ``weight``: the first of several such processes is each one in proportion to its rate
(Schindelhauer and Schomaker, *Weighted Distributed Hash Tables*, 2005).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum, unique
from functools import lru_cache
from hashlib import blake2b
from math import inf, log
from struct import unpack

from vedette.ownership.shard import SHARDS, InstanceId, Shard

#: The weight of an instance that has come all the way up. Weights are whole numbers in the table;
#: a hundred of each is room for the steps in which one climbs (``moves.climbed``).
FULL_WEIGHT = 100

#: Draws in one digest of blake2b: 64 octets, eight for each.
_DRAWS = 8
#: Draws of instances that are kept: 33 KiB each, and a cluster has some tens.
_KEPT = 128


@unique
class Standing(StrEnum):
    """What an instance says of itself."""

    LIVE = "live"
    DRAINING = "draining"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """An instance as its row tells. ``is_alive`` is judged by the database's clock.

    ``address`` is where its API can be asked, which it says of itself and nobody decides by.
    """

    id: InstanceId
    weight: int = FULL_WEIGHT
    standing: Standing = Standing.LIVE
    is_alive: bool = True
    address: str = ""

    @property
    def takes(self) -> bool:
        """Whether it is there and wants shards."""
        return self.is_alive and self.standing is Standing.LIVE and self.weight > 0


class Wishes:
    """The wished owner of every shard, among the instances that take any."""

    __slots__ = ("_owners",)

    def __init__(self, instances: Iterable[Instance]) -> None:
        # In an order that all agree on, so that a tie is broken alike.
        takers = sorted((each for each in instances if each.takes), key=lambda each: each.id)
        owners: list[InstanceId | None] = [None] * SHARDS
        best = [inf] * SHARDS
        for taker in takers:
            weight = taker.weight
            for shard, draw in enumerate(_draws(taker.id)):
                waited = draw / weight
                if waited < best[shard]:
                    best[shard], owners[shard] = waited, taker.id
        self._owners = tuple(owners)

    def of(self, shard: Shard) -> InstanceId | None:
        """Return who should own a shard; None when nobody takes any."""
        return self._owners[shard]


@lru_cache(maxsize=_KEPT)
def _draws(instance: InstanceId) -> tuple[float, ...]:
    """Return the draw of an instance for each shard, from its name alone."""
    seed = blake2b(instance.encode("utf-8", "surrogatepass"), digest_size=32).digest()
    drawn: list[float] = []
    for block in range(SHARDS // _DRAWS):
        digest = blake2b(block.to_bytes(4), digest_size=64, key=seed).digest()
        # Half a step above zero: ln(0) is no number, and 1 would make two instances equal.
        drawn += [-log((each + 0.5) / 2.0**64) for each in unpack(f">{_DRAWS}Q", digest)]
    return tuple(drawn)
