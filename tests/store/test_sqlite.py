"""The store on SQLite keeps the promises of every store."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.bundle import StillClock
from tests.store.conformance import StoreContract
from vedette.ports.store import Store
from vedette.store.sqlite import SqliteStore


class SqliteHarness:
    """One folder of state."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = StillClock()

    def make(self) -> SqliteStore:
        return SqliteStore(self.folder, self.clock)

    async def set_epoch(self, store: Store, shard: int, epoch: int) -> None:
        assert isinstance(store, SqliteStore)
        await store._writer.run(
            lambda connection: connection.execute(
                "UPDATE shard SET epoch = ? WHERE id = ?", (epoch, shard)
            ),
            writes=True,
        )


class TestSqliteStore(StoreContract):
    """The suite, on SQLite."""

    @pytest.fixture
    def harness(self, tmp_path: Path) -> SqliteHarness:
        return SqliteHarness(tmp_path / "state")
