"""The store of a simulated process keeps a journal as every store does while its disk is sound."""

from __future__ import annotations

import random

import pytest

from tests.sim.disk import Disk
from tests.sim.store import SimulatedStore
from tests.store.bundle import StillClock
from tests.store.conformance_journal import JournalContract
from tests.store.conformance_returns import ReturnContract
from tests.store.conformance_trust import TrustContract
from vedette.ports.store import Store


class SimulatedHarness:
    """One disk, and one process after the other."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self.disk = Disk(random.Random(1), self.clock)
        # The seconds of this suite are real ones.
        self.disk.faults.latency = 1e-6

    def make(self) -> SimulatedStore:
        return SimulatedStore(self.disk, self.clock)

    async def set_epoch(self, store: Store, shard: int, epoch: int) -> None:
        assert isinstance(store, SimulatedStore)
        store._rows.set_epoch(shard, epoch)


class TestSimulatedJournal(JournalContract, ReturnContract, TrustContract):
    """What guards and people decide, in a simulated process."""

    @pytest.fixture
    def harness(self) -> SimulatedHarness:
        return SimulatedHarness()
