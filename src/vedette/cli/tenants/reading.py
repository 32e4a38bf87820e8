"""``vedette tenants list|show|preview``: who there is, and what a limit would do."""

from __future__ import annotations

from typing import Final

from vedette.cli.reach import HERE, Reach
from vedette.cli.sheet import Columns, shown
from vedette.cli.verb import listed
from vedette.client.tenants import Tenant

COLUMNS: Final[Columns[Tenant]] = {
    "id": lambda each: each.id,
    "name": lambda each: each.name,
    "accounts": lambda each: each.max_accounts,
    "endpoints": lambda each: each.max_endpoints,
    "guards": lambda each: each.max_guards,
    "kept days": lambda each: each.retention_days,
    "consent": lambda each: each.consent,
    "paused": lambda each: each.paused_at,
    "since": lambda each: each.created_at,
}


def list_(text: str = "", *, limit: int = 1_000, at: Reach = HERE) -> int:
    """List tenants, by id.

    Parameters
    ----------
    text
        Only those with this in their id or name.
    limit
        The first so many.
    """
    return listed(at, COLUMNS, limit, lambda client, page: client.tenants.list(q=text, limit=page))


def show(tenant: str, *, at: Reach = HERE) -> int:
    """Show one tenant, with its limits.

    Parameters
    ----------
    tenant
        Its id.
    """
    return shown(at.ask(lambda client: client.tenants.get(tenant)), as_json=at.as_json)


def preview(tenant: str, *, max_accounts: int | None = None, at: Reach = HERE) -> int:
    """Say whom another limit of accounts would pause or resume; nothing is changed.

    Parameters
    ----------
    tenant
        Its id.
    max_accounts
        The limit; without it there is none.
    """
    found = at.ask(lambda client: client.tenants.preview(tenant, max_accounts=max_accounts))
    return shown(found, as_json=at.as_json)
