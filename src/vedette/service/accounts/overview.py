"""Accounts with how they are doing: one, or a page of those in a state.

It must not know who watches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from vedette.model.account import AccountState, Health
from vedette.model.ids import AccountId
from vedette.ports.clock import Clock
from vedette.ports.registration import Pause, Registration
from vedette.service.accounts.accounts import AccountQuery, Accounts
from vedette.service.accounts.condition import INACTIVE, REASONS, Condition, State, condition
from vedette.service.caller import Caller
from vedette.service.running import Running

#: Accounts that are read at a time for a page of those in a state, and at most for one page: some
#: hundred milliseconds. A page may be short then, and says where to go on.
STEP: Final = 500
MOST: Final = 10_000
#: Accounts that are asked for by their ids at the same time.
TOGETHER: Final = 100

#: What a watch says of accounts that may be told to be in a state. In the other states are those
#: that nobody watches.
WATCHED: Final[Mapping[State, frozenset[AccountState]]] = {
    State.CONNECTING: frozenset({AccountState.CONNECTING}),
    State.SYNCING: frozenset({AccountState.SYNCING}),
    State.LIVE: frozenset({AccountState.CONNECTED}),
    State.DEGRADED: frozenset({AccountState.DEGRADED, AccountState.CONNECTED}),
    State.AUTH_FAILED: frozenset({AccountState.AUTH_FAILED, AccountState.PAUSED}),
    State.ERROR: frozenset({AccountState.ERROR}),
}

#: What the watch of an account says that is paused for anything but a refused login.
_OTHERWISE: Final = {INACTIVE, *REASONS.values()} - {REASONS[Pause.AUTH_FAILURE]}


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
        if state in WATCHED and not query.text and not query.fields:
            return await self._watched(caller, query, state, healths)
        found: list[Seen] = []
        # A state that most are in fills a page at once; who looks for a rare one looks far.
        step = replace(query, limit=min(STEP, query.limit * 2))
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
            step = replace(step, after=page.next, limit=STEP)
        return SeenPage(items=tuple(found), next=step.after)

    async def _watched(
        self,
        caller: Caller,
        query: AccountQuery,
        state: State,
        healths: Mapping[AccountId, Health],
    ) -> SeenPage:
        """Return a page of those whose watch says that they may be in a state, and who are.

        A few in a state are found among many without reading the others.
        """
        wall, states = caller.tenant or query.tenant, WATCHED[state]
        names = sorted(
            id_
            for id_, health in healths.items()
            if id_ > query.after
            and health.state in states
            and wall in {None, health.tenant}
            # In any of these states nobody is who is paused for another reason: of 20,000 that are
            # switched off each would be read.
            and not (health.state is AccountState.PAUSED and health.reason in _OTHERWISE)
        )
        found: list[Seen] = []
        size = min(query.limit, TOGETHER)
        for start in range(0, len(names), size):
            ids = names[start:][:size]
            there = await self._accounts.several(caller, ids)
            for count, id_ in enumerate(ids, start=start + 1):
                registration = there.get(id_)
                if registration is None:
                    # It was deleted, and its watch is about to be told.
                    continue
                one = self._seen(registration, healths)
                if one.condition.state is state and wall in {None, registration.account.tenant}:
                    found.append(one)
                if len(found) >= query.limit or count >= STEP * 2:
                    return SeenPage(items=tuple(found), next=id_)
        return SeenPage(items=tuple(found), next=None)

    def _seen(self, registration: Registration, healths: Mapping[AccountId, Health]) -> Seen:
        health = healths.get(registration.account.id)
        known = condition(registration, health, now=self._clock.now())
        return Seen(registration=registration, condition=known)
