"""Lets events go of tenants that keep less than the service does. It knows rows alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Final

from vedette.model.ids import TenantId
from vedette.store.sqlite.statements import sql

_PRUNABLE: Final = sql("events_prunable_of_tenant")
_DELIVERIES_DELETE: Final = sql("deliveries_of_event_delete")
_EVENT_DELETE: Final = sql("event_delete")


def prune_tenants(
    connection: sqlite3.Connection, *, before: Mapping[TenantId, float], limit: int
) -> int:
    """Delete at most ``limit`` settled events, each with its deliveries; return how many."""
    left = max(limit, 0)
    for tenant, instant in before.items():
        asked = {"tenant": tenant, "before": instant, "limit": left}
        for (seq,) in connection.execute(_PRUNABLE, asked).fetchall():
            connection.execute(_DELIVERIES_DELETE, {"seq": seq})
            connection.execute(_EVENT_DELETE, {"seq": seq})
            left -= 1
        if not left:
            break
    return max(limit, 0) - left
