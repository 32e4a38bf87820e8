"""Hold loosenings until every clock says that they are due, and what is enforced until then.

The clocks are that of the instance which asks, the database's own, and the count of the seconds
for which any instance ran. Every step is audited by the transaction that makes it. It knows rows
and nothing of what a loosening is; each call is within the transaction of its caller, who holds
the chain of the audit, so that no two steps are made at once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from vedette.errors import StoreError
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
from vedette.store.postgres import audit
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.statements import sql
from vedette.store.rows import change as rows

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


async def ran(connection: Connection, seconds: float) -> float:
    """Count seconds for which the service ran; return all of them."""
    total: float | None = await connection.fetchval(_UPTIME_ADD, ratchet.step(seconds))
    if total is None:
        raise _broken()
    return total


async def request(
    connection: Connection, loosening: Loosening, *, delay: float, now: float
) -> Change:
    """Ask for a loosening, unless the same waits already."""
    asked = rows.asked(loosening).values()
    row = await connection.fetchrow(_ALIKE, *asked)
    if row is not None:
        return rows.change(row)
    number = await connection.fetchval(_PUT, *asked, loosening.by, now, delay)
    change = None if number is None else await _find(connection, number)
    if change is None:
        raise _broken()
    await audit.append(connection, marks.loosening("requested", change, now=now, by=loosening.by))
    return change


async def withdraw(connection: Connection, change: ChangeId, *, now: float, by: str) -> bool:
    """Take a request back while it waits or is granted."""
    found = await _find(connection, change)
    if found is None or found.state not in ratchet.OPEN:
        return False
    await connection.execute(_DECIDE, change, ChangeState.WITHDRAWN, now, by)
    await audit.append(connection, marks.loosening("withdrawn", found, now=now, by=by))
    return True


async def grant(connection: Connection, change: ChangeId, *, now: float, by: str) -> bool:
    """Let a request that waits be due at once."""
    found = await _find(connection, change)
    if found is None or found.state is not ChangeState.WAITING:
        return False
    await connection.execute(_DECIDE, change, ChangeState.GRANTED, now, by)
    await audit.append(connection, marks.loosening("granted", found, now=now, by=by))
    return True


async def due(connection: Connection, *, now: float) -> list[Change]:
    """Return what may be applied."""
    return [change for change in await changes(connection, None) if ratchet.is_due(change, now)]


async def applied(connection: Connection, change: ChangeId, *, now: float) -> bool:
    """Note that a change took effect, if it may."""
    found = await _find(connection, change)
    if found is None or not ratchet.is_due(found, now):
        return False
    await connection.execute(_APPLY, change)
    await audit.append(connection, marks.loosening("applied", found, now=now, by=marks.OURSELVES))
    return True


async def changes(connection: Connection, tenant: TenantId | None) -> list[Change]:
    """Return what waits or is granted, oldest first."""
    return [rows.change(row) for row in await connection.fetch(_WAITING, tenant)]


async def _find(connection: Connection, change: ChangeId) -> Change | None:
    row = await connection.fetchrow(_BY_ID, change)
    return None if row is None else rows.change(row)


def _broken() -> StoreError:
    return StoreError("the count of seconds that the service ran is not there: restore a backup")


async def enforce(
    connection: Connection,
    protection: Protection,
    *,
    by: str,
    over: Protection | None,
    applies: Collection[ChangeId],
) -> bool:
    """Set what is enforced of a guard, if ``over`` still is and what it applies may be."""
    now = protection.at
    if await enforced(connection, protection.tenant, protection.guard) != over:
        return False
    if not await _are_due(connection, applies, now=now):
        return False
    for change in applies:
        await applied(connection, change, now=now)
    await connection.execute(_PROTECTION_PUT, *rows.protection_columns(protection).values())
    await connection.execute(_WARDS_DROP, protection.tenant, protection.guard)
    await audit.append(connection, marks.enforced(protection, by=by))
    return True


async def cover(
    connection: Connection,
    over: Protection,
    covered: Sequence[Covered],
    *,
    now: float,
    by: str,
    applies: Collection[ChangeId],
) -> bool:
    """Set at which accounts a guard stands, if ``over`` still is enforced and it may be."""
    if not await _are_due(connection, applies, now=now):
        return False
    it = {"tenant": over.tenant, "guard": over.guard, "at": over.at, "edition": over.edition}
    if await connection.fetchrow(_COVERS, *it.values()) is None:
        return False
    for change in applies:
        await applied(connection, change, now=now)
    values = [tuple(rows.ward_columns(over, each).values()) for each in covered]
    await connection.executemany(_WARD_PUT, values)
    await audit.append(connection, marks.enforced(replace(over, at=now), by=by))
    return True


async def release(
    connection: Connection,
    over: Protection,
    *,
    now: float,
    by: str,
    applies: Collection[ChangeId],
) -> bool:
    """Enforce a guard no longer, if ``over`` still is enforced and what it applies may be."""
    if await enforced(connection, over.tenant, over.guard) != over:
        return False
    if not await _are_due(connection, applies, now=now):
        return False
    for change in applies:
        await applied(connection, change, now=now)
    await connection.execute(_PROTECTION_DROP, over.tenant, over.guard)
    await connection.execute(_WARDS_DROP, over.tenant, over.guard)
    await audit.append(connection, marks.released(over.tenant, over.guard, now=now, by=by))
    return True


async def _are_due(connection: Connection, applies: Collection[ChangeId], *, now: float) -> bool:
    """Tell whether each of some loosenings may take effect."""
    found = [await _find(connection, change) for change in applies]
    return all(each is not None and ratchet.is_due(each, now) for each in found)


async def enforced(connection: Connection, tenant: TenantId, guard: str) -> Protection | None:
    """Return what is enforced of a guard."""
    row = await connection.fetchrow(_PROTECTION_OF, tenant, guard)
    return None if row is None else rows.protection(row)


async def protections(connection: Connection) -> list[Protection]:
    """Return all that is enforced."""
    return [rows.protection(row) for row in await connection.fetch(_PROTECTIONS)]
