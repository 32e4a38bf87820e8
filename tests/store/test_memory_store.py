"""The store that the engine's tests use keeps the promises of every store."""

from __future__ import annotations

import pytest

from tests.store.bundle import StillClock
from tests.store.conformance import StoreContract
from tests.support.memory_store import MemoryStore
from vedette.ports.store import Store


class MemoryHarness:
    """One state, handed from store to store."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self._state = MemoryStore(self.clock).state

    def make(self) -> MemoryStore:
        return MemoryStore(self.clock, self._state)

    async def set_epoch(self, store: Store, shard: int, epoch: int) -> None:
        assert isinstance(store, MemoryStore)
        store.set_epoch(shard, epoch)


class TestMemoryStore(StoreContract):
    """The suite, in memory."""

    @pytest.fixture
    def harness(self) -> MemoryHarness:
        return MemoryHarness()
