"""Write and read consents, each step with its mark in the audit.

It knows rows and nothing of transactions.
"""

from __future__ import annotations

import sqlite3

from vedette.model.ids import AccountId
from vedette.ports.consent import Consent
from vedette.store import marks
from vedette.store.rows import override as rows
from vedette.store.sqlite import audit
from vedette.store.sqlite.statements import sql

_PUT = sql("consent_put")
_END = sql("consent_end")
_OF = sql("consents_of")
_STANDING = sql("consents_standing")


def give(
    connection: sqlite3.Connection, account: AccountId, *, version: str, now: float, by: str
) -> None:
    """Note a consent in place of the one that stands."""
    connection.execute(_END, {"account": account, "now": now})
    values = {"account": account, "version": version, "at": now, "actor": by}
    connection.execute(_PUT, values)
    audit.append(connection, marks.consented(account, version=version, now=now, by=by))


def withdraw(connection: sqlite3.Connection, account: AccountId, *, now: float, by: str) -> bool:
    """End the consent that stands."""
    if not connection.execute(_END, {"account": account, "now": now}).rowcount:
        return False
    audit.append(connection, marks.unconsented(account, now=now, by=by))
    return True


def standing(connection: sqlite3.Connection, account: AccountId) -> Consent | None:
    """Return the consent that stands."""
    every = of(connection, account)
    return every[-1] if every and every[-1].withdrawn_at is None else None


def consented(connection: sqlite3.Connection) -> frozenset[AccountId]:
    """Return the accounts for which a consent stands."""
    return frozenset(AccountId(account) for (account,) in connection.execute(_STANDING))


def of(connection: sqlite3.Connection, account: AccountId) -> list[Consent]:
    """Return every consent of an account, oldest first."""
    return [rows.consent(row) for row in connection.execute(_OF, {"account": account})]
