"""Hold loosenings until both clocks say that they are due, and what is enforced until then.

Every step is audited by the transaction that makes it. It knows rows and nothing of what a
loosening is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import replace

from vedette.model.ids import TenantId
from vedette.ports.ratchet import (
    Change,
    ChangeId,
    ChangeState,
    Covered,
    Loosening,
    Protection,
)
from vedette.store import delay as ratchet
from vedette.store import marks
from vedette.store.rows import change as rows
from vedette.store.sqlite import audit
from vedette.store.sqlite.statements import sql

_UPTIME_ADD = sql("uptime_add")
_ALIKE = sql("change_alike")
_PUT = sql("change_put")
_BY_ID = sql("change_by_id")
_DECIDE = sql("change_decide")
_APPLY = sql("change_apply")
_WAITING = sql("changes_waiting")
_PROTECTION_PUT = sql("protection_put")
_PROTECTION_OF = sql("protection_of")
_PROTECTIONS = sql("protections")
_PROTECTION_DROP = sql("protection_drop")
_COVERS = sql("protection_covers")
_WARD_PUT = sql("ward_put")
_WARDS_DROP = sql("wards_drop")


def ran(connection: sqlite3.Connection, seconds: float) -> float:
    """Count seconds for which the service ran; return all of them."""
    (total,) = connection.execute(_UPTIME_ADD, {"seconds": ratchet.step(seconds)}).fetchone()
    return float(total)


def request(
    connection: sqlite3.Connection, loosening: Loosening, *, delay: float, now: float
) -> Change:
    """Ask for a loosening, unless the same waits already."""
    values = rows.asked(loosening)
    row = connection.execute(_ALIKE, values).fetchone()
    if row is not None:
        return rows.change(row)
    asked = {**values, "actor": loosening.by, "now": now, "delay": delay}
    (number,) = connection.execute(_PUT, asked).fetchone()
    change = rows.change(connection.execute(_BY_ID, {"id": number}).fetchone())
    audit.append(connection, marks.loosening("requested", change, now=now, by=loosening.by))
    return change


def withdraw(connection: sqlite3.Connection, change: ChangeId, *, now: float, by: str) -> bool:
    """Take a request back while it waits or is granted."""
    found = _find(connection, change)
    if found is None or found.state not in ratchet.OPEN:
        return False
    decision = {"id": change, "state": ChangeState.WITHDRAWN, "now": now, "by": by}
    connection.execute(_DECIDE, decision)
    audit.append(connection, marks.loosening("withdrawn", found, now=now, by=by))
    return True


def grant(connection: sqlite3.Connection, change: ChangeId, *, now: float, by: str) -> bool:
    """Let a request that waits be due at once."""
    found = _find(connection, change)
    if found is None or found.state is not ChangeState.WAITING:
        return False
    decision = {"id": change, "state": ChangeState.GRANTED, "now": now, "by": by}
    connection.execute(_DECIDE, decision)
    audit.append(connection, marks.loosening("granted", found, now=now, by=by))
    return True


def due(connection: sqlite3.Connection, *, now: float) -> list[Change]:
    """Return what may be applied."""
    return [change for change in changes(connection, None) if ratchet.is_due(change, now)]


def applied(connection: sqlite3.Connection, change: ChangeId, *, now: float) -> bool:
    """Note that a change took effect, if it may."""
    found = _find(connection, change)
    if found is None or not ratchet.is_due(found, now):
        return False
    connection.execute(_APPLY, {"id": change})
    audit.append(connection, marks.loosening("applied", found, now=now, by=marks.OURSELVES))
    return True


def changes(connection: sqlite3.Connection, tenant: TenantId | None) -> list[Change]:
    """Return what waits or is granted, oldest first."""
    return [rows.change(row) for row in connection.execute(_WAITING, {"tenant": tenant})]


def _find(connection: sqlite3.Connection, change: ChangeId) -> Change | None:
    row = connection.execute(_BY_ID, {"id": change}).fetchone()
    return None if row is None else rows.change(row)


def enforce(
    connection: sqlite3.Connection,
    protection: Protection,
    *,
    by: str,
    over: Protection | None,
    applies: Collection[ChangeId],
) -> bool:
    """Set what is enforced of a guard, if ``over`` still is and what it applies may be."""
    now = protection.at
    if enforced(connection, protection.tenant, protection.guard) != over:
        return False
    if not _are_due(connection, applies, now=now):
        return False
    for change in applies:
        applied(connection, change, now=now)
    connection.execute(_PROTECTION_PUT, rows.protection_columns(protection))
    connection.execute(_WARDS_DROP, {"tenant": protection.tenant, "guard": protection.guard})
    audit.append(connection, marks.enforced(protection, by=by))
    return True


def cover(
    connection: sqlite3.Connection,
    over: Protection,
    covered: Sequence[Covered],
    *,
    now: float,
    by: str,
    applies: Collection[ChangeId],
) -> bool:
    """Set at which accounts a guard stands, if ``over`` still is enforced and it may be."""
    if not _are_due(connection, applies, now=now):
        return False
    it = {"tenant": over.tenant, "guard": over.guard, "at": over.at, "edition": over.edition}
    if connection.execute(_COVERS, it).fetchone() is None:
        return False
    for change in applies:
        applied(connection, change, now=now)
    connection.executemany(_WARD_PUT, [rows.ward_columns(over, each) for each in covered])
    audit.append(connection, marks.enforced(replace(over, at=now), by=by))
    return True


def release(
    connection: sqlite3.Connection,
    over: Protection,
    *,
    now: float,
    by: str,
    applies: Collection[ChangeId],
) -> bool:
    """Enforce a guard no longer, if ``over`` still is enforced and what it applies may be."""
    if enforced(connection, over.tenant, over.guard) != over:
        return False
    if not _are_due(connection, applies, now=now):
        return False
    for change in applies:
        applied(connection, change, now=now)
    connection.execute(_PROTECTION_DROP, {"tenant": over.tenant, "guard": over.guard})
    connection.execute(_WARDS_DROP, {"tenant": over.tenant, "guard": over.guard})
    audit.append(connection, marks.released(over.tenant, over.guard, now=now, by=by))
    return True


def _are_due(connection: sqlite3.Connection, applies: Collection[ChangeId], *, now: float) -> bool:
    """Tell whether each of some loosenings may take effect."""
    found = [_find(connection, change) for change in applies]
    return all(each is not None and ratchet.is_due(each, now) for each in found)


def enforced(connection: sqlite3.Connection, tenant: TenantId, guard: str) -> Protection | None:
    """Return what is enforced of a guard."""
    row = connection.execute(_PROTECTION_OF, {"tenant": tenant, "guard": guard}).fetchone()
    return None if row is None else rows.protection(row)


def protections(connection: sqlite3.Connection) -> list[Protection]:
    """Return all that is enforced."""
    return [rows.protection(row) for row in connection.execute(_PROTECTIONS)]
