"""What the audit says, for whoever may read it: a tenant reads what is about itself.

It must not know how the trail is kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from vedette.model.ids import TenantId
from vedette.ports.audit import Audit, AuditEntry, Trail
from vedette.service.caller import Caller

#: Entries that are read at a time, and at most for one page of a tenant that few are about: some
#: ten milliseconds. A page may be short then, and says where to go on.
STEP: Final = 1_000
MOST: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Entries of the audit; ``next`` is the number after which to go on, None at the end."""

    entries: tuple[AuditEntry, ...]
    next: int | None


class History:
    """Every method raises StoreError, and ForbiddenError for who may not."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    async def read(self, caller: Caller, *, after: int = 0, limit: int = 100) -> Told:
        """Return entries with a higher number, in order."""
        caller.needs("audit:read")
        found: list[AuditEntry] = []
        last = after
        for _ in range(MOST // STEP):
            wanted = STEP if caller.tenant is not None else limit
            page = await self._audit.audit_trail(after=last, limit=wanted)
            for entry in page:
                last = entry.seq
                if caller.tenant in {None, tenant_of(entry)}:
                    found.append(entry)
                    if len(found) >= limit:
                        return Told(entries=tuple(found), next=last)
            if len(page) < wanted:
                return Told(entries=tuple(found), next=None)
        return Told(entries=tuple(found), next=last)

    async def head(self, caller: Caller) -> Trail:
        """Return how many entries there are and the last digest: a copy of it guards the trail."""
        caller.needs("audit:read")
        return await self._audit.audit_head()

    async def verify(self, caller: Caller) -> Trail:
        """Read the whole trail and say whether it is unbroken."""
        caller.needs_admin("to verify the audit")
        return await self._audit.verify_audit()


def detail_of(entry: AuditEntry) -> Mapping[str, Any]:
    """Return the members of an entry's detail; an older entry may hold what is no object."""
    try:
        found = json.loads(entry.detail)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def tenant_of(entry: AuditEntry) -> TenantId | None:
    """Return whom an entry is about."""
    found = detail_of(entry).get("tenant")
    return TenantId(found) if isinstance(found, str) and found else None
