"""What people ask of guards through the control socket, besides undoing: pause, allow, consent.

Where a protective guard would be loosened the wish goes to the ratchet and waits there; everything
else is done at once. It must not know how either is kept, nor who is at the other end.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Protocol

from vedette.app.control import Handler
from vedette.app.guards.overriding import Overriding
from vedette.app.guards.partner import Attempts, digest_of, is_same
from vedette.app.guards.protections import Protections
from vedette.app.guards.wish import (
    Trust,
    allowed,
    allowing,
    disallowed,
    pausing,
    restoring,
    ticket,
    told,
)
from vedette.errors import UsageError
from vedette.guard.listing.domain import domain as read_domain
from vedette.model.action import JournalEntry
from vedette.model.ids import AccountId
from vedette.outbox.envelope import instant
from vedette.outbox.protection import Turn
from vedette.ports.clock import Clock
from vedette.ports.consent import Consents
from vedette.ports.override import Scope, Switch
from vedette.ports.ratchet import Change, ChangeId
from vedette.secret import Secret

#: Who asks through the socket: whoever owns the state folder.
PERSON = "a person"
PARTNER = "the partner"

#: Seconds of the longest pause that ends by itself: a year.
LONGEST = 365 * 86_400.0
#: Letters of the name of what was consented to.
MAX_VERSION = 200


class Decided(Trust, Consents, Protocol):
    """What is written down of guards, and of who may be read."""


class TrustDesk:
    """Takes wishes. ``guards`` and ``accounts`` say which names there are."""

    def __init__(
        self,
        store: Decided,
        clock: Clock,
        *,
        protections: Protections,
        overriding: Overriding,
        key: Callable[[], Secret[str]],
        guards: Callable[[], Collection[str]],
        accounts: Callable[[], Collection[str]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._protections = protections
        self._overriding = overriding
        self._key = key
        self._guards = guards
        self._accounts = accounts
        self._attempts = Attempts()

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """The commands of the control socket."""
        return {
            "guard.withdraw": self._withdraw,
            "guard.grant": self._grant,
            "guard.pause": self._pause,
            "guard.resume": self._resume,
            "guard.allow": self._allow,
            "guard.consent": self._consent,
        }

    async def holds(self, entry: JournalEntry) -> str | None:
        """Say why an action must not be taken back now, having asked for it; None if it may be."""
        if not entry.listed or entry.guard not in self._protections.held:
            return None
        change = await self._protections.ask(
            entry.guard, restoring(entry.id), by=PERSON, account=entry.account
        )
        return f"{_waits(change)}{self._help(entry.guard)}"

    async def _withdraw(self, request: Mapping[str, Any]) -> dict[str, Any]:
        change = await self._protections.withdraw(ChangeId(int(request["id"])), by=PERSON)
        return {"done": f"change {change.id} is withdrawn: {told(change)}"}

    async def _grant(self, request: Mapping[str, Any]) -> dict[str, Any]:
        change = await self._protections.find(ChangeId(int(request["id"])))
        guard = change.loosening.guard
        held = self._protections.held.get(guard)
        if held is None or not held.stand.lock.partner or not held.stand.secret:
            raise UsageError(f"{guard} has no partner who can grant; the change {change.id} waits")
        monotonic = asyncio.get_running_loop().time()
        self._attempts.admit(monotonic)
        # Counted before it is looked at: many at once are as many.
        self._attempts.failed(monotonic)
        given = Secret(str(request["secret"]))
        digest = await asyncio.to_thread(digest_of, given, key=self._key(), guard=guard)
        if not is_same(digest, held.stand.secret):
            detail = json.dumps({"change": change.id, "guard": guard})
            now = self._clock.now()
            await self._store.audit(actor=PERSON, what="grant.refused", detail=detail, now=now)
            raise UsageError("that is not the partner's secret")
        self._attempts.passed()
        await self._protections.grant(change.id, by=PARTNER)
        return {"done": f"change {change.id} holds now: {told(change)}"}

    async def _pause(self, request: Mapping[str, Any]) -> dict[str, Any]:
        scope, name = self._scoped(request)
        seconds = request.get("seconds")
        if seconds is not None and not 0.0 < (seconds := float(seconds)) <= LONGEST:
            raise UsageError("a pause lasts for a year at most; without an end it lasts for good")
        held = self._held(scope, name)
        changes = [
            await self._protections.ask(guard, pausing(scope, name, seconds), by=PERSON)
            for guard in held
        ]
        done = None
        if scope is not Scope.GUARD or not held:
            now = self._clock.now()
            until = None if seconds is None else now + seconds
            await self._switched(scope, name, is_off=True, until=until)
            await self._overriding.refresh()
            but = f", but not {', '.join(held)}" if held else ""
            done = f"{_place(scope, name)}: guards keep all mail in place now{but}"
        return self._answer(done, changes)

    async def _resume(self, request: Mapping[str, Any]) -> dict[str, Any]:
        scope, name = self._scoped(request)
        known = {*self._guards(), *self._protections.held}
        tickets = {ticket(each, scope, name) for each in known}
        for switch in await self._store.switches():
            mine = (switch.scope, switch.name) == (scope, name)
            if switch.scope is Scope.GUARD:
                # A guard is resumed wherever it was paused.
                of_it = scope is Scope.GUARD and switch.name.startswith(f"{name}@")
                mine = mine or of_it or (scope is not Scope.GUARD and switch.name in tickets)
            if switch.is_off and mine:
                await self._switched(switch.scope, switch.name, is_off=False, until=None)
        for change in await self._store.changes():
            what = json.loads(change.loosening.what)
            if (what.get("scope"), what.get("name")) == (scope.value, name):
                await self._protections.withdraw(change.id, by=PERSON)
        await self._overriding.refresh()
        return {"done": f"{_place(scope, name)}: guards do what their modes say"}

    async def _allow(self, request: Mapping[str, Any]) -> dict[str, Any]:
        account, guard = self._account(request), str(request["guard"])
        self._check(guard, self._guards(), "guard")
        domain = read_domain(str(request["domain"]))
        if domain is None:
            raise UsageError(f"{request['domain']} is no domain, such as shop.example.org")
        now = self._clock.now()
        if request.get("remove"):
            await disallowed(self._store, account, guard, domain, PERSON, now)
        elif guard in self._protections.held:
            change = await self._protections.ask(
                guard, allowing(domain), by=PERSON, account=account
            )
            return self._answer(None, [change])
        else:
            await allowed(self._store, account, guard, domain, PERSON, now)
        await self._overriding.refresh()
        verb = "is judged again" if request.get("remove") else "is left alone"
        return {"done": f"mail from {domain} to {account} {verb} by {guard}"}

    async def _consent(self, request: Mapping[str, Any]) -> dict[str, Any]:
        account, now = self._account(request), self._clock.now()
        if request.get("withdraw"):
            if not await self._store.withdraw_consent(account, now=now, by=PERSON):
                raise UsageError(f"no consent stands for {account}")
            await self._overriding.refresh()
            # It can be withdrawn at any time, GDPR Art. 7(3), and whoever is a partner learns of it.
            for guard in self._held(Scope.ACCOUNT, account):
                if self._protections.held[guard].stand.lock.consent:
                    await self._protections.tidings.say(guard, "consent", Turn.APPLIED)
            return {"done": f"the consent for {account} is withdrawn"}
        version = str(request["version"]).strip()
        if not 0 < len(version) <= MAX_VERSION:
            raise UsageError("say which words were agreed to: --version 2026-11, for example")
        await self._store.consent(account, version=version, now=now, by=PERSON)
        await self._overriding.refresh()
        return {"done": f"the consent for {account} to {version} is noted"}

    async def _switched(
        self, scope: Scope, name: str, *, is_off: bool, until: float | None
    ) -> None:
        switch = Switch(
            scope=scope,
            name=name,
            is_off=is_off,
            until=until,
            reason="asked for",
            by=PERSON,
            at=self._clock.now(),
        )
        await self._store.switch(switch)

    def _held(self, scope: Scope, name: str) -> list[str]:
        """Return the protective guards that a pause would loosen."""
        held = self._protections.held
        match scope:
            case Scope.HOST:
                return list(held)
            case Scope.GUARD:
                return [name] if name in held else []
            case Scope.ACCOUNT:
                return [guard for guard, each in held.items() if name in each.covered]
            case Scope.TENANT:
                return [
                    guard
                    for guard, each in held.items()
                    if not each.stand.tenants or name in each.stand.tenants
                ]

    def _scoped(self, request: Mapping[str, Any]) -> tuple[Scope, str]:
        scope, name = Scope(str(request["scope"])), str(request.get("name", ""))
        if scope is Scope.GUARD:
            self._check(name, {*self._guards(), *self._protections.held}, "guard")
        elif scope is Scope.ACCOUNT:
            self._check(name, self._accounts(), "account")
        return scope, name

    def _account(self, request: Mapping[str, Any]) -> AccountId:
        account = str(request["account"])
        self._check(account, self._accounts(), "account")
        return AccountId(account)

    @staticmethod
    def _check(name: str, known: Collection[str], what: str) -> None:
        if name not in known:
            raise UsageError(f"there is no {what} {name!r} among {', '.join(sorted(known))}")

    def _answer(self, done: str | None, changes: Iterable[Change]) -> dict[str, Any]:
        waiting = [f"{_waits(each)}{self._help(each.loosening.guard)}" for each in changes]
        return {"done": done, "waiting": waiting}

    def _help(self, guard: str) -> str:
        held = self._protections.held.get(guard)
        return f"\n{held.settings.help}" if held is not None and held.settings.help else ""


def _waits(change: Change) -> str:
    guard = change.loosening.guard
    return (
        f"{guard} is protective: change {change.id} ({told(change)}) holds from "
        f"{instant(change.due)} on; until then it can be withdrawn"
    )


def _place(scope: Scope, name: str) -> str:
    return "everywhere" if scope is Scope.HOST else f"{scope.value} {name}"
