"""Consents: whether somebody agreed that an account's mail be read and acted on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from vedette.model.ids import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """Somebody's consent that an account's mail be read (GDPR Art. 9(2)(a)).

    ``version`` names the words that were agreed to. Withdrawn, it is kept as proof of what was.
    """

    account: AccountId
    version: str
    at: float
    by: str
    withdrawn_at: float | None = None


class Consents(Protocol):
    """Every method raises StoreError; grants and withdrawals are audited."""

    async def consent(self, account: AccountId, *, version: str, now: float, by: str) -> None:
        """Note a consent; it takes the place of the one that stands."""

    async def withdraw_consent(self, account: AccountId, *, now: float, by: str) -> bool:
        """End the consent that stands, at once; False if none does."""

    async def consent_of(self, account: AccountId) -> Consent | None:
        """Return the consent that stands."""

    async def consented(self) -> frozenset[AccountId]:
        """Return the accounts for which a consent stands."""

    async def consents(self, account: AccountId) -> list[Consent]:
        """Return every consent that was ever given for the account, oldest first."""
