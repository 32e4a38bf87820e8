"""A table of Postgres: a row for each event, once, whatever happens on the way.

``INSERT … ON CONFLICT (event_id) DO NOTHING``: a COMMIT whose answer was lost is refused and sent
again, and the second row is none. So this is the one way out that needs nothing of its reader to
count each event exactly once.

Attempts that come while a statement is under way share the next one, and so one COMMIT. A row
that Postgres does not take is found by trying each alone: it does not hold up the others.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

import asyncpg

from vedette.model.delivery import Parcel
from vedette.sinks.broker import RejectedError, UnfitError
from vedette.sinks.facts import Facts
from vedette.sinks.reach import Way
from vedette.sinks.settings import PostgresSettings
from vedette.sinks.tablename import quoted
from vedette.web.way import Named, first_line

#: Rows of one statement: more share a COMMIT than endpoints have attempts at a time by default.
_ROWS: Final = 200
#: Octets of the bodies of one statement, unless a single one has more.
_OCTETS: Final = 16 * 1024 * 1024
#: Seconds for the task of a link to end that has nothing left to wait for.
_GOODBYE: Final = 0.5
#: NUL, which neither text nor jsonb of Postgres has (sections 8.3 and 8.14), becomes U+FFFD.
_NUL: Final = "\0"
_REPLACED: Final = "\N{REPLACEMENT CHARACTER}"
_NUL_ESCAPE: Final = rb"\u0000"
_REPLACED_ESCAPE: Final = rb"\ufffd"
_BACKSLASH: Final = rb"\\"
#: What is wrong with the table, not with a row: it is missing (42P01, 3F000), it lacks a column
#: (42703) or the unique index (42P10), it is not for this user (42501), or a column has another
#: type (42804).
_OF_TABLE: Final = frozenset({"42P01", "3F000", "42703", "42P10", "42501", "42804"})
#: A standby since a failover: its name is looked up again.
_READ_ONLY: Final = "25006"

#: To json, which becomes what the column is: jsonb, json or text.
_INSERT: Final = """\
INSERT INTO {} (event_id, type, tenant, account, time, body)
SELECT e.event_id, e.type, e.tenant, e.account, coalesce(e.time::timestamptz, now()), e.body::json
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
  AS e (event_id, type, tenant, account, time, body)
