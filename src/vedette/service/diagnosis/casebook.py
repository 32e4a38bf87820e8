"""Gathers what is known of an account: its watch, its counts, its deliveries, its guards.

Everything is read from the state or from the memory of this instance, in a bounded number of
questions; the mailbox is not asked. What it means is for ``chart``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, Protocol

from vedette.model.action import ActionState, JournalEntry
from vedette.model.delivery import DeliveryState
from vedette.model.ids import AccountId, EndpointId
from vedette.ports.clock import Clock
from vedette.ports.completeness import Counted
from vedette.ports.journal import Journal, JournalQuery
from vedette.ports.store import DeliveryQuery, Store, StoredDelivery
from vedette.service.accounts.accounts import READ
from vedette.service.accounts.counting import counting
from vedette.service.accounts.overview import Overview
from vedette.service.caller import Caller
from vedette.service.diagnosis.chart import Case, Complaint, Stuck, findings
from vedette.service.doctor.doctor import Finding
from vedette.service.running import Running

#: Deliveries, and acts of guards, of one kind that are looked at: the newest.
LOOKED: Final = 50
#: Seconds back from now that a guard's failures are told: of a week ago nobody asks.
RECENT: Final = 7 * 86_400.0
#: Tries of an act that are ordinary: a mailbox may be busy once.
ORDINARY: Final = 1

#: Acts that are under way, and may not get on.
_UNDER_WAY: Final = (ActionState.INTENDED, ActionState.COPIED, ActionState.UNDOING)


class State(Store, Counted, Journal, Protocol):
    """What of a store is asked."""


class Casebook:
    """Tells who may what is known of an account."""

    def __init__(self, overview: Overview, state: State, running: Running, clock: Clock) -> None:
        self._overview = overview
        self._state = state
        self._running = running
        self._clock = clock

    async def read(self, caller: Caller, id_: AccountId) -> list[Finding]:
        """Return the findings in order. Raises NotFoundError, StoreError."""
        caller.needs(READ)
        seen = await self._overview.one(caller, id_)
        account = seen.registration.account.id
        case = Case(
            registration=seen.registration,
            condition=seen.condition,
            counting=await counting(self._state, account),
            here=self._running.ownership().instance,
            keeper=await self._running.keeper(account),
            is_running=self._running.is_running,
            # What goes wrong with a table of the operator is for the operator.
            tables=self._running.tables() if caller.tenant is None else {},
            stuck=[
                *await self._held_up(account, is_named=caller.tenant is None),
                *await self._guards(account),
            ],
        )
        return list(findings(case))

    async def _held_up(self, account: AccountId, *, is_named: bool) -> list[Stuck]:
        """Return the deliveries that do not go on, by endpoint; named where that may be told."""
        found: list[Stuck] = []
        waiting = await self._deliveries(account, DeliveryState.DUE)
        for endpoint, held in waiting.items():
            name = endpoint if is_named else "an endpoint"
            state = await self._state.endpoint_state(endpoint)
            failing = [each for each in held if each.attempts]
            if state.disabled_at is not None:
                found.append(
                    _deliveries(Complaint.ENDPOINT_DISABLED, name, held, state.disabled_reason)
                )
            elif failing:
                found.append(_deliveries(Complaint.DELIVERY_FAILING, name, failing))
        given_up = await self._deliveries(account, DeliveryState.FAILED)
        for endpoint, dead in given_up.items():
            name = endpoint if is_named else "an endpoint"
            found.append(_deliveries(Complaint.DELIVERY_GIVEN_UP, name, dead))
        return found

    async def _deliveries(
        self, account: AccountId, state: DeliveryState
    ) -> dict[EndpointId, list[StoredDelivery]]:
        query = DeliveryQuery(account=account, state=state, limit=LOOKED)
        found: dict[EndpointId, list[StoredDelivery]] = defaultdict(list)
        for each in await self._state.deliveries(query):
            found[each.endpoint].append(each)
        return found

    async def _guards(self, account: AccountId) -> list[Stuck]:
        since = self._clock.now() - RECENT
        failed = await self._state.journal(
            JournalQuery(account=account, states=(ActionState.FAILED,), since=since, limit=LOOKED)
        )
        going = await self._state.journal(
            JournalQuery(account=account, states=_UNDER_WAY, since=since, limit=LOOKED)
        )
        stuck = [each for each in going if each.attempts > ORDINARY]
        return [
            *_acts(Complaint.GUARD_FAILED, failed),
            *_acts(Complaint.GUARD_STUCK, stuck),
        ]


def _deliveries(
    complaint: Complaint, whose: str, found: Sequence[StoredDelivery], said: str = ""
) -> Stuck:
    return Stuck(complaint=complaint, whose=whose, count=len(found), said=said or found[0].reason)


def _acts(complaint: Complaint, found: Sequence[JournalEntry]) -> list[Stuck]:
    by_guard: dict[str, list[JournalEntry]] = defaultdict(list)
    for each in found:
        by_guard[each.guard].append(each)
    return [
        Stuck(complaint=complaint, whose=guard, count=len(acts), said=acts[0].reason)
        for guard, acts in sorted(by_guard.items())
    ]
