"""What people decide about guards in one simulated process: asked and written as its store is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine, Sequence
from functools import partial
from typing import Any, TypeVar

from tests.support.memory_store import MemoryStore
from vedette.model.ids import AccountId, TenantId
from vedette.ports.audit import AuditEntry, Trail
from vedette.ports.consent import Consent
from vedette.ports.fingerprint import Fingerprint
from vedette.ports.override import Allow, Switch
from vedette.ports.ratchet import Change, ChangeId, Covered, Loosening, Protection

T = TypeVar("T")


class SimulatedTrust:
    """Overrides, the ratchet, consents and the audit on the queue of a ``SimulatedStore``."""

    _rows: MemoryStore

    async def _run(self, work: Callable[[], Coroutine[Any, Any, T]], *, writes: bool) -> T:
        raise NotImplementedError

    async def switch(self, switch: Switch) -> None:
        await self._run(partial(self._rows.switch, switch), writes=True)

    async def switches(self) -> list[Switch]:
        return await self._run(self._rows.switches, writes=False)

    async def allow(self, allow: Allow) -> None:
        await self._run(partial(self._rows.allow, allow), writes=True)

    async def allows(self, account: AccountId) -> list[Allow]:
        return await self._run(partial(self._rows.allows, account), writes=False)

    async def every_allow(self) -> list[Allow]:
        return await self._run(self._rows.every_allow, writes=False)

    async def edition(self) -> int:
        return await self._run(self._rows.edition, writes=False)

    async def ran(self, seconds: float) -> float:
        return await self._run(partial(self._rows.ran, seconds), writes=True)

    async def request(self, loosening: Loosening, *, delay: float, now: float) -> Change:
        work = partial(self._rows.request, loosening, delay=delay, now=now)
        return await self._run(work, writes=True)

    async def withdraw(self, change: ChangeId, *, now: float, by: str) -> bool:
        return await self._run(partial(self._rows.withdraw, change, now=now, by=by), writes=True)

    async def grant(self, change: ChangeId, *, now: float, by: str) -> bool:
        return await self._run(partial(self._rows.grant, change, now=now, by=by), writes=True)

    async def due(self, *, now: float) -> list[Change]:
        return await self._run(partial(self._rows.due, now=now), writes=False)

    async def applied(self, change: ChangeId, *, now: float) -> bool:
        return await self._run(partial(self._rows.applied, change, now=now), writes=True)

    async def changes(self, tenant: TenantId | None = None) -> list[Change]:
        return await self._run(partial(self._rows.changes, tenant), writes=False)

    async def enforce(
        self,
        protection: Protection,
        *,
        by: str,
        over: Protection | None = None,
        applies: Collection[ChangeId] = (),
    ) -> bool:
        work = partial(self._rows.enforce, protection, by=by, over=over, applies=applies)
        return await self._run(work, writes=True)

    async def cover(
        self,
        over: Protection,
        covered: Sequence[Covered],
        *,
        now: float,
        by: str,
        applies: Collection[ChangeId] = (),
    ) -> bool:
        work = partial(self._rows.cover, over, covered, now=now, by=by, applies=applies)
        return await self._run(work, writes=True)

    async def enforced(self, tenant: TenantId, guard: str) -> Protection | None:
        return await self._run(partial(self._rows.enforced, tenant, guard), writes=False)

    async def protections(self) -> list[Protection]:
        return await self._run(self._rows.protections, writes=False)

    async def release(
        self, over: Protection, *, now: float, by: str, applies: Collection[ChangeId] = ()
    ) -> bool:
        work = partial(self._rows.release, over, now=now, by=by, applies=applies)
        return await self._run(work, writes=True)

    async def fingerprint(self) -> Fingerprint | None:
        return await self._run(self._rows.fingerprint, writes=False)

    async def imprint(self, first: Fingerprint) -> Fingerprint:
        return await self._run(partial(self._rows.imprint, first), writes=True)

    async def consent(self, account: AccountId, *, version: str, now: float, by: str) -> None:
        work = partial(self._rows.consent, account, version=version, now=now, by=by)
        await self._run(work, writes=True)

    async def withdraw_consent(self, account: AccountId, *, now: float, by: str) -> bool:
        work = partial(self._rows.withdraw_consent, account, now=now, by=by)
        return await self._run(work, writes=True)

    async def consent_of(self, account: AccountId) -> Consent | None:
        return await self._run(partial(self._rows.consent_of, account), writes=False)

    async def consents(self, account: AccountId) -> list[Consent]:
        return await self._run(partial(self._rows.consents, account), writes=False)

    async def consented(self) -> frozenset[AccountId]:
        return await self._run(self._rows.consented, writes=False)

    async def audit(self, *, actor: str, what: str, detail: str, now: float) -> AuditEntry:
        work = partial(self._rows.audit, actor=actor, what=what, detail=detail, now=now)
        return await self._run(work, writes=True)

    async def audit_trail(self, *, after: int = 0, limit: int = 100) -> list[AuditEntry]:
        work = partial(self._rows.audit_trail, after=after, limit=limit)
        return await self._run(work, writes=False)

    async def audit_head(self) -> Trail:
        return await self._run(self._rows.audit_head, writes=False)

    async def verify_audit(self) -> Trail:
        return await self._run(self._rows.verify_audit, writes=False)