ON CONFLICT (event_id) DO NOTHING
RETURNING event_id
"""

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class Row(NamedTuple):
    """The columns of one event, in the order of the statement."""

    event_id: str
    type: str
    tenant: str
    account: str
    time: str | None
    body: str


class Waiting(NamedTuple):
    """A row, and who waits for it: the answer is whether it is new."""

    row: Row
    taken: asyncio.Future[bool]


def broker(settings: PostgresSettings, way: Way) -> PostgresBroker:
    """Return what opens links. Raises SinkError for a table that can not be."""
    return PostgresBroker(settings, way)


class PostgresBroker:
    """Opens links to one database."""

    failures: tuple[type[Exception], ...] = (
        asyncpg.InterfaceError,
        # What asyncpg says when the server's farewell came just before the next statement.
        asyncpg.InternalClientError,
        OSError,
        EOFError,
    )

    def __init__(self, settings: PostgresSettings, way: Way) -> None:
        self._settings = settings
        self._way = way
        self._insert = _INSERT.format(quoted(settings.table))
        self._trust = (
            Named.made(way.place.host, settings.ca_file, verify=settings.verify)
            if way.place.tls
            else None
        )

    async def open(self) -> PostgresLink:
        """Connect, log in and look for the table."""
        try:
            connection = await self._connect()
        except asyncpg.PostgresError as error:
            raise RejectedError(first_line(error)) from error
        link = PostgresLink(connection, self._insert, self._settings.table)
        try:
            await link.look()
        except BaseException:
            await link.close()
            raise
        return link

    async def _connect(self) -> Connection:
        place = self._way.place
        patience = self._settings.timeout
        return await asyncpg.connect(
            # Addresses, never the name: what was judged is what is dialled.
            host=list(await self._way.addresses()),
            port=place.port,
            user=place.user,
            password=None if place.password is None else place.password.reveal(),
            database=place.path or place.user,
            timeout=patience,
            ssl=self._trust or False,
            server_settings={
                "application_name": "vedette",
                # The server ends what nobody waits for any more: else each attempt at a table
                # that is locked would leave a session behind.
                "statement_timeout": str(round(patience * 1000)),
            },
        )


class PostgresLink:
    """One connection, with one statement under way at a time."""

    def __init__(self, connection: Connection, insert: str, table: str) -> None:
        self._connection = connection
        self._insert = insert
        self._table = table
        self._queue: deque[Waiting] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._over = False

    @property
    def is_open(self) -> bool:
        """Whether the connection stands, as far as the client knows."""
        return not (self._over or self._connection.is_closed())

    async def look(self) -> None:
        """Insert no rows. Raises UnfitError, with what to do, where the table is not as it must be.

        To prepare the statement would tell less, and leave a lock behind: the library ends a
        transaction with what it executes.
        """
        await self._inserted([])

    async def publish(self, parcel: Parcel, about: Facts) -> str:
        """Insert, and return once it is committed."""
        taken: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._queue.append(Waiting(row(parcel, about), taken))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all(), name="rows of Postgres")
        is_new = await taken
        return f"a row of {self._table}{'' if is_new else ', known already'}"

    async def close(self) -> None:
        """Close at once: what is committed is safe, and the rest is sent again."""
        self._over = True
        self._connection.terminate()
        if self._writer is not None:
            await asyncio.wait((self._writer,), timeout=_GOODBYE)

    async def _write_all(self) -> None:
        """Write until there is nothing to write."""
        while self._queue:
            group = self._group()
            if group:
                await self._write(group)

    def _group(self) -> list[Waiting]:
        """Take what fits into one statement; who gave up waiting is left out."""
        group: list[Waiting] = []
        size = 0
        while self._queue and len(group) < _ROWS:
            size += len(self._queue[0].row.body)
            if group and size > _OCTETS:
                break
            waiting = self._queue.popleft()
            if not waiting.taken.done():
                group.append(waiting)
        return group

    async def _write(self, group: Sequence[Waiting]) -> None:
        """Write a group, and tell each what came of it."""
        try:
            new = await self._inserted([each.row for each in group])
        except RejectedError as error:
            if len(group) == 1:
                _fail(group, error)
                return
            for each in group:
                await self._write([each])
        except Exception as error:  # noqa: BLE001 - who waits is told, and raises it
            _fail(group, error)
        else:
            for each in group:
                if not each.taken.done():
                    each.taken.set_result(each.row.event_id in new)

    async def _inserted(self, rows: Sequence[Row]) -> set[str]:
        """Return the ids that were new. Raises RejectedError, or an OSError for a lost link."""
        if self._over:
            raise ConnectionError("the link was given up before the COMMIT was answered")
        try:
            columns = [[each[number] for each in rows] for number in range(len(Row._fields))]
            found = await self._connection.fetch(self._insert, *columns)
        except asyncpg.PostgresError as error:
            if self._connection.is_closed() or self._over:
                raise ConnectionError(first_line(error)) from error
            raise self._refusal(error) from error
        return {each["event_id"] for each in found}

    def _refusal(self, error: asyncpg.PostgresError) -> Exception:
        said = first_line(error)
        match getattr(error, "sqlstate", None):
            case str(state) if state in _OF_TABLE:
                return UnfitError(
                    f"the table is not as docs/reference/brokers.md prints it: {said}"
                )
            case str(state) if state == _READ_ONLY:
                self._over = True
                return ConnectionError(said)
            case _:
                return RejectedError(said)


def row(parcel: Parcel, about: Facts) -> Row:
    """Return the columns of an event."""
    body = parcel.body
    if _NUL_ESCAPE in body:
        # Pairs of backslashes first: what follows one is text, not an escape (RFC 8259 section 7).
        pieces = body.split(_BACKSLASH)
        body = _BACKSLASH.join(each.replace(_NUL_ESCAPE, _REPLACED_ESCAPE) for each in pieces)
    return Row(
        event_id=_text(parcel.event),
        type=parcel.type,
        tenant=_text(about.tenant),
        account=_text(about.account),
        time=about.attributes.get("time"),
        body=body.decode(errors="replace"),
    )


def _text(value: str) -> str:
    return value.replace(_NUL, _REPLACED)


def _fail(group: Sequence[Waiting], error: Exception) -> None:
    for each in group:
        if not each.taken.done():
            each.taken.set_exception(error)
