"""Accounts with how they are doing: one, or a page of those in a state.

It must not know who watches.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from vedette.model.ids import AccountId, TenantId
from vedette.ports.clock import Clock
from vedette.ports.registration import Registration
from vedette.service.accounts.accounts import Accounts
from vedette.service.accounts.condition import (
    Condition,
    State,
    condition,
    seen_state,
    set_state,
)
from vedette.service.accounts.roll import AccountQuery, Entry
from vedette.service.cabinet import Page
from vedette.service.caller import Caller
from vedette.service.running import Healths, Running

#: The states of accounts that nobody asked to leave in peace.
_SEEN = frozenset(State) - {State.PAUSED, State.AUTH_FAILED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An account, and how it is doing."""

    registration: Registration
    condition: Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class InState:
    """The ``Choice`` of who is in a state, at one instant."""

    state: State
    healths: Healths
    now: float

    def among(self, entries: list[Entry], stopped: Collection[TenantId]) -> list[Entry]:
        """Return those who are, as far as their entries tell."""
        if self.state in _SEEN:
            # Told in one step of nearly all that are switched off.
            entries = [each for each in entries if each.active or not each.is_plain]
        return [each for each in entries if not each.is_plain or self._is_in(each, stopped)]

    def has(self, registration: Registration) -> bool:
        """Tell whether an account is, as it stands under its tenant."""
        health = self.healths.get(registration.account.id)
        return condition(registration, health, now=self.now).state is self.state

    def _is_in(self, entry: Entry, stopped: Collection[TenantId]) -> bool:
        if stopped and entry.tenant in stopped:
            return self.state is State.PAUSED
        state = set_state(entry.pause, active=entry.active)
        if state is None:
            state = seen_state(self.healths.get(entry.id), self.now)
        return state is self.state


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
        healths = await self._running.healths()
        return _seen(registration, healths, self._clock.now())

    async def page(
        self, caller: Caller, query: AccountQuery, state: State | None = None
    ) -> Page[Seen]:
        """Return accounts by id, of all or of one state."""
        healths, now = await self._running.healths(), self._clock.now()
        choice = None if state is None else InState(state=state, healths=healths, now=now)
        page = await self._accounts.page(caller, query, choice)
        items = tuple(_seen(each, healths, now) for each in page.items)
        return Page(items=items, next=page.next, unread=page.unread)


def _seen(registration: Registration, healths: Healths, now: float) -> Seen:
    known = condition(registration, healths.get(registration.account.id), now=now)
    return Seen(registration=registration, condition=known)
