"""What people set beside the packs, as it is at the moment: pauses, allowed senders, consents.

A value that the app makes anew whenever something is set, and each minute, so that asking it costs
a few look-ups in memory. It must not know where any of it is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from vedette.model.account import Account
from vedette.model.ids import AccountId
from vedette.ports.override import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The overrides that hold now.

    ``stopped`` names the kill switches that are off, spelled by ``stop``. ``locked`` are guards
    that the ratchet holds: they heed only switches that are made out to them. ``allowed`` are
    domains by account and guard that a person named; ``learned`` are those of mail that was moved
    back, and hold only for mail of which it is proved that it is from there. ``consented`` are the
    accounts with a consent that stands.
    """

    stopped: frozenset[str] = frozenset()
    locked: frozenset[str] = frozenset()
    allowed: Mapping[tuple[AccountId, str], frozenset[str]] = field(default_factory=dict)
    learned: Mapping[tuple[AccountId, str], frozenset[str]] = field(default_factory=dict)
    consented: frozenset[AccountId] = frozenset()

    def stops(self, guard: str, account: Account) -> bool:
        """Whether a guard may do nothing to an account's mail."""
        if not self.stopped:
            return False
        scopes = (
            stop(Scope.HOST, ""),
            stop(Scope.TENANT, account.tenant),
            stop(Scope.ACCOUNT, account.id),
        )
        own = (guard, *(f"{guard}@{scope}" for scope in scopes))
        if any(stop(Scope.GUARD, name) in self.stopped for name in own):
            return True
        return guard not in self.locked and not self.stopped.isdisjoint(scopes)

    def allows(self, guard: str, account: AccountId, domain: str) -> bool:
        """Whether a person let a guard leave alone what says that it is from a domain."""
        return _is_among(domain, self.allowed.get((account, guard)))

    def has_learned(self, guard: str, account: AccountId, proved: str) -> bool:
        """Whether a guard learned to leave alone what is proved to be from a domain."""
        return _is_among(proved, self.learned.get((account, guard)))


def _is_among(domain: str, domains: Collection[str] | None) -> bool:
    """Tell whether a domain, or one above it, is among others."""
    while domains and domain:
        if domain in domains:
            return True
        domain = domain.partition(".")[2]
    return False


def stop(scope: Scope, name: str) -> str:
    """Spell a scope and its name."""
    return f"{scope.value}:{name}"


#: Nothing is set.
NOTHING: Final = Standing()
