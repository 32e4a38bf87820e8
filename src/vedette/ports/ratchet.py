"""The ratchet's memory: what is enforced, which loosenings wait, and for how long.

A protective guard may be tightened at once and loosened only after its delay. What is enforced is
kept here, so that a changed file alone loosens nothing. A loosening is due when two clocks say so:
the wall clock, which anyone may set, and a count of the seconds for which the service ran, which
stands still while it does not. It is on a machine of the user's own, so this is friction and no
wall; but every step leaves a mark in the audit, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import NewType, Protocol

from vedette.model.ids import AccountId, TenantId

ChangeId = NewType("ChangeId", int)


@unique
class ChangeState(StrEnum):
    """The life of a loosening.

    ::

        waiting ─► (granted) ─► applied
           └───────────┴──────► withdrawn
    """

    WAITING = "waiting"
    GRANTED = "granted"
    """A partner let it happen at once."""
    APPLIED = "applied"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loosening:
    """What somebody asks for. ``what`` is JSON, the classified change; ``account`` if it is of one."""

    tenant: TenantId
    guard: str
    account: AccountId | None = None
    what: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A loosening and its fate. ``due`` is an instant; ``left`` are seconds the service has to run."""

    id: ChangeId
    loosening: Loosening
    asked_at: float
    due: float
    left: float
    state: ChangeState = ChangeState.WAITING
    decided_at: float | None = None
    decided_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """What a guard sees of an account at which it stands (JSON); None: it stands there no more."""

    account: AccountId
    sight: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """What is enforced of a guard for a tenant: the pack's text, its mode, and its lock (JSON).

    ``since`` are the accounts of which something changed since the lock was written, and
    ``edition`` is another number after each such change, or after another lock.
    """

    tenant: TenantId
    guard: str
    text: str
    mode: str
    lock: str
    version: str
    at: float
    edition: int = 0
    since: tuple[Covered, ...] = field(default=(), compare=False)


class Ratchet(Protocol):
    """Every method raises StoreError. What a method returns is on disk."""

    async def ran(self, seconds: float) -> float:
        """Count seconds for which the service ran (by a monotonic clock); return all of them.

        A step counts for two minutes at most, a negative one for nothing.
        """

    async def request(self, loosening: Loosening, *, delay: float, now: float) -> Change:
        """Ask for a loosening. One that waits already is returned as it is, by whomever."""

    async def withdraw(self, change: ChangeId, *, now: float, by: str) -> bool:
        """Take a request back; False if it is applied or withdrawn already."""

    async def grant(self, change: ChangeId, *, now: float, by: str) -> bool:
        """Let a request that waits be due at once (a partner's consent); False if it does not."""

    async def due(self, *, now: float) -> list[Change]:
        """Return what may be applied: what is granted, and what both clocks say is due."""

    async def applied(self, change: ChangeId, *, now: float) -> bool:
        """Note that a change took effect; False, and nothing is written, if it is not due."""

    async def changes(self, tenant: TenantId | None = None) -> list[Change]:
        """Return the loosenings that wait or are granted, oldest first."""

    async def enforce(
        self,
        protection: Protection,
        *,
        by: str,
        over: Protection | None = None,
        applies: Collection[ChangeId] = (),
    ) -> bool:
        """Set what is enforced of a guard from now on, where ``over`` was until now.

        None is nothing at all. ``applies`` are the loosenings by which it is let; they take effect
        with it. False, and nothing is written, where another came first: something else is
        enforced by now, or one of the loosenings is not due at the protection's instant. Its own
        edition is another than that of ``over``; of its ``since`` nothing is written.
        """

    async def cover(
        self,
        over: Protection,
        covered: Sequence[Covered],
        *,
        now: float,
        by: str,
        applies: Collection[ChangeId] = (),
    ) -> bool:
        """Set at which accounts a guard stands, of which ``over`` is enforced; as ``enforce``.

        The edition of what is enforced is that of ``over``, and one, from now on.
        """

    async def enforced(self, tenant: TenantId, guard: str) -> Protection | None:
        """Return what is enforced of a guard."""

    async def protections(self) -> list[Protection]:
        """Return all that is enforced, by tenant and guard."""

    async def release(
        self, over: Protection, *, now: float, by: str, applies: Collection[ChangeId] = ()
    ) -> bool:
        """Enforce a guard no longer of which this was enforced; False as ``enforce`` says it."""
