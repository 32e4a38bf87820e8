"""Connections have the settings that the promises need."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from vedette.errors import StoreError
from vedette.store.sqlite import connection as module
from vedette.store.sqlite.checkpoint import BOUND
from vedette.store.sqlite.connection import open_reader, open_writer


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "a ?#%20b.db"
    path.touch()
    return path


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("trusted_schema", 0),
        ("cell_size_check", 1),
        ("busy_timeout", 5000),
        ("journal_size_limit", BOUND),
        ("wal_autocheckpoint", 0),
        ("locking_mode", "normal"),
    ],
)
def test_a_writer_is_set_for_durability(database: Path, setting: str, expected: object) -> None:
    """FULL is 2: every commit is synced (sqlite.org/pragma.html#pragma_synchronous)."""
    connection = open_writer(database)
    (value,) = connection.execute(f"PRAGMA {setting}").fetchone()
    connection.close()

    assert value == expected


def test_a_reader_can_write_by_no_way(database: Path) -> None:
    """The connection refuses, and where it would not, the file does."""
    writer = open_writer(database)
    writer.execute("CREATE TABLE any (n INTEGER) STRICT")
    reader = open_reader(database)
    assert reader.execute("PRAGMA query_only").fetchone() == (1,)
    reader.execute("PRAGMA query_only = OFF")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("INSERT INTO any (n) VALUES (1)")
    reader.close()
    writer.close()


def test_a_writer_makes_no_file(tmp_path: Path) -> None:
    """The file is made, with its mode, by the one who holds the lock."""
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        open_writer(tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()


def test_an_old_sqlite_is_refused(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says which one is needed."""
    monkeypatch.setattr(module, "OLDEST", (99, 1, 0))
    with pytest.raises(StoreError, match=r"Vedette needs 99\.1\.0 or newer"):
        open_writer(database)


def test_a_disk_without_a_log_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where SQLite falls back from WAL, our promises would not hold; memory stands in."""
    memory = sqlite3.connect(":memory:", isolation_level=None)
    monkeypatch.setattr(module, "_connect", lambda *_: memory)
    with pytest.raises(StoreError, match="can not hold a write-ahead log"):
        open_writer(Path("memory"))
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        memory.execute("SELECT 1")
