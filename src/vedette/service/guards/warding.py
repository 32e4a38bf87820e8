"""What people do with guards that stand: see what they did, take it back, stop them, allow a sender.

Whatever loosens a protective guard goes to the ratchet and waits there, as it does for a command on
the machine itself: the same desk is asked. It must not know how guards judge, nor how the ratchet
decides.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import orjson

from vedette import mime
from vedette.errors import UsageError
from vedette.guard.evidence import Evidence
from vedette.imap.names import decode_name
from vedette.model.action import ActionState, Decision, JournalEntry, Place
from vedette.model.ids import AccountId, ActionId, EventId
from vedette.ports.audit import Audit
from vedette.ports.journal import Journal, JournalQuery
from vedette.ports.override import Allow, Overrides, Scope, Switch
from vedette.ports.ratchet import Change, Ratchet
from vedette.ports.records import Kind
from vedette.ports.store import EventQuery, Store
from vedette.secret import Secret
from vedette.service.accounts.accounts import Accounts
from vedette.service.cabinet import Cabinet
from vedette.service.caller import Caller
from vedette.service.endpoints.outgoing import IdleError
from vedette.service.guards.guards import READ, WRITE, Guards
from vedette.service.guards.post import guard_of, settings_of
from vedette.service.guards.trial import Trial, compiled, thinking
from vedette.service.refusals import (
    ConflictError,
    NotFoundError,
    RefusalError,
    invalid,
)

#: Entries of a page.
MAX_PAGE: Final = 1_000
#: Decisions of one account that are looked through for one message: a day of a busy mailbox.
MAX_DECISIONS: Final = 10_000
#: Seconds around an event within which it was decided: in the same commit, give or take clocks.
_AROUND: Final = 3_600.0
#: Messages that are tried at once: each takes a thread for some ten milliseconds.
_AT_ONCE: Final = 2
#: Guards of a tenant that it may be asked about.
_GUARDS: Final = 1_000

#: A command of the desk of guards: a request in, an answer out.
Command = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]


class Kept(Store, Journal, Overrides, Ratchet, Audit, Protocol):
    """What is written down of guards."""


class CrowdedTrialsError(RefusalError):
    """As many messages are tried as may be at once."""

    code = "too_many"
    exit_status = 75
    retryable = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Wards:
    """What an engine lends: its desk, by the names of its commands, and the state's folder."""

    desk: Mapping[str, Command] = field(default_factory=dict)
    state: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What became of a wish: what is done, and what waits for the ratchet, each a line."""

    done: str | None
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What guards made of one message."""

    account: AccountId
    place: Place
    decisions: tuple[Decision, ...]
    entries: tuple[JournalEntry, ...]


