"""Loosenings that people ask for by hand: a pause, an allowed sender, a message to come back.

What is asked for is written down as JSON, and carried out when the ratchet lets it: here is how it
is spelled, and what it does. It must not know when that is.
"""

from __future__ import annotations

import json
from typing import Any, Final, Protocol

from vedette.guard.ratchet import Aspect
from vedette.model.ids import AccountId, ActionId
from vedette.ports.audit import Audit
from vedette.ports.journal import Journal
from vedette.ports.override import Allow, Overrides, Scope, Switch
from vedette.ports.ratchet import Change, Ratchet

#: Who asks when a message is moved back.
RETURNED: Final = "returned"


class Trust(Ratchet, Overrides, Audit, Journal, Protocol):
    """What is written down of guards."""


def pausing(scope: Scope, name: str, seconds: float | None) -> str:
    """Spell a pause of a protective guard; ``seconds`` None is for good."""
    return _spelled(Aspect.PAUSE, scope=scope.value, name=name, seconds=seconds)


def allowing(domain: str) -> str:
    """Spell an allow of a sender's domain."""
    return _spelled(Aspect.ALLOW, domain=domain)


def restoring(action: ActionId) -> str:
    """Spell the return of a message."""
    return _spelled(Aspect.RESTORE, action=action)


def spelled_step(aspect: Aspect, to: str, says: tuple[str, ...]) -> str:
    """Spell what a changed configuration loosens."""
    return _spelled(aspect, to=to, says=list(says))


def aspect_of(change: Change) -> Aspect:
    """Return what a change is of."""
    return Aspect(json.loads(change.loosening.what)["aspect"])


def target_of(change: Change) -> str:
    """Return the digest of what a configuration wanted."""
    return str(json.loads(change.loosening.what).get("to", ""))


def told(change: Change) -> str:
    """Say what a change is, in words for a person."""
    what: dict[str, Any] = json.loads(change.loosening.what)
    account = change.loosening.account
    match Aspect(what["aspect"]):
        case Aspect.PAUSE:
            seconds = what["seconds"]
            span = "" if seconds is None else f" for {seconds / 3_600:g} h"
            return f"pause of {what['scope']} {what['name']}".rstrip() + span
        case Aspect.ALLOW:
            return f"mail from {what['domain']} to {account} is left alone"
        case Aspect.RESTORE:
            return f"the message of action {what['action']} comes back"
        case _:
            return "; ".join(what["says"])


def ticket(guard: str, scope: Scope, name: str) -> str:
    """Return the name of a switch of one guard, for a part of where it stands.

    The switches of a scope are everybody's; protective guards heed only those that were made out
    to them, which the ratchet alone does.
    """
    return guard if scope is Scope.GUARD else f"{guard}@{scope.value}:{name}"


async def performed(change: Change, store: Trust, now: float) -> None:
    """Do what a person asked for; done twice it is done once."""
    what: dict[str, Any] = json.loads(change.loosening.what)
    asked = change.loosening
    match Aspect(what["aspect"]):
        case Aspect.PAUSE:
            seconds = what["seconds"]
            switch = Switch(
                scope=Scope.GUARD,
                name=ticket(asked.guard, Scope(what["scope"]), what["name"]),
                is_off=True,
                until=None if seconds is None else now + seconds,
                reason=f"change {change.id}",
                by=asked.by,
                at=now,
            )
            await store.switch(switch)
        case Aspect.ALLOW:
            if asked.account is not None:
                await allowed(store, asked.account, asked.guard, what["domain"], asked.by, now)
        case Aspect.RESTORE:
            await store.undo(ActionId(what["action"]), now=now, reason=f"change {change.id}")
        case _:
            # The configuration is gone over to as a whole.
            return


async def allowed(
    store: Trust, account: AccountId, guard: str, domain: str, by: str, now: float
) -> None:
    """Let a guard leave a domain's mail alone for an account, and say so in the audit.

    What is learned gives way to what a person said: that is wider than what is proved.
    """
    if by == RETURNED and await is_allowed(store, account, guard, domain):
        return
    allow = Allow(account=account, guard=guard, domain=domain, at=now, source=by)
    await store.allow(allow)
    detail = json.dumps({"account": account, "guard": guard, "domain": domain})
    await store.audit(actor=by, what="allow.set", detail=detail, now=now)


async def is_allowed(store: Trust, account: AccountId, guard: str, domain: str) -> bool:
    """Tell whether an allow of this very domain stands."""
    allows = await store.allows(account)
    return any((each.guard, each.domain) == (guard, domain) for each in allows)


async def disallowed(
    store: Trust, account: AccountId, guard: str, domain: str, by: str, now: float
) -> None:
    """Take an allow back."""
    allow = Allow(account=account, guard=guard, domain=domain, at=now, source=by, is_active=False)
    await store.allow(allow)
    detail = json.dumps({"account": account, "guard": guard, "domain": domain})
    await store.audit(actor=by, what="allow.taken_back", detail=detail, now=now)


def _spelled(aspect: Aspect, **what: object) -> str:
    return json.dumps({"aspect": aspect.value, **what}, sort_keys=True)
