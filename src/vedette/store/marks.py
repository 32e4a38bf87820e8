"""What the audit says of each thing that people decide about guards.

It must not know how an entry is kept.
"""

from __future__ import annotations

import json

from vedette.model.ids import AccountId, TenantId
from vedette.ports.override import Switch
from vedette.ports.ratchet import Change, Protection
from vedette.store.chain import Mark
from vedette.store.words import printable

#: Who applies a loosening once it is due.
OURSELVES = "vedette"


def switched(switch: Switch) -> Mark:
    """Return the mark of a switch that was set."""
    detail = {
        "scope": switch.scope,
        "name": switch.name,
        "until": switch.until,
        "reason": printable(switch.reason),
    }
    what = "switch.off" if switch.is_off else "switch.on"
    return Mark(actor=switch.by, what=what, detail=json.dumps(detail), at=switch.at)


def loosening(step: str, change: Change, *, now: float, by: str) -> Mark:
    """Return the mark of one step of a loosening, such as ``requested``."""
    asked = change.loosening
    detail = {
        "change": change.id,
        "tenant": asked.tenant,
        "guard": asked.guard,
        "account": asked.account,
        "what": asked.what,
    }
    return Mark(actor=by, what=f"loosening.{step}", detail=json.dumps(detail), at=now)


def enforced(protection: Protection, *, by: str) -> Mark:
    """Return the mark of what is enforced from now on."""
    detail = {
        "tenant": protection.tenant,
        "guard": protection.guard,
        "mode": protection.mode,
        "version": protection.version,
    }
    return Mark(actor=by, what="guard.enforced", detail=json.dumps(detail), at=protection.at)


def released(tenant: TenantId, guard: str, *, now: float, by: str) -> Mark:
    """Return the mark of a guard that is enforced no longer."""
    detail = {"tenant": tenant, "guard": guard}
    return Mark(actor=by, what="guard.released", detail=json.dumps(detail), at=now)


def consented(account: AccountId, *, version: str, now: float, by: str) -> Mark:
    """Return the mark of a consent."""
    detail = {"account": account, "version": version}
    return Mark(actor=by, what="consent.given", detail=json.dumps(detail), at=now)


def unconsented(account: AccountId, *, now: float, by: str) -> Mark:
    """Return the mark of a consent that was withdrawn."""
    return Mark(actor=by, what="consent.withdrawn", detail=json.dumps({"account": account}), at=now)
