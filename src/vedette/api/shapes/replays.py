"""How far a replay is as JSON: its cursor holds all that the next request needs to go on.

It must not know what is sent once more.
"""

from __future__ import annotations

import math
from typing import Any

import orjson

from vedette.api.pages import cursor, place
from vedette.api.problems import refuse
from vedette.api.shapes.endpoints import QueuedShown
from vedette.model.ids import AccountId, EndpointId, TenantId
from vedette.ports.store import Point, Span
from vedette.service.endpoints.outgoing import Progress
from vedette.service.endpoints.replay import Bookmark


def queued(found: Progress) -> QueuedShown:
    """Return how far a replay is, as it is shown."""
    rest = found.rest
    if rest is None:
        return QueuedShown(queued=found.queued, next=None)
    span = rest.span
    ends = None if span is None else [_pair(span.first), _pair(span.last)]
    told = [found.asked, rest.endpoint, rest.tenant, rest.account, ends]
    return QueuedShown(queued=found.queued, next=cursor(orjson.dumps(told).decode()))


def progress(given: str | None) -> Progress | None:
    """Return where a replay goes on. Raises a problem for another text."""
    if given is None:
        return None
    try:
        asked, endpoint_, tenant, account, ends = orjson.loads(place(given))
        span = None if ends is None else Span(first=_point(ends[0]), last=_point(ends[1]))
        rest = Bookmark(
            endpoint=EndpointId(str(endpoint_)),
            tenant=None if tenant is None else TenantId(str(tenant)),
            account=None if account is None else AccountId(str(account)),
            span=span,
        )
        return Progress(queued=0, asked=float(asked), rest=rest)
    except (ValueError, TypeError, LookupError):
        raise refuse("malformed", "next is none of a replay; begin without it") from None


def _pair(point: Point) -> list[object]:
    # JSON has no infinity, which is where every span may begin.
    return [None if math.isinf(point.time) else point.time, point.number]


def _point(pair: list[Any]) -> Point:
    time, number = pair
    if abs(int(number)) >= 2**63:
        raise ValueError(number)
    return Point(time=-math.inf if time is None else float(time), number=int(number))
