"""``vedette tenants add|set|pause|resume|remove``: make, change and delete tenants."""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields
from typing import Annotated, Any

from cyclopts import Parameter

from vedette.cli.reach import HERE, Reach
from vedette.cli.sheet import shown
from vedette.cli.verb import cleared, pairs, said
from vedette.client.tenants import TenantChange, TenantWish
from vedette.errors import UsageError

Flag = Annotated[bool, Parameter(negative=())]
Names = Annotated[tuple[str, ...], Parameter(negative=())]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is set of a tenant.

    Parameters
    ----------
    name
        What people call it.
    max_accounts
        Accounts at most; those beyond it, the newest, are paused.
    max_endpoints
        Endpoints at most.
    max_guards
        Guards at most.
    retention_days
        Days for which its events are kept.
    consent
        The version of the words that the owners of its accounts have to agree to.
    setting
        Something of yours to keep with it, as NAME=TEXT (again for more; all of them, in the place
        of those before).
    """

    name: str | None = None
    max_accounts: int | None = None
    max_endpoints: int | None = None
    max_guards: int | None = None
    retention_days: int | None = None
    consent: str | None = None
    setting: Names = ()

    def members(self) -> dict[str, Any]:
        """Return what is said, by the fields of ``TenantChange``. Raises UsageError."""
        found = said(self)
        if settings := found.pop("setting", None):
            found["settings"] = pairs("setting", settings)
        return found


#: Nothing said.
NOTHING = Limits()

#: Options that have another name than the field of the API.
_FIELDS = {"setting": "settings"}


def add(tenant: str | None = None, *, limits: Limits = NOTHING, at: Reach = HERE) -> int:
    """Make a tenant.

    Parameters
    ----------
    tenant
        Its id; without one it is given one.
    """
    found = limits.members()
    if tenant is not None:
        found["id"] = tenant
    wish = TenantWish(**found)
    return shown(at.ask(lambda client: client.tenants.create(wish)), as_json=at.as_json)


def set_(
    tenant: str,
    *,
    clear: Names = (),
    if_version: int | None = None,
    limits: Limits = NOTHING,
    at: Reach = HERE,
) -> int:
    """Change a tenant: what is not named stays as it is.

    Parameters
    ----------
    tenant
        Its id.
    clear
        Set this back to its default, such as max-accounts: no limit (again for more).
    if_version
        Only where it still has this version.
    """
    found = limits.members()
    known = [_FIELDS.get(each.name, each.name) for each in fields(limits)]
    change = TenantChange(**found, **cleared(clear, known, tuple(found)))
    changed = at.ask(lambda client: client.tenants.update(tenant, change, version=if_version))
    return shown(changed, as_json=at.as_json)


def pause(tenant: str, *, reason: str = "", at: Reach = HERE) -> int:
    """Stop watching all accounts of a tenant.

    Parameters
    ----------
    tenant
        Its id.
    reason
        Why, for whoever looks.
    """
    paused = at.ask(lambda client: client.tenants.pause(tenant, reason=reason))
    return shown(paused, as_json=at.as_json)


def resume(tenant: str, *, at: Reach = HERE) -> int:
    """End the pause of a tenant; each of its accounts is as it was.

    Parameters
    ----------
    tenant
        Its id.
    """
    return shown(at.ask(lambda client: client.tenants.resume(tenant)), as_json=at.as_json)


def remove(tenant: str, *, yes: Flag = False, at: Reach = HERE) -> int:
    """Delete a tenant with all that it has; its secrets can never be opened again.

    Parameters
    ----------
    tenant
        Its id.
    yes
        Do not ask whether it is meant.
    """
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError(f"this deletes all that {tenant} has: say --yes")
        if input(f"All that {tenant} has is deleted. Its id, once more: ").strip() != tenant:
            raise UsageError("that is another id; nothing was deleted")
    at.ask(lambda client: client.tenants.delete(tenant))
    print(f"removed {tenant}", file=sys.stderr)
    return 0
