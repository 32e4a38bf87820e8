"""The command ``replay`` as it goes through the control socket: a query there, a count back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from vedette.app.control import Handler
from vedette.model.ids import AccountId, EndpointId, EventId, TenantId
from vedette.ports.store import EventQuery


def replaying(replay: Callable[[EventQuery, Sequence[EndpointId]], Awaitable[int]]) -> Handler:
    """Return the handler of ``{"command": "replay", "query": {…}, "endpoints": […]}``."""

    async def handle(request: Mapping[str, Any]) -> dict[str, Any]:
        names = [EndpointId(str(each)) for each in request.get("endpoints", [])]
        return {"queued": await replay(query_from(request.get("query", {})), names)}

    return handle


def query_to(query: EventQuery) -> dict[str, Any]:
    """Return a query as JSON."""
    return {
        "tenant": query.tenant,
        "account": query.account,
        "types": list(query.types),
        "start": query.start,
        "end": query.end,
        "event": query.event,
        "limit": query.limit,
    }


def query_from(data: dict[str, Any]) -> EventQuery:
    """Return the query in a request."""
    tenant, account, event = data.get("tenant"), data.get("account"), data.get("event")
    return EventQuery(
        tenant=None if tenant is None else TenantId(str(tenant)),
        account=None if account is None else AccountId(str(account)),
        types=tuple(str(each) for each in data.get("types", ())),
        start=_instant(data.get("start")),
        end=_instant(data.get("end")),
        event=None if event is None else EventId(str(event)),
        limit=int(data.get("limit", 100)),
    )


def _instant(value: Any) -> float | None:
    return None if value is None else float(value)
