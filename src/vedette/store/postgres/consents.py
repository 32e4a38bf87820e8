"""Write and read consents, each step with its mark in the audit.

It knows rows and nothing of transactions: each call is within that of its caller.
"""

from __future__ import annotations

from vedette.model.ids import AccountId
from vedette.ports.consent import Consent
from vedette.store import marks
from vedette.store.postgres import audit
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.statements import sql
from vedette.store.rows import override as rows

_PUT = sql("consent_put")
_END = sql("consent_end")
_OF = sql("consents_of")
_STANDING = sql("consents_standing")


async def give(
    connection: Connection, account: AccountId, *, version: str, now: float, by: str
) -> None:
    """Note a consent in place of the one that stands."""
    await connection.execute(_END, account, now)
    await connection.execute(_PUT, account, version, now, by)
    await audit.append(connection, marks.consented(account, version=version, now=now, by=by))


async def withdraw(connection: Connection, account: AccountId, *, now: float, by: str) -> bool:
    """End the consent that stands."""
    if await connection.fetchval(_END, account, now) is None:
        return False
    await audit.append(connection, marks.unconsented(account, now=now, by=by))
    return True


async def standing(connection: Connection, account: AccountId) -> Consent | None:
    """Return the consent that stands."""
    every = await of(connection, account)
    return every[-1] if every and every[-1].withdrawn_at is None else None


async def consented(connection: Connection) -> frozenset[AccountId]:
    """Return the accounts for which a consent stands."""
    return frozenset(AccountId(row[0]) for row in await connection.fetch(_STANDING))


async def of(connection: Connection, account: AccountId) -> list[Consent]:
    """Return every consent of an account, oldest first."""
    return [rows.consent(row) for row in await connection.fetch(_OF, account)]
