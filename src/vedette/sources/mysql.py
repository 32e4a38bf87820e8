"""A host table in MySQL or MariaDB: read in a session that can not write.

The library upgrades to TLS where the server offers it, and goes on without where it does not; here
that is refused before anything of the password is sent, as are several statements in one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final

import aiomysql
from pymysql.constants import CLIENT
from pymysql.err import Error

from vedette.ports.address import AddressGuard
from vedette.sources.database import BATCH, INSTANTS, Batch, Order, SourceError
from vedette.sources.settings import SourceSettings
from vedette.sources.statement import Marks
from vedette.sources.value import Value
from vedette.sources.way import Way
from vedette.web.way import first_line

#: Seconds to make a connection to one address in.
_CONNECT: Final = 10.0

#: Seconds to say goodbye in.
_GOODBYE: Final = 2.0
#: A packet of one octet, COM_QUIT (protocol of MySQL, command phase).
_QUIT: Final = b"\x01\x00\x00\x00\x01"

_FAILURES: Final = (Error, OSError, EOFError, RuntimeError)

#: Codes of errors that are of the connection, not of a statement (client errors begin at 2000).
_CLIENT: Final = range(2000, 3000)


def database(settings: SourceSettings, guard: AddressGuard) -> MysqlTable:
    """Return the database of a source."""
    return MysqlTable(settings, Way(location=settings.location, guard=guard))


class _Connection(aiomysql.Connection):  # type: ignore[misc]  # the library has no types
    """A connection that does what was asked for, or nothing."""

    async def _request_authentication(self) -> None:
        self.client_flag &= ~CLIENT.MULTI_STATEMENTS
        if self._ssl_context and not self.server_capabilities & CLIENT.SSL:
            raise SourceError("the server offers no TLS")
        await super()._request_authentication()

    async def _process_auth(self, plugin_name: bytes, auth_packet: Any) -> Any:
        if plugin_name == b"mysql_clear_password" and not self._secure:
            raise SourceError("the server asks for the password in the clear, without TLS")
        return await super()._process_auth(plugin_name, auth_packet)

    async def leave(self) -> None:
        """Close in order, or the server would note each connection as an aborted one."""
        writer = self._writer
        if writer is None:
            return
        writer.write(_QUIT)
        writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_GOODBYE):
                await writer.wait_closed()

    async def drop(self) -> None:
        """Close at once, whatever is left to read."""
        if self._writer is not None:
            self._writer.transport.abort()
        self.close()
        # A transport is closed with the next turn of the loop.
        await asyncio.sleep(0)


class MysqlTable:
    """One database, connected to when there is something to do."""

    def __init__(self, settings: SourceSettings, way: Way) -> None:
        self._settings = settings
        self._way = way

    async def read(self, query: str) -> AsyncGenerator[Batch]:
        """Yield what a query finds."""
        async with self._connection() as connection:
            # Not closed, which would first read all rows that are left.
            cursor = await connection.cursor(aiomysql.SSCursor)
            # For the session, so that no statement that ends a transaction opens a way out.
            await cursor.execute("SET SESSION TRANSACTION READ ONLY")
            await cursor.execute(query)
            if not cursor.description:
                raise SourceError(self._way.location.line("the query yields no columns"))
            columns = tuple(each[0] for each in cursor.description)
            rows: list[tuple[Value, ...]] = []
            while True:
                made = [dict(zip(columns, each, strict=True)) for each in rows]
                yield Batch(columns=columns, rows=made)
                rows = await cursor.fetchmany(BATCH)
                if not rows:
                    return

    async def write(self, orders: Sequence[Order]) -> Sequence[str]:
        """Run statements; each is a transaction of its own, so one that fails holds up no other."""
        refused: list[str] = []
        async with self._connection() as connection, connection.cursor() as cursor:
            await connection.autocommit(True)  # noqa: FBT003 - the library's own signature
            for order in orders:
                text, names = order.statement.marked(Marks.FORMAT)
                values = tuple(
                    fitted(order.values[name], is_instant=name in INSTANTS) for name in names
                )
                try:
                    await cursor.execute(text, values)
                except Error as error:
                    if error.args and error.args[0] in _CLIENT:
                        raise
                    refused.append(said(error))
        return refused

    async def listen(self, channel: str, heard: Callable[[], None]) -> None:
        """Refuse: there are no notifications here."""
        heard()
        raise SourceError(self._way.location.line(f"there is no channel {channel!r} to listen to"))

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[_Connection]:
        """Connect for a while. Raises SourceError, also for what fails meanwhile."""
        connection = await self._connect()
        try:
            await self._limit(connection)
            yield connection
            await connection.leave()
        except _FAILURES as error:
            raise SourceError(self._way.location.line(said(error))) from error
        finally:
            await connection.drop()

    async def _connect(self) -> _Connection:
        failed = []
        for address in await self._way.addresses():
            connection = self._made(address)
            try:
                async with asyncio.timeout(_CONNECT):
                    await connection._connect()  # noqa: SLF001 - what the library's ``connect`` does
            except (*_FAILURES, TimeoutError, SourceError) as error:
                await connection.drop()
                failed.append(f"{address}: {said(error)}")
            except BaseException:
                await connection.drop()
                raise
            else:
                return connection
        raise SourceError(self._way.location.line("; ".join(failed)))

    def _made(self, address: str) -> _Connection:
        place = self._way.location
        return _Connection(
            host=address,
            port=place.port,
            user=place.user or "",
            password="" if place.password is None else place.password.reveal(),
            db=place.path,
            charset="utf8mb4",
            program_name="vedette",
            ssl=self._way.trust(),
        )

    async def _limit(self, connection: _Connection) -> None:
        """Have the server end what nobody waits for any more, and speak of time in UTC."""
        seconds = self._settings.timeout
        if "mariadb" in connection.get_server_info().lower():
            limit = f"max_statement_time = {seconds:g}"
        else:
            limit = f"max_execution_time = {round(seconds * 1000)}"
        async with connection.cursor() as cursor:
            await cursor.execute(f"SET SESSION {limit}, time_zone = '+00:00'")


def fitted(value: Value, *, is_instant: bool = False) -> Value:
    """Return a value as a parameter; an instant, in seconds since 1970, as its time in UTC."""
    if is_instant and isinstance(value, float):
        return datetime.fromtimestamp(value, UTC).replace(tzinfo=None)
    return value


def said(error: BaseException) -> str:
    """Return the words of an error; the library puts a number before them."""
    if isinstance(error, Error) and len(error.args) > 1:
        cause = error.__cause__
        return str(error.args[1]) if cause is None else f"{error.args[1]}: {first_line(cause)}"
    return first_line(error)
