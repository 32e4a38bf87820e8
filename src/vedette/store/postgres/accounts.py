"""How accounts and endpoints are doing: rows and nouns, both ways.

It knows rows and nothing of transactions.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from vedette.errors import StoreError
from vedette.model.account import Health
from vedette.model.delivery import EndpointState
from vedette.model.ids import EndpointId
from vedette.ports.ownership import Noted
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.statements import sql
from vedette.store.rows import health as rows
from vedette.store.words import printable

_HEALTHS_PUT: Final = sql("healths_put")
_HEALTHS: Final = sql("healths")
_HEALTHS_MARK: Final = sql("healths_mark")
_HEALTHS_SINCE: Final = sql("healths_since")
_ENDPOINT_PUT: Final = sql("endpoint_put")
_ENDPOINT: Final = sql("endpoint_by_id")
_ENDPOINTS: Final = sql("endpoints")


def check(health: Health) -> None:
    """Raise StoreError for a note that could not be written when its turn comes."""
    rows.check(health)
    if "\0" in health.account + health.tenant + health.credential:
        raise StoreError("a note can not be stored: an id holds a NUL")


async def put_healths(connection: Connection, notes: Iterable[Health]) -> None:
    """Write the health of accounts; of one that comes twice the last word counts."""
    latest = {health.account: rows.columns(health) for health in notes}
    if latest:
        written = [latest[account] for account in sorted(latest)]
        await connection.execute(_HEALTHS_PUT, *zip(*written, strict=True))


async def healths(connection: Connection) -> list[Health]:
    """Return the health of every account, by its id."""
    return [rows.health_of(row) for row in await connection.fetch(_HEALTHS)]


async def healths_since(connection: Connection, *, mark: str, after: str, limit: int) -> Noted:
    """Return the health that was noted since a mark, by account.

    A transaction writes its number into each row (xmin: "System Columns", postgresql.org/docs): what
    was written since some moment has one that was not given then, or was under way. So nobody keeps,
    or indexes, when a row was written that is written all the time.
    """
    # Before the rows: what is written in between is told again.
    now: Any = await connection.fetchval(_HEALTHS_MARK)
    found = await connection.fetch(_HEALTHS_SINCE, mark or None, after, limit)
    return Noted(healths=tuple(rows.health_of(row) for row in found), mark=str(now))


async def put_endpoint(connection: Connection, state: EndpointState) -> None:
    """Write how an endpoint is doing."""
    await connection.execute(
        _ENDPOINT_PUT,
        state.id,
        state.disabled_at,
        printable(state.disabled_reason),
        state.failing_since,
        state.failures,
        state.delivered_at,
    )


async def endpoint(connection: Connection, id_: EndpointId) -> EndpointState:
    """Return how an endpoint is doing; a fresh state for one never used."""
    row = await connection.fetchrow(_ENDPOINT, id_)
    return EndpointState(id=id_) if row is None else _endpoint(row)


async def endpoints(connection: Connection) -> list[EndpointState]:
    """Return how every endpoint that was used is doing, by its id."""
    return [_endpoint(row) for row in await connection.fetch(_ENDPOINTS)]


def _endpoint(row: Any) -> EndpointState:
    return EndpointState(
        id=EndpointId(row[0]),
        disabled_at=row[1],
        disabled_reason=row[2],
        failing_since=row[3],
        failures=row[4],
        delivered_at=row[5],
    )