class Warding:
    """Every method takes who asks; what is another tenant's is not there."""

    def __init__(
        self, guards: Guards, accounts: Accounts, cabinet: Cabinet, kept: Kept, wards: Wards
    ) -> None:
        self._guards = guards
        self._accounts = accounts
        self._cabinet = cabinet
        self._kept = kept
        self._wards = wards
        self._trying = 0

    # What they did.

    async def journal(
        self,
        caller: Caller,
        *,
        guard: str | None = None,
        account: str | None = None,
        states: Collection[ActionState] = (),
        since: float | None = None,
        limit: int = 100,
    ) -> list[JournalEntry]:
        """Return what guards did, newest first."""
        caller.needs(READ)
        query = JournalQuery(
            tenant=caller.tenant,
            account=None if account is None else AccountId(account),
            guard=guard,
            states=tuple(states),
            since=since,
            limit=min(limit, MAX_PAGE),
        )
        return await self._kept.journal(query)

    async def decisions(
        self, caller: Caller, account: str, *, guard: str | None, since: float, limit: int
    ) -> list[Decision]:
        """Return what guards decided about the mail of an account, newest first."""
        caller.needs(READ)
        found = await self._accounts.find(caller, AccountId(account))
        decisions = await self._kept.decisions(
            found.account.id, guard, since=since, limit=min(limit, MAX_PAGE)
        )
        return [each for each in decisions if each.tenant == found.account.tenant]

    async def explain(self, caller: Caller, id_: str) -> Told:
        """Tell why guards did what they did with the message of an event, or of an action."""
        caller.needs(READ)
        account, place, since = await self._place(caller, id_)
        decisions = await self._kept.decisions(account, None, since=since, limit=MAX_DECISIONS)
        query = JournalQuery(
            account=account, tenant=caller.tenant, since=since, limit=MAX_DECISIONS
        )
        entries = await self._kept.journal(query)
        return Told(
            account=account,
            place=place,
            decisions=tuple(each for each in reversed(decisions) if each.origin == place),
            entries=tuple(each for each in entries if each.origin == place),
        )

    async def undo(self, caller: Caller, actions: Sequence[str]) -> Asked:
        """Have actions taken back; of a protective guard those wait. Raises ConflictError."""
        caller.needs(WRITE)
        for each in actions:
            query = JournalQuery(action=ActionId(each), tenant=caller.tenant, limit=1)
            if not await self._kept.journal(query):
                raise NotFoundError("action", each)
        answer = await self._ask(caller, "guard.undo", {"actions": list(actions)})
        count = int(answer["asked"])
        return Asked(
            done=f"{count} of {len(actions)} asked for", waiting=tuple(map(str, answer["held"]))
        )

    async def test(self, caller: Caller, id_: str, octets: bytes, authserv: Sequence[str]) -> Trial:
        """Say what a guard would do with a message, and why. Nothing is kept."""
        caller.needs(READ)
        record = await self._cabinet.record(caller, Kind.GUARD, id_)
        if self._trying >= _AT_ONCE:
            raise CrowdedTrialsError(f"{_AT_ONCE} messages are tried already; try again")
        found, secrets = guard_of(record), await self._cabinet.opened(record)
        self._trying += 1
        try:
            settings = await asyncio.to_thread(settings_of, found, secrets)
            with tempfile.TemporaryDirectory(prefix="vedette-") as scratch:
                place = self._wards.state or Path(scratch)
                guard = await compiled(
                    settings.pack,
                    base=settings.base,
                    state=place,
                    scratch=Path(scratch),
                    now=self._cabinet.now(),
                )
                think = thinking(settings.pack, place)

                def judged() -> Trial:
                    message = mime.read(octets, trusted_authserv=authserv, shown=True)
                    evidence = Evidence(
                        message=message, size=len(octets), facts=(), opinions=think(message)
                    )
                    return Trial(name="message", verdict=guard.full(evidence))

                return await asyncio.to_thread(judged)
        finally:
            self._trying -= 1

    # What people set.

    async def switches(self, caller: Caller) -> list[Switch]:
        """Return what is switched off, of what the caller sees."""
        caller.needs(READ)
        now = self._cabinet.now()
        found = [each for each in await self._kept.switches() if each.stops(now)]
        return [each for each in found if await self._sees(caller, each.scope, each.name)]

    async def pause(
        self, caller: Caller, scope: Scope, name: str, *, seconds: float | None
    ) -> Asked:
        """Have guards of a scope keep all mail in place: the kill switch."""
        await self._may_switch(caller, scope, name)
        request = {"scope": scope.value, "name": name, "seconds": seconds}
        return _asked(await self._ask(caller, "guard.pause", request))

    async def resume(self, caller: Caller, scope: Scope, name: str) -> Asked:
        """Have guards of a scope do what their modes say."""
        await self._may_switch(caller, scope, name)
        request = {"scope": scope.value, "name": name}
        return _asked(await self._ask(caller, "guard.resume", request))

    async def allows(self, caller: Caller, account: str) -> list[Allow]:
        """Return whom guards leave alone at an account."""
        caller.needs(READ)
        found = await self._accounts.find(caller, AccountId(account))
        return await self._kept.allows(found.account.id)

    async def allow(
        self, caller: Caller, account: str, guard: str, domain: str, *, remove: bool
    ) -> Asked:
        """Have a guard leave a sender's domain alone at an account, or judge it again."""
        caller.needs(WRITE)
        found = await self._accounts.find(caller, AccountId(account))
        await self._know_guard(caller, guard)
        request = {
            "account": found.account.id,
            "guard": guard,
            "domain": domain,
            "remove": remove,
        }
        return _asked(await self._ask(caller, "guard.allow", request))

    # The ratchet.

    async def changes(self, caller: Caller) -> list[Change]:
        """Return the loosenings that wait, of what the caller sees, oldest first."""
        caller.needs(READ)
        found = await self._kept.changes()
        return [each for each in found if await self._sees_change(caller, each)]

    async def withdraw(self, caller: Caller, id_: str) -> Asked:
        """Take a request for a loosening back."""
        change = await self._change(caller, id_)
        return _asked(await self._ask(caller, "guard.withdraw", {"id": change.id}))

    async def grant(self, caller: Caller, id_: str, secret: Secret[str]) -> Asked:
        """Let a loosening happen at once, by the secret of the guard's partner."""
        change = await self._change(caller, id_)
        request = {"id": change.id, "secret": secret.reveal()}
        return _asked(await self._ask(caller, "guard.grant", request))

    async def _change(self, caller: Caller, id_: str) -> Change:
        caller.needs(WRITE)
        for each in await self._kept.changes():
            if str(each.id) == id_ and await self._sees_change(caller, each):
                return each
        raise NotFoundError("change", id_)

    async def _sees_change(self, caller: Caller, change: Change) -> bool:
        if caller.tenant is None:
            return True
        loosening = change.loosening
        if loosening.account is not None:
            return await self._sees(caller, Scope.ACCOUNT, loosening.account)
        return await self._sees(caller, Scope.GUARD, loosening.guard)

    async def _sees(self, caller: Caller, scope: Scope, name: str) -> bool:
        """Tell whether something is the caller's; a guard may be named with where it is paused."""
        if caller.tenant is None:
            return True
        match scope:
            case Scope.HOST:
                return False
            case Scope.TENANT:
                return name == caller.tenant
            case Scope.ACCOUNT:
                try:
                    await self._accounts.find(caller, AccountId(name))
                except NotFoundError:
                    return False
                return True
            case Scope.GUARD:
                own = name.partition("@")[0]
                found = await self._cabinet.records.record(Kind.GUARD, own, tenant=caller.tenant)
                return found is not None

    async def _may_switch(self, caller: Caller, scope: Scope, name: str) -> None:
        caller.needs(WRITE)
        if scope is Scope.HOST:
            caller.needs_admin("to switch everything")
            if name:
                raise invalid("name", "everything has no name")
        elif not await self._sees(caller, scope, name):
            raise NotFoundError(scope.value, name)

    async def _know_guard(self, caller: Caller, guard: str) -> None:
        """Raise NotFoundError for a guard that is another's; an admin names those of the file too."""
        if caller.tenant is not None:
            await self._cabinet.record(caller, Kind.GUARD, guard)

    async def _place(self, caller: Caller, id_: str) -> tuple[AccountId, Place, float]:
        """Return where the message was, of which an event or an action tells."""
        query = JournalQuery(action=ActionId(id_), tenant=caller.tenant, limit=1)
        for entry in await self._kept.journal(query):
            return entry.account, entry.origin, entry.at - 1.0
        asked = EventQuery(event=EventId(id_), tenant=caller.tenant, limit=1)
        for event in await self._kept.events(asked):
            data = orjson.loads(event.body).get("data") or {}
            folder, uid = data.get("folder"), data.get("uid")
            if not isinstance(folder, dict) or not isinstance(uid, int):
                raise ConflictError("the event is about no message")
            path = await self._wire(event.account, str(folder.get("path")))
            place = Place(folder=path, uid_validity=int(data["uidValidity"]), uid=uid)
            return event.account, place, event.time - _AROUND
        raise NotFoundError("event", id_)

    async def _wire(self, account: AccountId, name: str) -> bytes:
        """Return a folder's name on the wire: UTF-8 or modified UTF-7, as its server has it."""
        for state in await self._kept.folders(account):
            if decode_name(state.path) == name:
                return state.path
        return name.encode()

    async def _ask(
        self, caller: Caller, command: str, request: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Ask the desk, and let the audit say who did. Raises IdleError, ConflictError."""
        handler = self._wards.desk.get(command)
        if handler is None:
            raise IdleError
        try:
            answer = await handler(request)
        except UsageError as error:
            text = str(error)
            if not caller.is_admin and text.startswith("there is no "):
                # It lists what there is, which is others' too.
                text = "the guard does not stand there now: it is not active, or only just"
            raise ConflictError(text) from None
        detail = {name: each for name, each in request.items() if name != "secret"}
        whole = orjson.dumps({**detail, "tenant": caller.tenant or ""}).decode()
        await self._kept.audit(
            actor=caller.name, what=f"{command}.asked", detail=whole, now=self._cabinet.now()
        )
        return answer


def _asked(answer: Mapping[str, Any]) -> Asked:
    done = answer.get("done")
    return Asked(
        done=None if done is None else str(done),
        waiting=tuple(str(each) for each in answer.get("waiting", ())),
    )
