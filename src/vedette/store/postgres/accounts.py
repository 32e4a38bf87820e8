"""How accounts and endpoints are doing: rows and nouns, both ways.

It knows rows and nothing of transactions.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isnan
from typing import Any, Final

from vedette.errors import StoreError, Trouble
from vedette.model.account import AccountState, Health
from vedette.model.delivery import EndpointState
from vedette.model.ids import AccountId, EndpointId, TenantId
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.statements import sql
from vedette.store.words import printable

_HEALTHS_PUT: Final = sql("healths_put")
_HEALTHS: Final = sql("healths")
_ENDPOINT_PUT: Final = sql("endpoint_put")
_ENDPOINT: Final = sql("endpoint_by_id")
_ENDPOINTS: Final = sql("endpoints")


def check(health: Health) -> None:
    """Raise StoreError for a note that could not be written when its turn comes."""
    for value in _columns(health):
        if isinstance(value, str):
            try:
                value.encode("utf-8")
            except UnicodeEncodeError as error:
                raise StoreError(f"a note can not be stored: {error}") from error
            if "\0" in value:
                raise StoreError("a note can not be stored: an id holds a NUL")
        elif isinstance(value, float) and isnan(value):
            raise StoreError(f"a note of {health.account} can not be stored: an instant is NaN")


async def put_healths(connection: Connection, healths: Iterable[Health]) -> None:
    """Write the health of accounts; of one that comes twice the last word counts."""
    latest = {health.account: _columns(health) for health in healths}
    if latest:
        rows = [latest[account] for account in sorted(latest)]
        await connection.execute(_HEALTHS_PUT, *zip(*rows, strict=True))


def _columns(health: Health) -> tuple[str | float | None, ...]:
    return (
        health.account,
        health.tenant,
        printable(health.email),
        health.state,
        health.since,
        health.proof_at,
        health.work_at,
        health.error_at,
        None if health.error is None else printable(health.error),
        health.trouble,
        health.lag,
        health.strikes,
        health.credential,
    )


async def healths(connection: Connection) -> list[Health]:
    """Return the health of every account, by its id."""
    return [
        Health(
            account=AccountId(row[0]),
            tenant=TenantId(row[1]),
            email=row[2],
            state=AccountState(row[3]),
            since=row[4],
            proof_at=row[5],
            work_at=row[6],
            error_at=row[7],
            error=row[8],
            trouble=None if row[9] is None else Trouble(row[9]),
            lag=row[10],
            strikes=row[11],
            credential=row[12],
        )
        for row in await connection.fetch(_HEALTHS)
    ]


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
