"""What people decide about guards, on Postgres: overrides, the ratchet, consents, the audit.

The methods of five ports, each one transaction; no SQL of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from typing import TypeVar

from vedette.model.ids import AccountId, TenantId
from vedette.ports.audit import AuditEntry, Trail
from vedette.ports.consent import Consent
from vedette.ports.fingerprint import Fingerprint
from vedette.ports.override import Allow, Switch
from vedette.ports.ratchet import Change, ChangeId, Covered, Loosening, Protection
from vedette.store.chain import Mark
from vedette.store.postgres import audit, consents, fingerprints, overrides, ratchet
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.transaction import Transactions

T = TypeVar("T")


class PostgresTrust:
    """``Overrides``, ``Ratchet``, ``Consents``, ``Audit`` and ``Fingerprints``, on the connections of a store."""

    _transactions: Transactions
    #: Is told of each entry of the audit that this instance appended, once it is on disk.
    _on_audit: Callable[[AuditEntry], None]

    async def _decided(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Write what leaves a mark in the audit."""
        value, entries = await self._transactions.run(partial(audit.appended, work=work))
        for entry in entries:
            self._on_audit(entry)
        return value

    # Overrides.

    async def switch(self, switch: Switch) -> None:
        """Set a switch."""
        await self._decided(partial(overrides.put_switch, switch=switch))

    async def switches(self) -> list[Switch]:
        """Return the last word about each scope and name."""
        return await self._transactions.ask(overrides.switches)

    async def allow(self, allow: Allow) -> None:
        """Set an allow or take it back."""
        await self._transactions.run(partial(overrides.put_allow, allow=allow))

    async def allows(self, account: AccountId) -> list[Allow]:
        """Return the active allows of an account."""
        return await self._transactions.ask(partial(overrides.allows, account=account))

    async def every_allow(self) -> list[Allow]:
        """Return the active allows of all accounts."""
        return await self._transactions.ask(overrides.every_allow)

    async def edition(self) -> int:
        """Return a number that is another one after each change, at whichever instance."""
        return await self._transactions.ask(overrides.edition)

    # The ratchet.

    async def ran(self, seconds: float) -> float:
        """Count seconds for which the service ran."""
        return await self._transactions.run(partial(ratchet.ran, seconds=seconds))

    async def request(self, loosening: Loosening, *, delay: float, now: float) -> Change:
        """Ask for a loosening."""
        return await self._decided(
            partial(ratchet.request, loosening=loosening, delay=delay, now=now)
        )

    async def withdraw(self, change: ChangeId, *, now: float, by: str) -> bool:
        """Take a request back."""
        return await self._decided(partial(ratchet.withdraw, change=change, now=now, by=by))

    async def grant(self, change: ChangeId, *, now: float, by: str) -> bool:
        """Let a request that waits be due at once."""
        return await self._decided(partial(ratchet.grant, change=change, now=now, by=by))

    async def due(self, *, now: float) -> list[Change]:
        """Return what may be applied."""
        return await self._transactions.ask(partial(ratchet.due, now=now))

    async def applied(self, change: ChangeId, *, now: float) -> bool:
        """Note that a change took effect, if it may."""
        return await self._decided(partial(ratchet.applied, change=change, now=now))

    async def changes(self, tenant: TenantId | None = None) -> list[Change]:
        """Return what waits or is granted."""
        return await self._transactions.ask(partial(ratchet.changes, tenant=tenant))

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
        return await self._transactions.ask(partial(ratchet.enforced, tenant=tenant, guard=guard))

    async def protections(self) -> list[Protection]:
        """Return all that is enforced."""
        return await self._transactions.ask(ratchet.protections)

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
        await self._decided(
            partial(consents.give, account=account, version=version, now=now, by=by)
        )

    async def withdraw_consent(self, account: AccountId, *, now: float, by: str) -> bool:
        """End the consent that stands."""
        return await self._decided(partial(consents.withdraw, account=account, now=now, by=by))

    async def consent_of(self, account: AccountId) -> Consent | None:
        """Return the consent that stands."""
        return await self._transactions.ask(partial(consents.standing, account=account))

    async def consented(self) -> frozenset[AccountId]:
        """Return the accounts for which a consent stands."""
        return await self._transactions.ask(consents.consented)

    async def consents(self, account: AccountId) -> list[Consent]:
        """Return every consent of an account."""
        return await self._transactions.ask(partial(consents.of, account=account))

    # The key.

    async def fingerprint(self) -> Fingerprint | None:
        """Return the fingerprint of the key of guards."""
        return await self._transactions.ask(fingerprints.fingerprint)

    async def imprint(self, first: Fingerprint) -> Fingerprint:
        """Note a fingerprint if there is none."""
        return await self._transactions.run(partial(fingerprints.imprint, first=first))

    # The audit.

    async def audit(self, *, actor: str, what: str, detail: str, now: float) -> AuditEntry:
        """Append an entry."""
        mark = Mark(actor=actor, what=what, detail=detail, at=now)
        return await self._decided(partial(audit.append, mark=mark))

    async def audit_trail(self, *, after: int = 0, limit: int = 100) -> list[AuditEntry]:
        """Return entries with a higher number, in order."""
        return await self._transactions.ask(partial(audit.trail, after=after, limit=limit))

    async def audit_head(self) -> Trail:
        """Return how many entries there are and the last digest."""
        return await self._transactions.ask(audit.head)

    async def verify_audit(self) -> Trail:
        """Read the whole trail, page by page, and say whether it is unbroken."""
        found, done = Trail(entries=0, head=b""), False
        while not done:
            found, done = await self._transactions.ask(partial(audit.verify, so_far=found))
        return found
