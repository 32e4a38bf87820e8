"""The wall between tenants: what is asked for one is asked as a role that sees its rows alone.

::

    BEGIN ─► vedette.tenant = is:acme, role = vedette_tenant_… ─► statements ─► COMMIT

Both are set for the transaction and end with it, so whoever is given the connection next has
neither. The database compares each row with the tenant (row level security, forced): a statement
that forgot to ask whose a row is finds none of another's. It knows no tables but by their policies.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from vedette.errors import StoreUnwritableError
from vedette.model.ids import TenantId
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.statements import sql

T = TypeVar("T")

#: The tables with rows of tenants that a tenant may ask for.
TABLES: Final = ("record", "record_gone", "secret", "data_key")

_TENANCY = sql("tenancy")
_ENTER = sql("tenancy_enter")
_LEAVE = sql("tenancy_leave")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenancy:
    """The role of tenants, and the one that a connection has otherwise (``none``: its own)."""

    role: str
    own: str

    async def enter(self, connection: Connection, tenant: TenantId) -> None:
        """See what is this tenant's and nothing else, until ``leave`` or the transaction's end."""
        await connection.execute(_ENTER, self.role, tenant)

    async def leave(self, connection: Connection) -> None:
        """See everything again."""
        await connection.execute(_LEAVE, self.own)

    async def within(
        self,
        connection: Connection,
        tenant: TenantId,
        work: Callable[[Connection], Awaitable[T]],
    ) -> T:
        """Do work that is a tenant's alone; the transaction ends behind it."""
        await self.enter(connection, tenant)
        return await work(connection)


async def tenancy(connection: Connection) -> Tenancy:
    """Find the role of tenants.

    Raises StoreUnwritableError where there is none, or who is connected may not take its place, or
    does not see every row: records that are not seen would be taken for gone.
    """
    row = await connection.fetchrow(_TENANCY)
    if row is None:
        raise StoreUnwritableError(
            "the policies of the table record are not there: restore them, or a backup"
        )
    spelled, role, own, user, may_wall, sees_all = row
    if not may_wall:
        raise StoreUnwritableError(
            f"the role {user} may not ask for tenants: a superuser runs GRANT {spelled} TO {user};"
        )
    if not sees_all:
        policies = " ".join(
            f"CREATE POLICY {user} ON {table} TO {user} USING (true);" for table in TABLES
        )
        raise StoreUnwritableError(
            f"the role {user} does not see all records: the owner of their tables runs {policies}"
        )
    return Tenancy(role=role, own=own)
