"""What people set of guards, and its rows: kill switches, allows, consents.

It knows no driver and no SQL.
"""

from __future__ import annotations

from typing import Any

from vedette.model.ids import AccountId
from vedette.ports.consent import Consent
from vedette.ports.override import Allow, Scope, Switch
from vedette.store.rows.row import Row
from vedette.store.words import printable


def switch_columns(switch: Switch) -> dict[str, Any]:
    """Return the values of a switch's row."""
    return {
        "scope": switch.scope,
        "name": switch.name,
        "is_off": switch.is_off,
        "until": switch.until,
        "reason": printable(switch.reason),
        "actor": switch.by,
        "at": switch.at,
    }


def switch(row: Row) -> Switch:
    """Return the switch of a row."""
    return Switch(
        scope=Scope(row[0]),
        name=row[1],
        is_off=bool(row[2]),
        until=row[3],
        reason=row[4],
        by=row[5],
        at=row[6],
    )


def allow_columns(allow: Allow) -> dict[str, Any]:
    """Return the values of an allow's row."""
    return {
        "account": allow.account,
        "guard": allow.guard,
        "domain": printable(allow.domain),
        "at": allow.at,
        "source": allow.source,
        "active": allow.is_active,
    }


def allow(row: Row) -> Allow:
    """Return the allow of a row."""
    return Allow(
        account=AccountId(row[0]),
        guard=row[1],
        domain=row[2],
        at=row[3],
        source=row[4],
        is_active=bool(row[5]),
    )


def consent(row: Row) -> Consent:
    """Return the consent of a row."""
    return Consent(
        account=AccountId(row[0]), version=row[1], at=row[2], by=row[3], withdrawn_at=row[4]
    )
