"""What people do with guards that stand: take back what they did, stop them, allow a sender.

Whatever loosens a protective guard goes to the ratchet and waits there, as it does for a command on
the machine itself: the same desk is asked. It must not know how guards judge, nor how the ratchet
decides.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import orjson

from vedette.errors import UsageError
from vedette.model.ids import AccountId, ActionId
from vedette.ports.audit import Audit
from vedette.ports.journal import Journal, JournalQuery
from vedette.ports.override import Allow, Overrides, Scope, Switch
from vedette.ports.ratchet import Change, Ratchet
from vedette.secret import Secret
from vedette.service.accounts.accounts import Accounts
from vedette.service.cabinet import Cabinet
from vedette.service.caller import Caller
from vedette.service.endpoints.outgoing import IdleError
from vedette.service.guards.guards import READ, WRITE, Guards
from vedette.service.refusals import ConflictError, NotFoundError, invalid

#: A command of the desk of guards: a request in, an answer out.
Command = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]


class Kept(Journal, Overrides, Ratchet, Audit, Protocol):
    """What is written down of guards."""


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


class Warding:
    """Every method takes who asks; what is another tenant's is not there."""

    def __init__(
        self, accounts: Accounts, guards: Guards, cabinet: Cabinet, kept: Kept, wards: Wards
    ) -> None:
        self._accounts = accounts
        self._guards = guards
        self._cabinet = cabinet
        self._kept = kept
        self._wards = wards

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
            done=f"{count} {'action is' if count == 1 else 'actions are'} being taken back",
            waiting=tuple(map(str, answer["held"])),
        )

    async def sweep(self, caller: Caller, guard: str, accounts: Sequence[str]) -> int:
        """Have the mail that is there already judged at some accounts; return at how many.

        It is the accounts that are swept, by all guards that stand there, between the mail that
        comes in; who asks again while that is under way gets no second one. Raises NotFoundError,
        IdleError, ConflictError where one of them is watched by no instance, or by another.
        """
        caller.needs(WRITE)
        await self._guards.get(caller, guard)
        found = [await self._accounts.find(caller, AccountId(each)) for each in accounts]
        count = 0
        for each in found:
            answer = await self._ask(caller, "guard.sweep", {"account": each.account.id})
            count += int(answer["accounts"])
        return count

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
                return await self._guards.knows(caller, own)

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
            await self._guards.get(caller, guard)

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
