"""Hears what other instances of the same database say when they wrote a record.

A connection of its own listens (``LISTEN``). What is said while it is away is lost, and so nobody
relies on it: who waits looks by himself after a second. It knows revisions and nothing of records.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import asyncpg

from vedette.errors import StoreError
from vedette.secret import Secret
from vedette.store.postgres.connection import connect
from vedette.store.postgres.faults import CLIENT

#: What `record_revision_set` says it on.
CHANNEL: Final = "vedette_record"

#: Seconds until a connection that was lost, or not made, is tried again: the looks go on meanwhile.
AGAIN: Final = 5.0

#: Seconds for the connection to be closed before it is cut.
END: Final = 2.0

#: Digits of the largest revision.
_DIGITS: Final = 19


class Ear:
    """Listens from ``open`` on, until ``stop``; ``hear`` is told of each revision."""

    __slots__ = ("_hear", "_task", "_url")

    def __init__(self, url: Secret[str], hear: Callable[[int], None]) -> None:
        self._url = url
        self._hear = hear
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Listen, if it does not yet."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="store, ear")

    async def stop(self) -> None:
        """Listen no more. Idempotent."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            # Whoever has something to ask of the database says what is wrong with it.
            with suppress(StoreError, OSError, TimeoutError, asyncpg.PostgresError, *CLIENT):
                await self._listen()
            await asyncio.sleep(AGAIN)

    async def _listen(self) -> None:
        connection = await connect(self._url)
        try:
            lost = asyncio.Event()
            connection.add_termination_listener(lambda _connection: lost.set())
            await connection.add_listener(CHANNEL, self._heard)
            await lost.wait()
        finally:
            with suppress(OSError, TimeoutError, asyncpg.PostgresError, *CLIENT):
                await connection.close(timeout=END)

    def _heard(self, _connection: Any, _pid: int, _channel: str, said: object) -> None:
        # Whoever may connect may say what he likes.
        text = str(said)
        if text.isascii() and text.isdecimal() and len(text) <= _DIGITS:
            self._hear(int(text))
