"""How accounts and endpoints are doing: rows and nouns, both ways.

It knows rows and nothing of transactions.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from math import isnan

from vedette.errors import StoreError, Trouble
from vedette.model.account import AccountState, Health
from vedette.model.delivery import EndpointState
from vedette.model.ids import AccountId, EndpointId, TenantId
from vedette.store.sqlite.statements import sql
from vedette.store.words import printable

_HEALTH_PUT = sql("health_put")
_HEALTHS = sql("healths")
_ENDPOINT_PUT = sql("endpoint_put")
_ENDPOINT = sql("endpoint_by_id")
_ENDPOINTS = sql("endpoints")


def check(health: Health) -> None:
    """Raise StoreError for a note that could not be written when its turn comes."""
    for value in _columns(health).values():
        if isinstance(value, str):
            try:
                value.encode("utf-8")
            except UnicodeEncodeError as error:
                raise StoreError(f"a note can not be stored: {error}") from error
        elif isinstance(value, float) and isnan(value):
            raise StoreError(f"a note of {health.account} can not be stored: an instant is NaN")


def put_healths(connection: sqlite3.Connection, healths: Iterable[Health]) -> None:
    """Write the health of accounts."""
    connection.executemany(_HEALTH_PUT, map(_columns, healths))


def _columns(health: Health) -> dict[str, str | float | None]:
    return {
        "account": health.account,
        "tenant": health.tenant,
        "email": printable(health.email),
        "state": health.state,
        "since": health.since,
        "proof_at": health.proof_at,
        "work_at": health.work_at,
        "error_at": health.error_at,
        "error": None if health.error is None else printable(health.error),
        "trouble": health.trouble,
        "lag": health.lag,
        "strikes": health.strikes,
        "credential": health.credential,
    }


def healths(connection: sqlite3.Connection) -> list[Health]:
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
        for row in connection.execute(_HEALTHS)
    ]


def put_endpoint(connection: sqlite3.Connection, state: EndpointState) -> None:
    """Write how an endpoint is doing."""
    connection.execute(
        _ENDPOINT_PUT,
        {
            "id": state.id,
            "disabled_at": state.disabled_at,
            "disabled_reason": printable(state.disabled_reason),
            "failing_since": state.failing_since,
            "failures": state.failures,
            "delivered_at": state.delivered_at,
        },
    )


def endpoint(connection: sqlite3.Connection, id_: EndpointId) -> EndpointState:
    """Return how an endpoint is doing; a fresh state for one never used."""
    row = connection.execute(_ENDPOINT, {"id": id_}).fetchone()
    return EndpointState(id=id_) if row is None else _endpoint(row)


def endpoints(connection: sqlite3.Connection) -> list[EndpointState]:
    """Return how every endpoint that was used is doing, by its id."""
    return [_endpoint(row) for row in connection.execute(_ENDPOINTS)]


def _endpoint(row: tuple[str, float | None, str, float | None, int, float | None]) -> EndpointState:
    return EndpointState(
        id=EndpointId(row[0]),
        disabled_at=row[1],
        disabled_reason=row[2],
        failing_since=row[3],
        failures=row[4],
        delivered_at=row[5],
    )
