"""The table in memory, on which the simulation stands, keeps what every table promises."""

from __future__ import annotations

import pytest

from tests.ownership.contract import Harness, OwnershipContract
from tests.support.memory_ownership import MemoryOwnership, Rows
from vedette.ownership.shard import InstanceId


class _Memory(Harness):
    def __init__(self) -> None:
        self.rows = Rows(now=lambda: 1e6)
        self.table = MemoryOwnership(self.rows)

    async def silence(self, instance: InstanceId, seconds: float) -> None:
        _, row = self.rows.beats[instance]
        self.rows.beats[instance] = (self.rows.now() - seconds, row)


class TestMemoryOwnership(OwnershipContract):
    """The suite, in memory."""

    @pytest.fixture
    def harness(self) -> Harness:
        return _Memory()
