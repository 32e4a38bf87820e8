"""Many accounts in one request: each is done or refused by itself, and both are told.

It must not know what is done with one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from vedette.model.ids import AccountId, TenantId
from vedette.ports.registration import Registration
from vedette.service.accounts.accounts import WRITE, Accounts
from vedette.service.caller import Caller
from vedette.service.refusals import RefusalError, invalid

T = TypeVar("T")

#: Items of one request: each is a transaction, and a client waits for all of them.
MAX_ITEMS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """An account to make."""

    wish: Mapping[str, object]
    id: str | None = None
    tenant: TenantId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alteration:
    """A change of one account."""

    id: AccountId
    wish: Mapping[str, object]
    expected: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """An account to delete."""

    id: AccountId
    expected: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one item: the account, or None for one that was deleted, or the refusal."""

    account: Registration | None = None
    refusal: RefusalError | None = None


class Batches:
    """Takes many at once. The outcomes are in the order of the items."""

    __slots__ = ("_accounts",)

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def create(self, caller: Caller, items: Sequence[Addition]) -> list[Outcome]:
        """Make accounts."""

        async def one(item: Addition) -> Registration:
            return await self._accounts.create(caller, item.wish, id_=item.id, tenant=item.tenant)

        return await _each(caller, items, one)

    async def update(self, caller: Caller, items: Sequence[Alteration]) -> list[Outcome]:
        """Change accounts."""

        async def one(item: Alteration) -> Registration:
            return await self._accounts.update(caller, item.id, item.wish, expected=item.expected)

        return await _each(caller, items, one)

    async def delete(self, caller: Caller, items: Sequence[Removal]) -> list[Outcome]:
        """Delete accounts."""

        async def one(item: Removal) -> None:
            await self._accounts.delete(caller, item.id, expected=item.expected)

        return await _each(caller, items, one)


async def _each(
    caller: Caller, items: Sequence[T], one: Callable[[T], Awaitable[Registration | None]]
) -> list[Outcome]:
    caller.needs(WRITE)
    if not 1 <= len(items) <= MAX_ITEMS:
        raise invalid("items", f"expected 1 to {MAX_ITEMS} items")
    outcomes = []
    for item in items:
        try:
            outcomes.append(Outcome(account=await one(item)))
        except RefusalError as error:
            outcomes.append(Outcome(refusal=error))
    return outcomes
