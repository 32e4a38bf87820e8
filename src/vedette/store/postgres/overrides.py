"""Write and read what people set of guards: kill switches and allows.

It knows rows and nothing of transactions: each call is within that of its caller.
"""

from __future__ import annotations

from vedette.model.ids import AccountId
from vedette.ports.override import Allow, Switch
from vedette.store import marks
from vedette.store.postgres import audit
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.statements import sql
from vedette.store.rows import override as rows

_SWITCH_PUT = sql("switch_put")
_SWITCHES = sql("switches")
_ALLOW_PUT = sql("allow_put")
_EDITION_NEXT = sql("edition_next")
_EDITION = sql("edition")
_ALLOWS = sql("allows")
_ALLOWS_ALL = sql("allows_all")


async def put_switch(connection: Connection, switch: Switch) -> None:
    """Set a switch, and say so in the audit."""
    await connection.execute(_SWITCH_PUT, *rows.switch_columns(switch).values())
    await audit.append(connection, marks.switched(switch))


async def switches(connection: Connection) -> list[Switch]:
    """Return the last word about each scope and name."""
    return [rows.switch(row) for row in await connection.fetch(_SWITCHES)]


async def put_allow(connection: Connection, allow: Allow) -> None:
    """Set an allow or take it back. It leaves no mark in the audit, and is seen all the same."""
    await connection.execute(_ALLOW_PUT, *rows.allow_columns(allow).values())
    await connection.execute(_EDITION_NEXT)


async def edition(connection: Connection) -> int:
    """Return a number that every mark in the audit and every allow makes another one."""
    found: int | None = await connection.fetchval(_EDITION)
    return found or 0


async def allows(connection: Connection, account: AccountId) -> list[Allow]:
    """Return the active allows of an account."""
    return [rows.allow(row) for row in await connection.fetch(_ALLOWS, account)]


async def every_allow(connection: Connection) -> list[Allow]:
    """Return the active allows of all accounts."""
    return [rows.allow(row) for row in await connection.fetch(_ALLOWS_ALL)]
