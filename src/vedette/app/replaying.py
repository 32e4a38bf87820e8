"""The command ``replay`` as it goes through the control socket: a query there, a count back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias

from vedette.app.control import Handler
from vedette.model.ids import AccountId, EndpointId, EventId, TenantId
from vedette.ports.store import EventQuery, Point, Span
from vedette.service.endpoints.replay import Bookmark, Replayed

Replay: TypeAlias = Callable[
    [EventQuery, Sequence[EndpointId], float | None, Bookmark | None], Awaitable[Replayed]
]


def replaying(replay: Replay) -> Handler:
    """Return the handler of ``{"command": "replay", "query": {…}, "endpoints": […]}``.

    ``asked`` is the instant that makes it one replay, however many requests it takes, and ``rest``
    is what the answer to the request before said.
    """

    async def handle(request: Mapping[str, Any]) -> dict[str, Any]:
        names = [EndpointId(str(each)) for each in request.get("endpoints", [])]
        query, rest = query_from(request.get("query", {})), request.get("rest")
        bookmark = None if rest is None else _bookmark_from(rest)
        done = await replay(query, names, _instant(request.get("asked")), bookmark)
        left = None if done.rest is None else _bookmark_to(done.rest)
        return {"queued": done.queued, "rest": left}

    return handle


def _bookmark_to(it: Bookmark) -> dict[str, Any]:
    span = None if it.span is None else [_point_to(it.span.first), _point_to(it.span.last)]
    return {"endpoint": it.endpoint, "tenant": it.tenant, "account": it.account, "span": span}


def _bookmark_from(data: Mapping[str, Any]) -> Bookmark:
    query, span = query_from(data), data.get("span")
    return Bookmark(
        endpoint=EndpointId(str(data["endpoint"])),
        tenant=query.tenant,
        account=query.account,
        span=None if span is None else _span_from(span),
    )


def _span_from(data: Sequence[Any]) -> Span:
    first, last = data
    return Span(first=_point_from(first), last=_point_from(last))


def _point_to(point: Point) -> list[float | int]:
    return [point.time, point.number]


def _point_from(data: Sequence[Any]) -> Point:
    time, number = data
    return Point(time=float(time), number=int(number))


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


def query_from(data: Mapping[str, Any]) -> EventQuery:
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
