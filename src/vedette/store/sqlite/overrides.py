"""Write and read what people set of guards: kill switches and allows.

It knows rows and nothing of transactions.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from vedette.model.ids import AccountId
from vedette.ports.override import Allow, Scope, Switch
from vedette.store.sqlite import audit
from vedette.store.sqlite.statements import sql
from vedette.store.words import printable

_SWITCH_PUT = sql("switch_put")
_SWITCHES = sql("switches")
_ALLOW_PUT = sql("allow_put")
_ALLOWS = sql("allows")
_ALLOWS_ALL = sql("allows_all")


def put_switch(connection: sqlite3.Connection, switch: Switch) -> None:
    """Set a switch, and say so in the audit."""
    reason = printable(switch.reason)
    connection.execute(
        _SWITCH_PUT,
        {
            "scope": switch.scope,
            "name": switch.name,
            "is_off": switch.is_off,
            "until": switch.until,
            "reason": reason,
            "actor": switch.by,
            "at": switch.at,
        },
    )
    detail = {
        "scope": switch.scope,
        "name": switch.name,
        "until": switch.until,
        "reason": reason,
    }
    audit.append(
        connection,
        actor=switch.by,
        what="switch.off" if switch.is_off else "switch.on",
        detail=json.dumps(detail),
        now=switch.at,
    )


def switches(connection: sqlite3.Connection) -> list[Switch]:
    """Return the last word about each scope and name."""
    return [
        Switch(
            scope=Scope(row[0]),
            name=row[1],
            is_off=bool(row[2]),
            until=row[3],
            reason=row[4],
            by=row[5],
            at=row[6],
        )
        for row in connection.execute(_SWITCHES)
    ]


def put_allow(connection: sqlite3.Connection, allow: Allow) -> None:
    """Set an allow or take it back."""
    connection.execute(
        _ALLOW_PUT,
        {
            "account": allow.account,
            "guard": allow.guard,
            "domain": printable(allow.domain),
            "at": allow.at,
            "source": allow.source,
            "active": allow.is_active,
        },
    )


def allows(connection: sqlite3.Connection, account: AccountId) -> list[Allow]:
    """Return the active allows of an account."""
    return _read(connection.execute(_ALLOWS, {"account": account}))


def every_allow(connection: sqlite3.Connection) -> list[Allow]:
    """Return the active allows of all accounts."""
    return _read(connection.execute(_ALLOWS_ALL))


def _read(rows: Iterable[tuple[Any, ...]]) -> list[Allow]:
    return [
        Allow(
            account=AccountId(row[0]),
            guard=row[1],
            domain=row[2],
            at=row[3],
            source=row[4],
            is_active=bool(row[5]),
        )
        for row in rows
    ]
