"""A host table in Postgres: read in a transaction that can not write, with a channel to listen to.

Nothing is set for a session but within its transaction, so that a pooler in between (PgBouncer)
does no harm; one that hands connections out by transaction hears no notifications.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import groupby
from typing import Final, TypeAlias

import asyncpg

from vedette.ports.address import AddressGuard
from vedette.sources.database import BATCH, INSTANTS, Batch, Order, SourceError
from vedette.sources.settings import SourceSettings
from vedette.sources.statement import Marks, Statement
from vedette.sources.value import Value
from vedette.sources.way import Way
from vedette.web.way import first_line

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

#: Seconds to make a connection in, or to say goodbye on one.
_CONNECT: Final = 10.0
_GOODBYE: Final = 2.0
#: Seconds between two looks whether a connection that only listens is alive.
PROOF: Final = 30.0

_FAILURES: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    # What asyncpg says when the server's farewell came just before the next statement.
    asyncpg.InternalClientError,
    OSError,
    EOFError,
)

#: Types of a parameter that an instant is given as a text to.
_TEXTS: Final = frozenset({"text", "varchar", "bpchar", "name", "unknown"})
_WHOLE: Final = frozenset({"int2", "int4", "int8"})


def database(settings: SourceSettings, guard: AddressGuard) -> PostgresTable:
    """Return the database of a source."""
    return PostgresTable(settings, Way(location=settings.location, guard=guard))


class PostgresTable:
    """One database, connected to when there is something to do."""

    def __init__(self, settings: SourceSettings, way: Way) -> None:
        self._settings = settings
        self._way = way

    async def read(self, query: str) -> AsyncGenerator[Batch]:
        """Yield what a query finds."""
        async with self._connection() as connection:
            # Never ended in order, which would wait for a server that does not answer: it ends
            # with the connection, and has nothing to keep.
            await connection.transaction(readonly=True).start()
            await self._limit(connection)
            statement = await connection.prepare(query)
            columns = tuple(each.name for each in statement.get_attributes())
            if not columns:
                raise SourceError(self._way.location.line("the query yields no columns"))
            cursor = await statement.cursor()
            rows: list[asyncpg.Record] = []
            while True:
                yield Batch(columns=columns, rows=[dict(each) for each in rows])
                rows = await cursor.fetch(BATCH)
                if not rows:
                    return

    async def write(self, orders: Sequence[Order]) -> Sequence[str]:
        """Run statements, those of one kind together; a row that is refused holds up no other."""
        refused: list[str] = []
        async with self._connection() as connection:
            for statement, alike in groupby(orders, key=lambda order: order.statement):
                together = list(alike)
                if await self._written(connection, statement, together) is None:
                    continue
                for order in together:
                    why = await self._written(connection, statement, [order])
                    if why is not None:
                        refused.append(why)
        return refused

    async def _written(
        self, connection: Connection, statement: Statement, orders: Sequence[Order]
    ) -> str | None:
        """Run a statement for some rows in one transaction; return why nothing was written."""
        text, names = statement.marked(Marks.NUMBERED)
        transaction = connection.transaction()
        await transaction.start()
        try:
            await self._limit(connection)
            prepared = await connection.prepare(text)
            kinds = [each.name for each in prepared.get_parameters()]
            await prepared.executemany(
                [
                    fitted(order.values[name], kind, is_instant=name in INSTANTS)
                    for name, kind in zip(names, kinds, strict=True)
                ]
                for order in orders
            )
        except (asyncpg.PostgresError, ValueError) as error:
            if connection.is_closed():
                raise
            await transaction.rollback()
            return first_line(error)
        await transaction.commit()
        return None

    async def listen(self, channel: str, heard: Callable[[], None]) -> None:
        """Call ``heard`` at each notification, until the connection is lost."""
        lost = asyncio.Event()
        async with self._connection() as connection:
            connection.add_termination_listener(lambda _connection: lost.set())
            await connection.add_listener(channel, lambda *_about: heard())
            # Whatever was said before was said to nobody.
            heard()
            while not lost.is_set():
                try:
                    async with asyncio.timeout(PROOF):
                        await lost.wait()
                except TimeoutError:
                    await connection.execute("SELECT 1", timeout=_CONNECT)

    async def _limit(self, connection: Connection) -> None:
        """Have the server end what nobody waits for any more, and look into the schema first."""
        await connection.execute(
            f"SET LOCAL statement_timeout = {round(self._settings.timeout * 1000)}"
        )
        if self._settings.location.schema is not None:
            await connection.execute(
                "SELECT set_config('search_path', $1, true)", self._settings.location.schema
            )

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        """Connect for a while. Raises SourceError, also for what fails meanwhile."""
        try:
            connection = await self._connect()
        except (*_FAILURES, TimeoutError) as error:
            raise self._way.failed(error) from error
        try:
            yield connection
            await connection.close(timeout=_GOODBYE)
        except (*_FAILURES, TimeoutError) as error:
            raise self._way.failed(error) from error
        finally:
            # Without effect on one that is closed; never waits.
            connection.terminate()

    async def _connect(self) -> Connection:
        place = self._way.location
        return await asyncpg.connect(
            host=list(await self._way.addresses()),
            port=place.port,
            user=place.user,
            password=None if place.password is None else place.password.reveal(),
            database=place.path,
            timeout=_CONNECT,
            command_timeout=self._settings.timeout,
            ssl=self._way.trust() or False,
            # A pooler may hand the next statement to another server.
            statement_cache_size=0,
            server_settings={"application_name": f"vedette {self._settings.name}"},
        )


def fitted(value: Value, kind: str, *, is_instant: bool = False) -> Value:
    """Return a value as a parameter of a type takes it; instants are in seconds since 1970."""
    if is_instant and isinstance(value, float):
        return _moment(value, kind)
    if value is not None and kind in _TEXTS:
        return str(value)
    if kind in _WHOLE and isinstance(value, str):
        return int(value)
    return value


def _moment(value: float, kind: str) -> Value:
    moment = datetime.fromtimestamp(value, UTC)
    match kind:
        case "timestamp":
            # Without a zone; those who use the type have UTC in it.
            return moment.replace(tzinfo=None)
        case "float8" | "numeric":
            return value
        case _ if kind in _TEXTS:
            return moment.isoformat(timespec="milliseconds")
        case _ if kind in _WHOLE:
            return round(value)
        case _:
            return moment
