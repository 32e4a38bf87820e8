"""What people set of guards while the service runs: kill switches, and senders that are allowed.

Both stand beside the packs: a switch that is off makes every guard of its scope flag at most, so
that mail stays in place, and an allow is a sender's domain that a guard leaves alone for one
account. They take effect when they are set; to set one of a protective guard is the ratchet's
affair, not the store's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Protocol

from vedette.model.ids import AccountId


@unique
class Scope(StrEnum):
    """What a switch is of; its name is the guard's, the tenant's, the account's or ``""``."""

    GUARD = "guard"
    TENANT = "tenant"
    ACCOUNT = "account"
    HOST = "host"
    """Everything that this installation does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """The last word about a scope. ``until`` is the instant at which it ends by itself."""

    scope: Scope
    name: str = ""
    is_off: bool
    until: float | None = None
    reason: str = ""
    by: str
    at: float

    def stops(self, now: float) -> bool:
        """Whether guards of the scope only flag at ``now``."""
        return self.is_off and (self.until is None or now < self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allow:
    """A domain whose mail a guard leaves alone. ``source``: ``returned``, or who set it."""

    account: AccountId
    guard: str
    domain: str
    at: float
    source: str
    is_active: bool = True


class Overrides(Protocol):
    """Every method raises StoreError. What a method returns is on disk."""

    async def switch(self, switch: Switch) -> None:
        """Set a switch: the last word about its scope and name. It is audited."""

    async def switches(self) -> list[Switch]:
        """Return the last word about each scope and name, also what is on again."""

    async def allow(self, allow: Allow) -> None:
        """Set, or take back with ``is_active`` False, an allow: the last word about its domain."""

    async def allows(self, account: AccountId) -> list[Allow]:
        """Return the allows of an account that are active, by guard and domain."""

    async def every_allow(self) -> list[Allow]:
        """Return the allows of all accounts that are active, by account, guard and domain."""

    async def edition(self) -> int:
        """Return a number that is another one after each change of what people set.

        Of switches, allows and consents, whichever instance it was made at: who keeps them in
        memory asks this often, and reads them anew when it has changed.
        """
