"""What people decide about guards, on SQLite: overrides, the ratchet, consents, the audit.

The methods of five ports, each one job for the writer's thread; no SQL of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TypeVar

from vedette.model.ids import AccountId, TenantId
from vedette.ports.audit import AuditEntry, Trail
from vedette.ports.consent import Consent
from vedette.ports.fingerprint import Fingerprint
from vedette.ports.override import Allow, Switch
from vedette.ports.ratchet import Change, ChangeId, Covered, Loosening, Protection
from vedette.store.chain import Mark
from vedette.store.sqlite import audit, consents, fingerprints, overrides, ratchet
from vedette.store.sqlite.writer import Writer

T = TypeVar("T")


class SqliteTrust:
    """``Overrides``, ``Ratchet``, ``Consents``, ``Audit`` and ``Fingerprints``, on the writer of a store."""

    _writer: Writer
    #: Is told of each entry of the audit once it is on disk.
    _on_audit: Callable[[AuditEntry], None]
    #: Nobody else writes here, and who holds the state reads all of it at its start.
    _edition = 0

    async def _decided(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Write what leaves a mark in the audit."""
        value, entries = await self._writer.run(partial(audit.appended, work=work), writes=True)
        self._edition += len(entries)
        for entry in entries:
            self._on_audit(entry)
        return value

    # Overrides.

    async def switch(self, switch: Switch) -> None:
        """Set a switch."""
        await self._decided(partial(overrides.put_switch, switch=switch))

    async def switches(self) -> list[Switch]:
        """Return the last word about each scope and name."""
        return await self._writer.run(overrides.switches, writes=False)

    async def allow(self, allow: Allow) -> None:
        """Set an allow or take it back."""
        await self._writer.run(partial(overrides.put_allow, allow=allow), writes=True)
        self._edition += 1

    async def allows(self, account: AccountId) -> list[Allow]:
        """Return the active allows of an account."""
        return await self._writer.run(partial(overrides.allows, account=account), writes=False)

    async def every_allow(self) -> list[Allow]:
        """Return the active allows of all accounts."""
        return await self._writer.run(overrides.every_allow, writes=False)

    async def edition(self) -> int:
        """Return a number that is another one after each change."""
        return self._edition

    # The ratchet.

    async def ran(self, seconds: float) -> float:
        """Count seconds for which the service ran."""
        return await self._writer.run(partial(ratchet.ran, seconds=seconds), writes=True)

    async def request(self, loosening: Loosening, *, delay: float, now: float) -> Change:
        """Ask for a loosening."""
        work = partial(ratchet.request, loosening=loosening, delay=delay, now=now)
        return await self._decided(work)

    async def withdraw(self, change: ChangeId, *, now: float, by: str) -> bool:
        """Take a request back."""
        work = partial(ratchet.withdraw, change=change, now=now, by=by)
        return await self._decided(work)

    async def grant(self, change: ChangeId, *, now: float, by: str) -> bool:
        """Let a request that waits be due at once."""
        work = partial(ratchet.grant, change=change, now=now, by=by)
        return await self._decided(work)

    async def due(self, *, now: float) -> list[Change]:
        """Return what may be applied."""
        return await self._writer.run(partial(ratchet.due, now=now), writes=False)

    async def applied(self, change: ChangeId, *, now: float) -> bool:
        """Note that a change took effect, if it may."""
        work = partial(ratchet.applied, change=change, now=now)
        return await self._decided(work)

    async def changes(self, tenant: TenantId | None = None) -> list[Change]:
        """Return what waits or is granted."""
        return await self._writer.run(partial(ratchet.changes, tenant=tenant), writes=False)

    async def enforce(
        self,
        protection: Protection,
        *,
        by: str,
        over: Protection | None = None,
        applies: Collection[ChangeId] = (),
    ) -> bool:
        """Set what is enforced of a guard, where nobody came first."""
        return await self._decided(
            partial(ratchet.enforce, protection=protection, by=by, over=over, applies=applies)
        )

    async def cover(
        self,
        over: Protection,
        covered: Sequence[Covered],
        *,
        now: float,
        by: str,
        applies: Collection[ChangeId] = (),
    ) -> bool:
        """Set at which accounts a guard stands, where nobody came first."""
        work = partial(ratchet.cover, over=over, covered=covered, now=now, by=by, applies=applies)
        return await self._decided(work)

    async def enforced(self, tenant: TenantId, guard: str) -> Protection | None:
        """Return what is enforced of a guard."""
        work = partial(ratchet.enforced, tenant=tenant, guard=guard)
        return await self._writer.run(work, writes=False)

    async def protections(self) -> list[Protection]:
        """Return all that is enforced."""
        return await self._writer.run(ratchet.protections, writes=False)

    async def release(
        self, over: Protection, *, now: float, by: str, applies: Collection[ChangeId] = ()
    ) -> bool:
        """Enforce a guard no longer, where nobody came first."""
        return await self._decided(
            partial(ratchet.release, over=over, now=now, by=by, applies=applies)
        )

    # Consents.

    async def consent(self, account: AccountId, *, version: str, now: float, by: str) -> None:
        """Note a consent."""
        work = partial(consents.give, account=account, version=version, now=now, by=by)
        await self._decided(work)

    async def withdraw_consent(self, account: AccountId, *, now: float, by: str) -> bool:
        """End the consent that stands."""
        work = partial(consents.withdraw, account=account, now=now, by=by)
        return await self._decided(work)

    async def consent_of(self, account: AccountId) -> Consent | None:
        """Return the consent that stands."""
        return await self._writer.run(partial(consents.standing, account=account), writes=False)

    async def consented(self) -> frozenset[AccountId]:
        """Return the accounts for which a consent stands."""
        return await self._writer.run(consents.consented, writes=False)

    async def consents(self, account: AccountId) -> list[Consent]:
        """Return every consent of an account."""
        return await self._writer.run(partial(consents.of, account=account), writes=False)

    # The key.

    async def fingerprint(self) -> Fingerprint | None:
        """Return the fingerprint of the key of guards."""
        return await self._writer.run(fingerprints.fingerprint, writes=False)

    async def imprint(self, first: Fingerprint) -> Fingerprint:
        """Note a fingerprint if there is none."""
        return await self._writer.run(partial(fingerprints.imprint, first=first), writes=True)

    # The audit.

    async def audit(self, *, actor: str, what: str, detail: str, now: float) -> AuditEntry:
        """Append an entry."""
        mark = Mark(actor=actor, what=what, detail=detail, at=now)
        work = partial(audit.append, mark=mark)
        return await self._decided(work)

    async def audit_trail(self, *, after: int = 0, limit: int = 100) -> list[AuditEntry]:
        """Return entries with a higher number, in order."""
        return await self._writer.run(partial(audit.trail, after=after, limit=limit), writes=False)

    async def audit_head(self) -> Trail:
        """Return how many entries there are and the last digest."""
        return await self._writer.run(audit.head, writes=False)

    async def verify_audit(self) -> Trail:
        """Read the whole trail, page by page, and say whether it is unbroken."""
        found, done = Trail(entries=0, head=b""), False
        while not done:
            found, done = await self._writer.run(partial(audit.verify, so_far=found), writes=False)
        return found
