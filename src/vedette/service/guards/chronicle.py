"""What guards decided and did, as it is written down: page by page, and why of one message.

Mail is not in it, nor any word of it but what a guard names as its reason. It must not know how
guards judge, nor change anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

import orjson

from vedette.imap.names import decode_name
from vedette.model.action import ActionState, Decision, JournalEntry, Place
from vedette.model.ids import AccountId, ActionId, EventId
from vedette.ports.journal import Journal, JournalQuery, Spot
from vedette.ports.store import EventQuery, Store
from vedette.service.accounts.accounts import Accounts
from vedette.service.caller import Caller
from vedette.service.guards.guards import READ, Guards
from vedette.service.refusals import ConflictError, NotFoundError, invalid

#: Entries of a page.
MAX_PAGE: Final = 1_000
#: Decisions of one account that are looked through for one message: a day of a busy mailbox.
MAX_DECISIONS: Final = 10_000
#: Seconds around an event within which it was decided: in the same commit, give or take clocks.
_AROUND: Final = 3_600.0

Row = TypeVar("Row", Decision, JournalEntry)


class Written(Store, Journal, Protocol):
    """What is written down of mail and of guards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which rows: ``since`` is inclusive, ``until`` exclusive; ``below`` ends the page before."""

    guard: str | None = None
    account: str | None = None
    since: float | None = None
    until: float | None = None
    below: Spot | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk(Generic[Row]):
    """A page, newest first; ``next`` is below which to go on. None: there are no more."""

    items: tuple[Row, ...]
    next: Spot | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What guards made of one message."""

    account: AccountId
    place: Place
    decisions: tuple[Decision, ...]
    entries: tuple[JournalEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """Where a message was, and when it was decided about, give or take ``_AROUND``."""

    account: AccountId
    place: Place
    at: float


class Chronicle:
    """Every method takes who asks; what is another tenant's is not there."""

    def __init__(self, accounts: Accounts, guards: Guards, kept: Written) -> None:
        self._accounts = accounts
        self._guards = guards
        self._kept = kept

    async def journal(
        self, caller: Caller, sought: Sought, state: ActionState | None = None
    ) -> Walk[JournalEntry]:
        """Return what guards did, newest first."""
        caller.needs(READ)
        limit = min(sought.limit, MAX_PAGE)
        query = JournalQuery(
            tenant=caller.tenant,
            account=None if sought.account is None else AccountId(sought.account),
            guard=sought.guard,
            states=() if state is None else (state,),
            since=sought.since,
            until=sought.until,
            below=sought.below,
            limit=limit,
        )
        found = await self._kept.journal(query)
        return Walk(items=tuple(found), next=_following(found, limit))

    async def decisions(self, caller: Caller, sought: Sought) -> Walk[Decision]:
        """Return what guards decided, newest first; a page may be short.

        A tenant names an account of its own, or a guard of its own. Raises NotFoundError,
        InvalidError.
        """
        caller.needs(READ)
        account, tenant = None, caller.tenant
        if sought.account is not None:
            found = await self._accounts.find(caller, AccountId(sought.account))
            # Who had the account of this name before is nobody's business.
            account, tenant = found.account.id, found.account.tenant
        elif caller.tenant is not None:
            # Others' rows, of a guard that stands at everybody's, would be read through in vain.
            if sought.guard is None:
                raise invalid("account", "give an account, or a guard of your own")
            await self._guards.get(caller, sought.guard)
        limit = min(sought.limit, MAX_PAGE)
        rows = await self._kept.decisions(
            account,
            sought.guard,
            since=sought.since or 0.0,
            until=sought.until,
            below=sought.below,
            limit=limit,
        )
        own = tuple(each for each in rows if tenant in {None, each.tenant})
        return Walk(items=own, next=_following(rows, limit))

    async def explain(self, caller: Caller, id_: str) -> Told:
        """Tell why guards did what they did with the message of an event, or of an action."""
        caller.needs(READ)
        known = await self._place(caller, id_)
        decisions: dict[int, Decision] = {}
        entries: dict[int, JournalEntry] = {}
        # When it came, and what was made of it since: a sweep judges again.
        for until in (known.at + _AROUND, None):
            bounds = JournalQuery(
                account=known.account,
                tenant=caller.tenant,
                since=known.at - _AROUND,
                until=until,
                limit=MAX_DECISIONS,
            )
            for entry in await self._kept.journal(bounds):
                if entry.origin == known.place:
                    entries[entry.seq] = entry
            for decision in await self._kept.decisions(
                known.account,
                None,
                since=known.at - _AROUND,
                until=until,
                limit=MAX_DECISIONS,
            ):
                if decision.origin == known.place:
                    decisions[decision.seq] = decision
        return Told(
            account=known.account,
            place=known.place,
            decisions=tuple(sorted(decisions.values(), key=_order)),
            entries=tuple(sorted(entries.values(), key=_order, reverse=True)),
        )

    async def _place(self, caller: Caller, id_: str) -> _Known:
        """Return where the message was, of which an event or an action tells."""
        query = JournalQuery(action=ActionId(id_), tenant=caller.tenant, limit=1)
        for entry in await self._kept.journal(query):
            return _Known(account=entry.account, place=entry.origin, at=entry.at)
        asked = EventQuery(event=EventId(id_), tenant=caller.tenant, limit=1)
        for event in await self._kept.events(asked):
            data = orjson.loads(event.body).get("data") or {}
            folder, uid = data.get("folder"), data.get("uid")
            if not isinstance(folder, dict) or not isinstance(uid, int):
                raise ConflictError("the event is about no message")
            path = await self._wire(event.account, str(folder.get("path")))
            place = Place(folder=path, uid_validity=int(data["uidValidity"]), uid=uid)
            return _Known(account=event.account, place=place, at=event.time)
        raise NotFoundError("event", id_)

    async def _wire(self, account: AccountId, name: str) -> bytes:
        """Return a folder's name on the wire: UTF-8 or modified UTF-7, as its server has it."""
        for state in await self._kept.folders(account):
            if decode_name(state.path) == name:
                return state.path
        return name.encode()


def _order(row: Decision | JournalEntry) -> tuple[float, int]:
    return row.at, row.seq


def _following(found: Sequence[Row], limit: int) -> Spot | None:
    """Return the spot below which to go on after a page; None where it was not full."""
    return Spot(at=found[-1].at, seq=found[-1].seq) if found and len(found) >= limit else None
