"""How accounts and endpoints are doing: rows and nouns, both ways.

It knows rows and nothing of transactions.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from vedette.model.account import Health
from vedette.model.delivery import EndpointState
from vedette.model.ids import EndpointId
from vedette.store.rows.health import COLUMNS, columns, health_of
from vedette.store.sqlite.statements import sql
from vedette.store.words import printable

_HEALTH_PUT = sql("health_put")
_HEALTHS = sql("healths")
_ENDPOINT_PUT = sql("endpoint_put")
_ENDPOINT = sql("endpoint_by_id")
_ENDPOINTS = sql("endpoints")


def put_healths(connection: sqlite3.Connection, notes: Iterable[Health]) -> None:
    """Write the health of accounts."""
    connection.executemany(
        _HEALTH_PUT, (dict(zip(COLUMNS, columns(each), strict=True)) for each in notes)
    )


def healths(connection: sqlite3.Connection) -> list[Health]:
    """Return the health of every account, by its id."""
    return [health_of(row) for row in connection.execute(_HEALTHS)]


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
