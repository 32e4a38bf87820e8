"""``vedette endpoints list|show|deliveries``: which endpoints there are, and what they took."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from cyclopts import Parameter

from vedette.cli.reach import HERE, Reach
from vedette.cli.sheet import Columns, line, shown
from vedette.cli.verb import listed
from vedette.client.client import Client
from vedette.client.endpoints import Delivery, Endpoint, EndpointState

COLUMNS: Final[Columns[Endpoint]] = {
    "id": lambda each: each.id,
    "tenant": lambda each: each.tenant,
    "type": lambda each: each.type,
    "place": lambda each: each.place,
    "title": lambda each: each.title,
    "active": lambda each: each.active,
    "origin": lambda each: each.origin,
    "events": lambda each: each.events,
}
DELIVERIES: Final[Columns[Delivery]] = {
    "event at": lambda each: each.event.time,
    "type": lambda each: each.event.type,
    "account": lambda each: each.event.account,
    "endpoint": lambda each: each.endpoint,
    "state": lambda each: "in flight" if each.in_flight else each.state,
    "attempts": lambda each: each.attempts,
    "next": lambda each: each.next_at,
    "event": lambda each: each.event.id,
    "last answer": lambda each: each.reason,
}
_STYLES: Final = {"due": "yellow", "delivered": "green", "failed": "red"}


def tint(each: Delivery) -> str | None:
    """Return the style of a delivery in a table."""
    return _STYLES.get(each.state)


def list_(text: str = "", *, limit: int = 1_000, at: Reach = HERE) -> int:
    """List endpoints, by id.

    Parameters
    ----------
    text
        Only those with this in their title or place.
    limit
        The first so many.
    """
    return listed(
        at, COLUMNS, limit, lambda client, page: client.endpoints.list(q=text, limit=page)
    )


def show(endpoint: str, *, at: Reach = HERE) -> int:
    """Show one endpoint, and whether it takes what it is sent; never a secret.

    Parameters
    ----------
    endpoint
        Its id.
    """

    async def work(client: Client) -> tuple[Endpoint, EndpointState]:
        return await client.endpoints.get(endpoint), await client.endpoints.state(endpoint)

    found, state = at.ask(work)
    shown(found, as_json=at.as_json)
    if at.as_json:
        print(line(state))
        return 0
    return shown(state, as_json=False)


def deliveries(
    endpoint: str | None = None,
    *,
    state: Annotated[
        Literal["due", "delivered", "failed"] | None, Parameter(name="--in-state")
    ] = None,
    account: str | None = None,
    type_: str | None = None,
    event: str | None = None,
    limit: int = 100,
    at: Reach = HERE,
) -> int:
    """Show deliveries, those of the newest events first.

    Parameters
    ----------
    endpoint
        Only those to this endpoint.
    state
        Only those that wait, that were taken, or that were given up.
    account
        Only those of this account's events.
    type_
        Only those of events of this type.
    event
        Only those of the event of this id.
    limit
        The first so many.
    """
    return listed(
        at,
        DELIVERIES,
        limit,
        lambda client, page: client.endpoints.deliveries(
            endpoint, state=state, account=account, type_=type_, event=event, limit=page
        ),
        tint=tint,
    )
