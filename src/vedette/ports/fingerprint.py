"""The fingerprint of the key under which guards remember: which one this state was written with.

Messages and partners' secrets are known again by it alone, so that an instance with another key
would act twice and refuse the partner. The state tells which key is meant, and nothing of the key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """An HMAC-SHA-256 (RFC 2104) of ``salt`` under the key."""

    salt: bytes
    digest: bytes


class Fingerprints(Protocol):
    """Every method raises StoreError. What a method returns is on disk."""

    async def fingerprint(self) -> Fingerprint | None:
        """Return the fingerprint of the key; None as long as no key was of use."""

    async def imprint(self, first: Fingerprint) -> Fingerprint:
        """Note the fingerprint of the key if there is none; return the one that holds."""
