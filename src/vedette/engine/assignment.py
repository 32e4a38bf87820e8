"""Which accounts are to be watched, and where they live; by shard, for those who share them.

What changes is told by itself: of twenty thousand accounts one that changes costs what one costs.
It must not know who watches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from vedette.model.account import Account
from vedette.model.ids import AccountId
from vedette.ownership.shard import Shard, shard_of
from vedette.ports.link import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """An account and where it lives."""

    account: Account
    target: Target


class Watching(Protocol):
    """Who watches accounts: a supervisor, or the owner of some shards before it."""

    async def assign(self, assignments: Collection[Assignment]) -> None:
        """Make these the watched accounts, and no others."""

    async def change(
        self, assignments: Collection[Assignment], gone: Collection[AccountId]
    ) -> None:
        """Watch these accounts as they are now, those that are gone no more, all others on."""


class Portions:
    """The accounts of a whole cluster by shard."""

    __slots__ = ("_by_shard", "_hosts", "count")

    def __init__(self) -> None:
        self._by_shard: dict[Shard, dict[AccountId, Assignment]] = {}
        self._hosts: Counter[str] = Counter()
        #: How many accounts there are.
        self.count = 0

    @property
    def hosts(self) -> int:
        """How many mail servers there are; 1 at least."""
        return max(1, len(self._hosts))

    def sizes(self) -> Mapping[Shard, int]:
        """Return how many accounts each shard has."""
        return {shard: len(there) for shard, there in self._by_shard.items()}

    def size(self, shard: Shard) -> int:
        """Return how many accounts a shard has."""
        return len(self._by_shard.get(shard, ()))

    def of(self, shards: Iterable[Shard]) -> list[Assignment]:
        """Return the accounts of some shards."""
        return [each for shard in shards for each in self._by_shard.get(shard, {}).values()]

    def get(self, account: AccountId) -> Assignment | None:
        """Return what is wanted of an account."""
        return self._by_shard.get(shard_of(account), {}).get(account)

    def assign(self, assignments: Iterable[Assignment]) -> None:
        """Make these all of them."""
        self._by_shard, self._hosts, self.count = {}, Counter(), 0
        for each in assignments:
            self._put(each)

    def change(self, assignments: Iterable[Assignment], gone: Iterable[AccountId]) -> None:
        """Take what changed."""
        for account in gone:
            self._take(account)
        for each in assignments:
            self._take(each.account.id)
            self._put(each)

    def _put(self, each: Assignment) -> None:
        there = self._by_shard.setdefault(shard_of(each.account.id), {})
        self.count += each.account.id not in there
        there[each.account.id] = each
        self._hosts[each.target.host] += 1

    def _take(self, account: AccountId) -> None:
        shard = shard_of(account)
        there = self._by_shard.get(shard)
        before = None if there is None else there.pop(account, None)
        if there is None or before is None:
            return
        self.count -= 1
        if not there:
            del self._by_shard[shard]
        host = before.target.host
        self._hosts[host] -= 1
        if self._hosts[host] <= 0:
            del self._hosts[host]
