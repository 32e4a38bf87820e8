"""``vedette accounts list|show``: which mailboxes there are, and how they are doing."""

from __future__ import annotations

from typing import Annotated, Final

from cyclopts import Parameter

from vedette.cli.reach import HERE, Reach
from vedette.cli.sheet import Columns, shown
from vedette.cli.verb import listed
from vedette.client.accounts import Account

COLUMNS: Final[Columns[Account]] = {
    "id": lambda each: each.id,
    "tenant": lambda each: each.tenant,
    "email": lambda each: each.email,
    "host": lambda each: f"{each.host}:{each.port}",
    "from": lambda each: each.origin,
    "state": lambda each: each.status.state,
    "reason": lambda each: each.status.reason or each.status.last_error,
    "last proof": lambda each: each.status.last_proof_at,
    "last event": lambda each: each.status.last_event_at,
    "tags": lambda each: each.tags,
}


def list_(
    text: str = "",
    *,
    state: Annotated[str | None, Parameter(name="--in-state")] = None,
    tag: str | None = None,
    tenant: str | None = None,
    host: str | None = None,
    email: str | None = None,
    active: bool | None = None,
    limit: int = 1_000,
    at: Reach = HERE,
) -> int:
    """List accounts, by id.

    Parameters
    ----------
    text
        Only those with this in their address, user, host, title or tags.
    state
        Only those in this state, such as live, degraded, auth_failed or paused.
    tag
        Only those with this tag.
    tenant
        Only those of this tenant.
    host
        Only those at this server.
    email
        Only the one with this address.
    active
        Only those that are active, or that are not.
    limit
        The first so many.
    """
    return listed(
        at,
        COLUMNS,
        limit,
        lambda client, page: client.accounts.list(
            q=text,
            state=state,
            tag=tag,
            tenant=tenant,
            host=host,
            email=email,
            active=active,
            limit=page,
        ),
    )


def show(account: str, *, at: Reach = HERE) -> int:
    """Show one account: how it is set, and how it is doing; never a secret.

    Parameters
    ----------
    account
        Its id.
    """
    return shown(at.ask(lambda client: client.accounts.get(account)), as_json=at.as_json)
