"""Hold loosenings until both clocks say that they are due, and what is enforced until then.

Every step is audited by the transaction that makes it. It knows rows and nothing of what a
loosening is.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any, Final

from vedette.model.ids import AccountId, TenantId
from vedette.ports.ratchet import Change, ChangeId, ChangeState, Loosening, Protection
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

#: Seconds that one step of the uptime counts at most: it is advanced every minute, and what comes
#: after two was not spent running.
LONGEST_STEP: Final = 120.0


def ran(connection: sqlite3.Connection, seconds: float) -> float:
    """Count seconds for which the service ran; return all of them."""
    step = {"seconds": min(max(seconds, 0.0), LONGEST_STEP)}
    (total,) = connection.execute(_UPTIME_ADD, step).fetchone()
    return float(total)


def request(
    connection: sqlite3.Connection, loosening: Loosening, *, delay: float, now: float
) -> Change:
    """Ask for a loosening, unless the same waits already."""
    values = {
        "tenant": loosening.tenant,
        "guard": loosening.guard,
        "account": loosening.account,
        "what": loosening.what,
    }
    row = connection.execute(_ALIKE, values).fetchone()
    if row is not None:
        return _change(row)
    asked = {**values, "actor": loosening.by, "now": now, "delay": delay}
    (number,) = connection.execute(_PUT, asked).fetchone()
    change = _change(connection.execute(_BY_ID, {"id": number}).fetchone())
    _audit(connection, "loosening.requested", change, now=now, by=loosening.by)
    return change


def withdraw(connection: sqlite3.Connection, change: ChangeId, *, now: float, by: str) -> bool:
    """Take a request back while it waits or is granted."""
    found = _find(connection, change)
    if found is None or found.state not in {ChangeState.WAITING, ChangeState.GRANTED}:
        return False
    decision = {"id": change, "state": ChangeState.WITHDRAWN, "now": now, "by": by}
    connection.execute(_DECIDE, decision)
    _audit(connection, "loosening.withdrawn", found, now=now, by=by)
    return True


def grant(connection: sqlite3.Connection, change: ChangeId, *, now: float, by: str) -> bool:
    """Let a request that waits be due at once."""
    found = _find(connection, change)
    if found is None or found.state is not ChangeState.WAITING:
        return False
    decision = {"id": change, "state": ChangeState.GRANTED, "now": now, "by": by}
    connection.execute(_DECIDE, decision)
    _audit(connection, "loosening.granted", found, now=now, by=by)
    return True


def due(connection: sqlite3.Connection, *, now: float) -> list[Change]:
    """Return what may be applied."""
    return [change for change in changes(connection, None) if _is_due(change, now)]


def applied(connection: sqlite3.Connection, change: ChangeId, *, now: float) -> bool:
    """Note that a change took effect, if it may."""
    found = _find(connection, change)
    if found is None or not _is_due(found, now):
        return False
    connection.execute(_APPLY, {"id": change})
    _audit(connection, "loosening.applied", found, now=now, by="vedette")
    return True


def _is_due(change: Change, now: float) -> bool:
    if change.state is ChangeState.GRANTED:
        return True
    return change.state is ChangeState.WAITING and change.due <= now and change.left <= 0.0


def changes(connection: sqlite3.Connection, tenant: TenantId | None) -> list[Change]:
    """Return what waits or is granted, oldest first."""
    return [_change(row) for row in connection.execute(_WAITING, {"tenant": tenant})]


def _find(connection: sqlite3.Connection, change: ChangeId) -> Change | None:
    row = connection.execute(_BY_ID, {"id": change}).fetchone()
    return None if row is None else _change(row)


def _change(row: tuple[Any, ...]) -> Change:
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


def _audit(
    connection: sqlite3.Connection, what: str, change: Change, *, now: float, by: str
) -> None:
    loosening = change.loosening
    detail = {
        "change": change.id,
        "tenant": loosening.tenant,
        "guard": loosening.guard,
        "account": loosening.account,
        "what": loosening.what,
    }
    audit.append(connection, actor=by, what=what, detail=json.dumps(detail), now=now)


def enforce(connection: sqlite3.Connection, protection: Protection, *, by: str) -> None:
    """Set what is enforced of a guard."""
    connection.execute(
        _PROTECTION_PUT,
        {
            "tenant": protection.tenant,
            "guard": protection.guard,
            "pack": protection.text,
            "mode": protection.mode,
            "lock": protection.lock,
            "version": protection.version,
            "at": protection.at,
        },
    )
    detail = {
        "tenant": protection.tenant,
        "guard": protection.guard,
        "mode": protection.mode,
        "version": protection.version,
    }
    audit.append(
        connection, actor=by, what="guard.enforced", detail=json.dumps(detail), now=protection.at
    )


def release(
    connection: sqlite3.Connection, tenant: TenantId, guard: str, *, now: float, by: str
) -> bool:
    """Enforce a guard no longer."""
    which = {"tenant": tenant, "guard": guard}
    if not connection.execute(_PROTECTION_DROP, which).rowcount:
        return False
    audit.append(connection, actor=by, what="guard.released", detail=json.dumps(which), now=now)
    return True


def enforced(connection: sqlite3.Connection, tenant: TenantId, guard: str) -> Protection | None:
    """Return what is enforced of a guard."""
    row = connection.execute(_PROTECTION_OF, {"tenant": tenant, "guard": guard}).fetchone()
    return None if row is None else _protection(row)


def protections(connection: sqlite3.Connection) -> list[Protection]:
    """Return all that is enforced."""
    return [_protection(row) for row in connection.execute(_PROTECTIONS)]


def _protection(row: tuple[str, str, str, str, str, str, float]) -> Protection:
    return Protection(
        tenant=TenantId(row[0]),
        guard=row[1],
        text=row[2],
        mode=row[3],
        lock=row[4],
        version=row[5],
        at=row[6],
    )
