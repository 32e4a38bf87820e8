"""Write and read what people set of guards: kill switches and allows.

It knows rows and nothing of transactions.
"""

from __future__ import annotations

import sqlite3

from vedette.model.ids import AccountId
from vedette.ports.override import Allow, Switch
from vedette.store import marks
from vedette.store.rows import override as rows
from vedette.store.sqlite import audit
from vedette.store.sqlite.statements import sql

_SWITCH_PUT = sql("switch_put")
_SWITCHES = sql("switches")
_ALLOW_PUT = sql("allow_put")
_ALLOWS = sql("allows")
_ALLOWS_ALL = sql("allows_all")


def put_switch(connection: sqlite3.Connection, switch: Switch) -> None:
    """Set a switch, and say so in the audit."""
    connection.execute(_SWITCH_PUT, rows.switch_columns(switch))
    audit.append(connection, marks.switched(switch))


def switches(connection: sqlite3.Connection) -> list[Switch]:
    """Return the last word about each scope and name."""
    return [rows.switch(row) for row in connection.execute(_SWITCHES)]


def put_allow(connection: sqlite3.Connection, allow: Allow) -> None:
    """Set an allow or take it back."""
    connection.execute(_ALLOW_PUT, rows.allow_columns(allow))


def allows(connection: sqlite3.Connection, account: AccountId) -> list[Allow]:
    """Return the active allows of an account."""
    return [rows.allow(row) for row in connection.execute(_ALLOWS, {"account": account})]


def every_allow(connection: sqlite3.Connection) -> list[Allow]:
    """Return the active allows of all accounts."""
    return [rows.allow(row) for row in connection.execute(_ALLOWS_ALL)]
