"""Shards: 4,096 parts that all mailboxes fall into, the same for ever.

A lease for each mailbox would be renewed 100,000 times a second for a million of them; a shard
is the smallest thing that has an owner. It must not know who that is.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import NewType

from vedette.model.ids import AccountId

#: A number of a shard, from 0.
Shard = NewType("Shard", int)
#: The name of an instance, unique in its cluster and the same after a restart.
InstanceId = NewType("InstanceId", str)

#: How many there are. 244 mailboxes each for a million: small enough to move one by one, and a
#: table of so many rows is read in a millisecond. It must never change: mailboxes would move.
SHARDS = 4096

#: Octets of the digest that choose: 2**64 is so far above 4,096 that no shard is favoured.
_OCTETS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """The row of a shard as it was read: whose it is (None: nobody's), in which epoch."""

    shard: Shard
    owner: InstanceId | None
    epoch: int


def shard_of(account: AccountId) -> Shard:
    """Return the shard of an account."""
    octets = account.encode("utf-8", "surrogatepass")
    digest = blake2b(octets, digest_size=_OCTETS).digest()
    return Shard(int.from_bytes(digest) % SHARDS)
