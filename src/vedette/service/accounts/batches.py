"""Many accounts in one request: each is done or refused by itself, and both are told.

New ones are written some at a time, in one transaction; where that is refused for the sake of one, each
of them is written by itself, in its order. It must not know what an account is made of.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from vedette.model.ids import AccountId, TenantId
from vedette.ports.registration import Registration
from vedette.service.accounts.accounts import WRITE, Accounts, blank, new_writing
from vedette.service.accounts.tenant import Tenant
from vedette.service.cabinet import Cabinet, Writing
from vedette.service.caller import Caller
from vedette.service.refusals import NotFoundError, PlanLimitError, RefusalError, invalid

T = TypeVar("T")

#: Items of one request: a client waits for all of them.
MAX_ITEMS: Final = 500
#: New accounts of one transaction, a third of a millisecond each: mail gets in between.
STEP: Final = 25
#: Those that are looked at before others have a turn on the loop.
_TURN: Final = 10


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

    __slots__ = ("_accounts", "_cabinet")

    def __init__(self, cabinet: Cabinet, accounts: Accounts) -> None:
        self._cabinet = cabinet
        self._accounts = accounts

    async def create(self, caller: Caller, items: Sequence[Addition]) -> list[Outcome]:
        """Make accounts."""

        async def one(item: Addition) -> Registration:
            return await self._accounts.create(caller, item.wish, id_=item.id, tenant=item.tenant)

        _check(caller, items)
        outcomes: list[Outcome] = []
        for start in range(0, len(items), STEP):
            step = items[start:][:STEP]
            together = await self._together(caller, step)
            outcomes += together or await _each(caller, step, one)
        return outcomes

    async def _together(self, caller: Caller, items: Sequence[Addition]) -> list[Outcome] | None:
        """Make all of some accounts that can be made, or none of them where one is refused then."""
        outcomes: list[Outcome | None] = []
        new: list[tuple[Writing, Tenant]] = []
        owners: dict[TenantId | None, Tenant] = {}
        for number, item in enumerate(items, start=1):
            if number % _TURN == 0:
                await asyncio.sleep(0)
            try:
                owner = owners.get(item.tenant)
                if owner is None:
                    owner = owners[item.tenant] = await self._accounts.owner(caller, item.tenant)
                blank_ = blank(self._accounts.chosen(caller, item.id), owner.id)
                found = self._accounts.judged(caller, item.wish, blank_)
                await self._accounts.know_app(found.registration)
            except RefusalError as error:
                outcomes.append(Outcome(refusal=error))
                continue
            outcomes.append(None)
            new.append((new_writing(found, owner), owner))
        try:
            writings = [(writing, 0) for writing, _ in new]
            if writings and not await self._cabinet.write(caller, writings):
                return None
        except PlanLimitError:
            return None
        made = await self._made(caller, new)
        return [made.pop(0) if each is None else each for each in outcomes]

    async def _made(self, caller: Caller, new: Sequence[tuple[Writing, Tenant]]) -> list[Outcome]:
        """Return what is there now that some accounts were written."""
        refused: dict[str, RefusalError] = {}
        owners = {owner.id: owner for _, owner in new}.values()
        changed = {each.id for each in owners if not await self._accounts.is_as_before(each)}
        for writing, owner in new:
            if owner.id not in changed:
                continue
            try:
                await self._accounts.still_fits(caller, writing.record, owner)
            except RefusalError as error:
                refused[writing.record.id] = error
        there = await self._accounts.these(
            caller, [AccountId(writing.record.id) for writing, _ in new]
        )
        outcomes: list[Outcome] = []
        for writing, _ in new:
            id_ = writing.record.id
            found = there.get(id_)
            if id_ not in refused and isinstance(found, Registration):
                outcomes.append(Outcome(account=found))
            else:
                gone = refused.get(id_) or NotFoundError("account", id_)
                outcomes.append(Outcome(refusal=gone))
        return outcomes

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


def _check(caller: Caller, items: Sequence[object]) -> None:
    caller.needs(WRITE)
    if not 1 <= len(items) <= MAX_ITEMS:
        raise invalid("items", f"expected 1 to {MAX_ITEMS} items")


async def _each(
    caller: Caller, items: Sequence[T], one: Callable[[T], Awaitable[Registration | None]]
) -> list[Outcome]:
    _check(caller, items)
    outcomes = []
    for item in items:
        try:
            outcomes.append(Outcome(account=await one(item)))
        except RefusalError as error:
            outcomes.append(Outcome(refusal=error))
    return outcomes
