"""A loosening that waits, what is enforced until then, and their rows.

It knows no driver and no SQL.
"""

from __future__ import annotations

import json
from typing import Any

from vedette.model.ids import AccountId, TenantId
from vedette.ports.ratchet import (
    Change,
    ChangeId,
    ChangeState,
    Covered,
    Loosening,
    Protection,
)
from vedette.store.rows.row import Row


def asked(loosening: Loosening) -> dict[str, Any]:
    """Return the values by which one loosening is told from another."""
    return {
        "tenant": loosening.tenant,
        "guard": loosening.guard,
        "account": loosening.account,
        "what": loosening.what,
    }


def change(row: Row) -> Change:
    """Return the change of a row."""
    return Change(
        id=ChangeId(row[0]),
        loosening=Loosening(
            tenant=TenantId(row[1]),
            guard=row[2],
            account=None if row[3] is None else AccountId(row[3]),
            what=row[4],
            by=row[5],
        ),
        asked_at=row[6],
        due=row[7],
        left=row[8],
        state=ChangeState(row[9]),
        decided_at=row[10],
        decided_by=row[11],
    )


def protection_columns(protection: Protection) -> dict[str, Any]:
    """Return the values of a protection's row."""
    return {
        "tenant": protection.tenant,
        "guard": protection.guard,
        "pack": protection.text,
        "mode": protection.mode,
        "lock": protection.lock,
        "version": protection.version,
        "at": protection.at,
        "edition": protection.edition,
    }


def ward_columns(over: Protection, covered: Covered) -> dict[str, Any]:
    """Return the values of the row of an account at which a guard stands, or stood."""
    return {
        "tenant": over.tenant,
        "guard": over.guard,
        "account": covered.account,
        "base": over.at,
        "sight": covered.sight,
    }


def protection(row: Row) -> Protection:
    """Return the protection of a row."""
    return Protection(
        tenant=TenantId(row[0]),
        guard=row[1],
        text=row[2],
        mode=row[3],
        lock=row[4],
        version=row[5],
        at=row[6],
        edition=row[7],
        since=tuple(
            Covered(account=AccountId(account), sight=sight)
            for account, sight in json.loads(row[8] or "[]")
        ),
    )
