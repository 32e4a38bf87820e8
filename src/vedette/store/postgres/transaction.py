"""Do work in a transaction of its own, on a connection of the pool.

::

    await transactions.run(partial(journal.record, action=…))     BEGIN … COMMIT
    await transactions.ask(partial(journal.pending, account=…))   each statement by itself
    await transactions.view(partial(history.events, query=…))     all statements, one moment

A function of the rows takes the connection first and is given one that is inside of the
transaction; it never begins or ends one. A COMMIT that got no answer is an error that says so,
and nothing is done again after one. It must not know what the work is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, TypeVar

import asyncpg

from vedette.crashpoint import Crashpoint, crashpoint
from vedette.errors import StoreError
from vedette.secret import Secret
from vedette.store.fault import Fault
from vedette.store.postgres.connection import Connection, Pool, open_pool, spelled
from vedette.store.postgres.faults import CLIENT, is_passing, is_refusal, translate, unknown

T = TypeVar("T")

#: How often a transaction is begun that loses against another one: Postgres ends one of two that
#: wait for each other, so the second try meets nobody who waits for it.
TRIES: Final = 3

#: Seconds to wait for a free connection: a statement of each of the others may take this long.
ROOM: Final = 30.0

#: Seconds for a transaction to be rolled back, or a connection to be closed, before it is cut.
END: Final = 5.0

#: Seconds for a transaction to be rolled back behind a statement that was not waited for any more.
#: A database that answers takes milliseconds to drop the statement and its locks. On a line that
#: is dead this is lost, and a heartbeat has to be tried on another one before its lease ends.
GRACE: Final = 1.0

_BEGIN: Final = "BEGIN"
#: What a crash of the database undoes is done again by whoever comes next.
_BEGIN_LIGHT: Final = "BEGIN; SET LOCAL synchronous_commit = off"
_BEGIN_VIEW: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

#: What ends a wait for an answer that may still come.
_UNANSWERED: Final = (TimeoutError, OSError, asyncio.CancelledError)


class Transactions:
    """The connections to one database: ``start``, ``run``, ``ask``, ``view``, ``stop``.

    All but ``stop`` raise StoreError and its kinds.
    """

    __slots__ = ("_pool", "_url", "fault", "where")

    def __init__(self, url: Secret[str]) -> None:
        self._url = url
        self.where = spelled(url)
        self.fault = Fault()
        self._pool: Pool | None = None

    async def start(self) -> None:
        """Connect."""
        try:
            self._pool = await open_pool(self._url)
        except Exception as error:
            raise translate(error, self.where) from error

    async def stop(self) -> None:
        """Close every connection. Idempotent."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            await asyncio.wait_for(pool.close(), END)
        except (TimeoutError, OSError, asyncpg.PostgresError, *CLIENT):
            pool.terminate()

    async def run(self, work: Callable[[Connection], Awaitable[T]], *, lasting: bool = True) -> T:
        """Do ``work`` in one transaction and return its value, once it is on disk.

        What is not ``lasting`` may be undone by a crash of the database: nobody waits for its
        disk. Work is called again when the whole transaction was rolled back for another's sake.
        """
        try:
            return await self.attempt(work, lasting=lasting)
        except Exception as error:
            raise translate(error, self.where) from error

    async def attempt(
        self, work: Callable[[Connection], Awaitable[T]], *, lasting: bool = True
    ) -> T:
        """Do as ``run`` does, and raise what the client raises where surely nothing was written."""
        tries = TRIES
        while True:
            tries -= 1
            try:
                async with self._open().acquire(timeout=ROOM) as connection:
                    begin = _BEGIN if lasting else _BEGIN_LIGHT
                    value = await self._within(connection, work, begin)
            except asyncpg.PostgresError as error:
                if not tries or not is_passing(error):
                    self.fault.note([translate(error, self.where)])
                    raise
            else:
                self.fault.note([None])
                return value

    async def ask(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Read: each statement sees what is committed when it begins."""
        try:
            async with self._open().acquire(timeout=ROOM) as connection:
                try:
                    return await work(connection)
                except _UNANSWERED:
                    # The pool would wait for the answer, for as long as for another statement.
                    _cut(connection)
                    raise
        except Exception as error:
            raise translate(error, self.where) from error

    async def view(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Read with several statements that see one moment."""
        try:
            async with self._open().acquire(timeout=ROOM) as connection:
                return await self._within(connection, work, _BEGIN_VIEW)
        except Exception as error:
            raise translate(error, self.where) from error

    def _open(self) -> Pool:
        if self._pool is None:
            raise StoreError(f"{self.where} is not open")
        return self._pool

    async def _within(
        self, connection: Connection, work: Callable[[Connection], Awaitable[T]], begin: str
    ) -> T:
        try:
            await connection.execute(begin)
            value = await work(connection)
        except _UNANSWERED:
            await _rolled_back(connection, within=GRACE)
            raise
        except BaseException:
            await _rolled_back(connection, within=END)
            raise
        crashpoint(Crashpoint.COMMITTING)
        await self._commit(connection)
        crashpoint(Crashpoint.COMMITTED)
        return value

    async def _commit(self, connection: Connection) -> None:
        try:
            said = await connection.execute("COMMIT")
        except BaseException as error:
            # Whatever state it is in, nobody else is given this connection.
            _cut(connection)
            if not isinstance(error, Exception) or is_refusal(error):
                raise
            raise unknown(self.where, error) from error
        if said != "COMMIT":
            # A statement that failed and was not heard: the server rolled all of it back.
            raise StoreError(f"{self.where} rolled a transaction back instead of committing it")


async def _rolled_back(connection: Connection, *, within: float) -> None:
    try:
        await connection.execute("ROLLBACK", timeout=within)
    except (TimeoutError, OSError, asyncpg.PostgresError, *CLIENT):
        # The server rolls back what loses its connection.
        _cut(connection)


def _cut(connection: Connection) -> None:
    # One that was lost is no longer the pool's, and has nothing to be cut.
    with suppress(*CLIENT):
        connection.terminate()
