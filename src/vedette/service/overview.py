"""Accounts with how they are doing: one, or a page of those in a state.

It must not know who watches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from vedette.model.account import Health
from vedette.model.ids import AccountId
from vedette.ports.clock import Clock
from vedette.ports.registration import Registration
from vedette.service.accounts import AccountQuery, Accounts
from vedette.service.caller import Caller
from vedette.service.condition import Condition, State, condition
from vedette.service.running import Running

#: Accounts that are read at a time for a page of those in a state, and at most for one page: some
#: hundred milliseconds. A page may be short then, and says where to go on.
STEP: Final = 500
MOST: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An account, and how it is doing."""

    registration: Registration
    condition: Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPage:
    """Some of them, and after which id the next ones are; None: these were the last."""

    items: tuple[Seen, ...]
    next: str | None


class Overview:
    """Joins what is registered with what is known of the watch. Nothing is decrypted for it."""

    def __init__(self, accounts: Accounts, running: Running, clock: Clock) -> None:
        self._accounts = accounts
        self._running = running
        self._clock = clock

    async def one(self, caller: Caller, id_: AccountId) -> Seen:
        """Return an account. Raises NotFoundError."""
        return await self.seen(await self._accounts.get(caller, id_))

    async def seen(self, registration: Registration) -> Seen:
        """Return an account that was read already with how it is doing."""
        return self._seen(registration, await self._running.healths())

    async def page(
        self, caller: Caller, query: AccountQuery, state: State | None = None
    ) -> SeenPage:
        """Return accounts by id, of all or of one state."""
        healths = await self._running.healths()
        if state is None:
            page = await self._accounts.page(caller, query)
            return SeenPage(items=tuple(self._seen(r, healths) for r in page.items), next=page.next)
        found: list[Seen] = []
        step = replace(query, limit=STEP)
        for _ in range(MOST // STEP):
            page = await self._accounts.page(caller, step)
            for registration in page.items:
                one = self._seen(registration, healths)
                if one.condition.state is state:
                    found.append(one)
                    if len(found) >= query.limit:
                        return SeenPage(items=tuple(found), next=registration.account.id)
            if page.next is None:
                return SeenPage(items=tuple(found), next=None)
            step = replace(step, after=page.next)
        return SeenPage(items=tuple(found), next=step.after)

    def _seen(self, registration: Registration, healths: Mapping[AccountId, Health]) -> Seen:
        health = healths.get(registration.account.id)
        known = condition(registration, health, now=self._clock.now())
        return Seen(registration=registration, condition=known)
