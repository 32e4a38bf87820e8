"""The audit: an append-only trail of what people decided about guards.

Each entry holds a digest over itself and the one before it, so that a changed, removed or inserted
entry is found. Who can write the file can also write the digests anew: the trail is worth as much
as a copy of its head, the last number and digest, that is kept elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One step. ``detail`` is JSON; ``previous`` is the digest of the entry before."""

    seq: int
    at: float
    actor: str
    what: str
    detail: str
    previous: bytes
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """What a look over the whole trail found."""

    entries: int
    head: bytes
    """The last digest, to be kept elsewhere; empty where there is no entry."""
    broken_at: int | None = None
    """The first entry that does not follow from the one before it, or is missing."""


class Audit(Protocol):
    """Every method raises StoreError. What a method returns is on disk."""

    async def audit(self, *, actor: str, what: str, detail: str, now: float) -> AuditEntry:
        """Append an entry. ``what`` is a dotted name, ``detail`` a JSON object."""

    async def audit_trail(self, *, after: int = 0, limit: int = 100) -> list[AuditEntry]:
        """Return entries with a higher number, in order."""

    async def audit_head(self) -> Trail:
        """Return how many entries there are and the last digest, without a look at the others."""

    async def verify_audit(self) -> Trail:
        """Read the whole trail and say whether it is unbroken."""
