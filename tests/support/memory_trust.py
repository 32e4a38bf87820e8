"""What people decide about guards, in memory: overrides, the ratchet, consents, the audit."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from vedette.errors import StoreError
from vedette.model.ids import AccountId, TenantId
from vedette.ports.audit import AuditEntry, Trail
from vedette.ports.consent import Consent
from vedette.ports.fingerprint import Fingerprint
from vedette.ports.override import Allow, Scope, Switch
from vedette.ports.ratchet import Change, ChangeId, ChangeState, Covered, Loosening, Protection
from vedette.ports.records import Note
from vedette.store.chain import following
from vedette.store.delay import LONGEST_STEP
from vedette.store.words import printable

OPEN = {ChangeState.WAITING, ChangeState.GRANTED}


@dataclass(slots=True, kw_only=True)
class TrustRows:
    """What survives a stop. ``left`` of a stored change is the uptime at which it is due."""

    switches: dict[tuple[Scope, str], Switch] = field(default_factory=dict)
    allows: dict[tuple[AccountId, str, str], Allow] = field(default_factory=dict)
    allowed: int = 0
    uptime: float = 0.0
    changes: dict[ChangeId, Change] = field(default_factory=dict)
    protections: dict[tuple[TenantId, str], Protection] = field(default_factory=dict)
    consents: list[Consent] = field(default_factory=list)
    audit: list[AuditEntry] = field(default_factory=list)
    fingerprint: Fingerprint | None = None

    def told(self, change: Change) -> Change:
        """Return a change with the seconds that are left now."""
        return replace(change, left=max(change.left - self.uptime, 0.0))

    def append(self, *, actor: str, what: str, detail: str, now: float) -> AuditEntry:
        """Append to the audit."""
        head = self.audit[-1].digest if self.audit else b""
        entry = following(
            len(self.audit), head, at=now, actor=actor, what=what, detail=printable(detail)
        )
        self.audit.append(entry)
        return entry

    def note(self, actor: str, what: str, now: float, /, **detail: object) -> None:
        """Append to the audit, as the store itself does."""
        self.append(actor=actor, what=what, detail=json.dumps(detail), now=now)

    def keep(self, notes: Sequence[Note], now: float) -> None:
        """Append what a write of records says: all of it, or nothing."""
        before = len(self.audit)
        try:
            for each in notes:
                self.append(actor=each.actor, what=each.what, detail=each.detail, now=now)
        except UnicodeEncodeError as error:
            del self.audit[before:]
            raise StoreError("a value can not be stored") from error

    def note_change(self, what: str, change: Change, *, now: float, by: str) -> None:
        """Append a step of a loosening."""
        asked = change.loosening
        self.note(
            by,
            what,
            now,
            change=change.id,
            tenant=asked.tenant,
            guard=asked.guard,
            account=asked.account,
            what=asked.what,
        )

    def is_due(self, change: Change, now: float) -> bool:
        """Whether both clocks, or a partner, say so."""
        if change.state is ChangeState.GRANTED:
            return True
        waits = change.state is ChangeState.WAITING
        return waits and change.due <= now and change.left <= self.uptime

    def decide(self, change: ChangeId, state: ChangeState, *, now: float, by: str) -> None:
        """Set the fate of a change."""
        self.changes[change] = replace(
            self.changes[change], state=state, decided_at=now, decided_by=by
        )


class MemoryTrust:
    """The five ports over those rows."""

    def _trust(self, *, writes: bool = False) -> TrustRows:
        raise NotImplementedError

    async def switch(self, switch: Switch) -> None:
        rows = self._trust(writes=True)
        reason = printable(switch.reason)
        rows.switches[switch.scope, switch.name] = replace(switch, reason=reason)
        rows.note(
            switch.by,
            "switch.off" if switch.is_off else "switch.on",
            switch.at,
            scope=switch.scope,
            name=switch.name,
            until=switch.until,
            reason=reason,
        )

    async def switches(self) -> list[Switch]:
        rows = self._trust().switches
        return [rows[key] for key in sorted(rows)]

    async def allow(self, allow: Allow) -> None:
        domain = printable(allow.domain)
        rows = self._trust(writes=True)
        rows.allowed += 1
        rows.allows[allow.account, allow.guard, domain] = replace(allow, domain=domain)

    async def allows(self, account: AccountId) -> list[Allow]:
        rows = self._trust().allows
        return [rows[key] for key in sorted(rows) if key[0] == account and rows[key].is_active]

    async def every_allow(self) -> list[Allow]:
        rows = self._trust().allows
        return [rows[key] for key in sorted(rows) if rows[key].is_active]

    async def edition(self) -> int:
        rows = self._trust()
        return len(rows.audit) + rows.allowed

    async def ran(self, seconds: float) -> float:
        rows = self._trust(writes=True)
        rows.uptime += min(max(seconds, 0.0), LONGEST_STEP)
        return rows.uptime

    async def request(self, loosening: Loosening, *, delay: float, now: float) -> Change:
        rows = self._trust(writes=True)
        for change in rows.changes.values():
            asked = replace(change.loosening, by=loosening.by)
            if asked == loosening and change.state in OPEN:
                return rows.told(change)
        change = Change(
            id=ChangeId(len(rows.changes) + 1),
            loosening=loosening,
            asked_at=now,
            due=now + delay,
            left=rows.uptime + delay,
        )
        rows.changes[change.id] = change
        rows.note_change("loosening.requested", change, now=now, by=loosening.by)
        return rows.told(change)

    async def withdraw(self, change: ChangeId, *, now: float, by: str) -> bool:
        rows = self._trust(writes=True)
        found = rows.changes.get(change)
        if found is None or found.state not in OPEN:
            return False
        rows.decide(change, ChangeState.WITHDRAWN, now=now, by=by)
        rows.note_change("loosening.withdrawn", found, now=now, by=by)
        return True

    async def grant(self, change: ChangeId, *, now: float, by: str) -> bool:
        rows = self._trust(writes=True)
        found = rows.changes.get(change)
        if found is None or found.state is not ChangeState.WAITING:
            return False
        rows.decide(change, ChangeState.GRANTED, now=now, by=by)
        rows.note_change("loosening.granted", found, now=now, by=by)
        return True

    async def due(self, *, now: float) -> list[Change]:
        rows = self._trust()
        return [rows.told(each) for each in rows.changes.values() if rows.is_due(each, now)]

    async def applied(self, change: ChangeId, *, now: float) -> bool:
        rows = self._trust(writes=True)
        found = rows.changes.get(change)
        if found is None or not rows.is_due(found, now):
            return False
        rows.changes[change] = replace(found, state=ChangeState.APPLIED)
        rows.note_change("loosening.applied", found, now=now, by="vedette")
        return True

    async def changes(self, tenant: TenantId | None = None) -> list[Change]:
        rows = self._trust()
        return [
            rows.told(each)
            for each in rows.changes.values()
            if each.state in OPEN and tenant in {None, each.loosening.tenant}
        ]

    async def enforce(
        self,
        protection: Protection,
        *,
        by: str,
        over: Protection | None = None,
        applies: Collection[ChangeId] = (),
    ) -> bool:
        rows = self._trust(writes=True)
        key = protection.tenant, protection.guard
        if rows.protections.get(key) != over:
            return False
        if not self._apply(rows, applies, protection.at):
            return False
        rows.protections[key] = replace(protection, since=())
        rows.note(
            by,
            "guard.enforced",
            protection.at,
            tenant=protection.tenant,
            guard=protection.guard,
            mode=protection.mode,
            version=protection.version,
        )
        return True

    async def cover(
        self,
        over: Protection,
        covered: Sequence[Covered],
        *,
        now: float,
        by: str,
        applies: Collection[ChangeId] = (),
    ) -> bool:
        rows = self._trust(writes=True)
        key = over.tenant, over.guard
        there = rows.protections.get(key)
        if there is None or (there.at, there.edition) != (over.at, over.edition):
            return False
        if not self._apply(rows, applies, now):
            return False
        since = {each.account: each for each in (*there.since, *covered)}
        rows.protections[key] = replace(
            there, edition=there.edition + 1, since=tuple(since[each] for each in sorted(since))
        )
        rows.note(
            by,
            "guard.enforced",
            now,
            tenant=over.tenant,
            guard=over.guard,
            mode=over.mode,
            version=over.version,
        )
        return True

    @staticmethod
    def _apply(rows: TrustRows, applies: Collection[ChangeId], now: float) -> bool:
        found = [rows.changes.get(each) for each in applies]
        due = [each for each in found if each is not None and rows.is_due(each, now)]
        if len(due) < len(found):
            return False
        for change in due:
            rows.changes[change.id] = replace(change, state=ChangeState.APPLIED)
            rows.note_change("loosening.applied", change, now=now, by="vedette")
        return True

    async def enforced(self, tenant: TenantId, guard: str) -> Protection | None:
        return self._trust().protections.get((tenant, guard))

    async def protections(self) -> list[Protection]:
        rows = self._trust().protections
        return [rows[key] for key in sorted(rows)]

    async def release(
        self, over: Protection, *, now: float, by: str, applies: Collection[ChangeId] = ()
    ) -> bool:
        rows = self._trust(writes=True)
        key = over.tenant, over.guard
        if rows.protections.get(key) != over or not self._apply(rows, applies, now):
            return False
        del rows.protections[key]
        rows.note(by, "guard.released", now, tenant=over.tenant, guard=over.guard)
        return True

    async def consent(self, account: AccountId, *, version: str, now: float, by: str) -> None:
        rows = self._trust(writes=True)
        self._end_consent(rows, account, now)
        rows.consents.append(Consent(account=account, version=version, at=now, by=by))
        rows.note(by, "consent.given", now, account=account, version=version)

    @staticmethod
    def _end_consent(rows: TrustRows, account: AccountId, now: float) -> bool:
        for number, each in enumerate(rows.consents):
            if each.account == account and each.withdrawn_at is None:
                rows.consents[number] = replace(each, withdrawn_at=now)
                return True
        return False

    async def withdraw_consent(self, account: AccountId, *, now: float, by: str) -> bool:
        rows = self._trust(writes=True)
        if not self._end_consent(rows, account, now):
            return False
        rows.note(by, "consent.withdrawn", now, account=account)
        return True

    async def consent_of(self, account: AccountId) -> Consent | None:
        every = await self.consents(account)
        return every[-1] if every and every[-1].withdrawn_at is None else None

    async def consented(self) -> frozenset[AccountId]:
        every = self._trust().consents
        return frozenset(each.account for each in every if each.withdrawn_at is None)

    async def consents(self, account: AccountId) -> list[Consent]:
        return [each for each in self._trust().consents if each.account == account]

    async def fingerprint(self) -> Fingerprint | None:
        return self._trust().fingerprint

    async def imprint(self, first: Fingerprint) -> Fingerprint:
        rows = self._trust(writes=True)
        rows.fingerprint = rows.fingerprint or first
        return rows.fingerprint

    async def audit(self, *, actor: str, what: str, detail: str, now: float) -> AuditEntry:
        return self._trust(writes=True).append(actor=actor, what=what, detail=detail, now=now)

    async def audit_trail(self, *, after: int = 0, limit: int = 100) -> list[AuditEntry]:
        return self._trust().audit[after : after + max(limit, 0)]

    async def audit_head(self) -> Trail:
        return await self.verify_audit()

    async def verify_audit(self) -> Trail:
        rows = self._trust().audit
        return Trail(entries=len(rows), head=rows[-1].digest if rows else b"")
