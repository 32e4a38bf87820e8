"""A writer on a table of numbers, whose database says what the test wants."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vedette.store.notes import Notebook
from vedette.store.sqlite.schema import migrate
from vedette.store.sqlite.writer import Writer


class Log(sqlite3.Connection):
    """A connection that remembers its statements, and fails where the test says."""

    statements: list[str]
    failures: dict[str, list[sqlite3.Error]]

    def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
        self.statements.append(sql)
        if self.failures.get(sql):
            raise self.failures[sql].pop(0)
        return super().execute(sql, *arguments)


class Bench:
    """A writer on a table of numbers, with everything it said to its database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes = Notebook()
        self.statements: list[str] = []
        self.failures: dict[str, list[sqlite3.Error]] = {}
        self.opened = 0
        self.writer = Writer(self._open, folder, self.notes)

    def _open(self) -> sqlite3.Connection:
        self.opened += 1
        connection = sqlite3.connect(self.folder / "numbers.db", isolation_level=None, factory=Log)
        connection.statements, connection.failures = [], {}
        migrate(connection)
        connection.execute("CREATE TABLE IF NOT EXISTS number (n INTEGER NOT NULL UNIQUE) STRICT")
        connection.statements, connection.failures = self.statements, self.failures
        return connection

    def fail(self, statement: str, code: int) -> None:
        error = sqlite3.OperationalError("the test says so")
        error.sqlite_errorcode = code
        self.failures.setdefault(statement, []).append(error)

    async def add(
        self,
        number: int | str | None,
        *,
        lasting: bool = True,
        patience: float = 0.0,
        in_haste: bool = False,
        done: Callable[[], None] | None = None,
    ) -> None:
        await self.writer.run(
            lambda connection: connection.execute("INSERT INTO number (n) VALUES (?)", (number,)),
            writes=True,
            lasting=lasting,
            patience=patience,
            in_haste=in_haste,
            done=done,
        )

    async def numbers(self) -> list[int]:
        rows = await self.writer.run(
            lambda connection: connection.execute("SELECT n FROM number ORDER BY n").fetchall(),
            writes=False,
        )
        return [number for (number,) in rows]

    async def together(self, *jobs: Callable[[], Any]) -> list[Any]:
        """Run jobs while the thread is held, so that they make one group."""
        loop = asyncio.get_running_loop()
        held, gate = asyncio.Event(), threading.Event()

        def hold(_: sqlite3.Connection) -> None:
            loop.call_soon_threadsafe(held.set)
            gate.wait(60)

        async def release() -> None:
            gate.set()

        holding = asyncio.create_task(self.writer.run(hold, writes=False))
        await asyncio.wait_for(held.wait(), 60)
        self.statements.clear()
        outcomes = await asyncio.gather(*(job() for job in jobs), release(), return_exceptions=True)
        await holding
        return outcomes[:-1]
