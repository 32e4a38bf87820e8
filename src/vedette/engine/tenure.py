"""What this instance may write now, and for which accounts.

One process on one machine owns everything for ever (``Sole``). In a cluster the right is that of a
shard, in an epoch, under a lease (``owner.Owner``). Whoever writes takes a fence along, which
the store compares; whoever is about to act on a mailbox, where no store can refuse, asks first.
"""

from __future__ import annotations

from typing import Protocol

from vedette.engine.watched import FencedError
from vedette.model.ids import AccountId
from vedette.ports.store import Fence
from vedette.telemetry.counters import Counter

_FENCED = Counter(
    "vedette_fenced_total",
    "Writes and actions that were refused because another instance owns the mailbox by now.",
)
_LAPSED = Counter(
    "vedette_lapsed_total",
    "Writes and actions that were not tried because the lease had ended or the shard was gone.",
)


#: For what belongs to no mailbox, in a cluster: the row is nobody's to take.
COMMON = Fence(shard=-1)


class Tenure(Protocol):
    """The right to write."""

    def has(self, account: AccountId) -> bool:
        """Tell whether the account is ours, as far as we know."""

    def fence(self, account: AccountId) -> Fence:
        """Return what a write for the account takes along. Raises FencedError when it is over."""

    async def confirm(self, account: AccountId) -> None:
        """Ask whether the account is still ours. Raises FencedError; StoreError: nobody can tell."""

    def refused(self, account: AccountId) -> FencedError:
        """Take note that the store refused a fence; return what is to be raised."""


class Sole:
    """The tenure of the only instance: there is nobody to be fenced by."""

    __slots__ = ()

    def has(self, _account: AccountId) -> bool:
        """Return that it is."""
        return True

    def fence(self, _account: AccountId) -> Fence:
        """Return the fence that never ends."""
        return Fence()

    async def confirm(self, _account: AccountId) -> None:
        """Do nothing: what has one owner needs no asking."""

    def refused(self, account: AccountId) -> FencedError:
        """Return the error; somebody else has been at the state."""
        return refused(account)


def refused(account: AccountId) -> FencedError:
    """Return, and count, that the authority refused what was done for an account."""
    _FENCED.inc()
    return FencedError(f"{account} is owned by another instance now")


def lapsed(account: AccountId) -> FencedError:
    """Return, and count, that something for an account was not even tried."""
    _LAPSED.inc()
    return FencedError(f"{account} is not owned by this instance any more")
