"""What a replay sends to an endpoint: what was asked for, of what the endpoint takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TypeVar

import orjson

from vedette.model.delivery import Selection
from vedette.model.ids import AccountId, EndpointId, EventId, TenantId
from vedette.outbox.selection import fits
from vedette.ports.store import EventQuery, Point, Span, Store

T = TypeVar("T")

#: Before every event: numbers are above 0.
BEGINNING = Point(time=-math.inf, number=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookmark:
    """How far a replay has come: what is left for one endpoint, and those behind it are untouched.

    ``tenant`` and ``account`` are what the query was narrowed to for the endpoint. What is left of
    it is ``span``, or all of it while that is None.
    """

    endpoint: EndpointId
    tenant: TenantId | None
    account: AccountId | None
    span: Span | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What one request did: how many it queued, and where the next one goes on (None: done)."""

    queued: int
    rest: Bookmark | None


def narrowed(query: EventQuery, selection: Selection) -> list[EventQuery]:
    """Return queries for what both the query and the endpoint's selection allow."""
    types = both(query.types, selection.types)
    if types is None:
        return []
    tenants = _one_of(query.tenant, selection.tenants)
    accounts = _one_of(query.account, selection.accounts)
    return [
        replace(query, types=types, tenant=tenant, account=account)
        for tenant, account in product(tenants, accounts)
    ]


def both(asked: Sequence[str], taken: Sequence[str]) -> tuple[str, ...] | None:
    """Return the patterns of event types that fit both lists; None when nothing does.

    An empty list takes everything. A pattern is a type, or a prefix before one ``*``.
    """
    if not asked or not taken:
        return tuple(asked or taken)
    found = {shared for a in asked for b in taken if (shared := _shared(a, b)) is not None}
    return tuple(sorted(found)) or None


def _shared(first: str, second: str) -> str | None:
    """Return the narrower of two patterns, or None when they have nothing in common."""
    for narrow, wide in ((first, second), (second, first)):
        if wide.endswith("*") and narrow.removesuffix("*").startswith(wide[:-1]):
            return narrow
    return first if first == second else None


def _one_of(asked: T | None, taken: Sequence[T]) -> Sequence[T | None]:
    if not taken:
        return [asked]
    if asked is None:
        return taken
    return [asked] if asked in taken else []


async def reach(store: Store, query: EventQuery) -> Span | None:
    """Return the part of what is stored that the newest ``limit`` events of a query lie in.

    It is found in bounded looks, from the newest on. What is committed later lies behind it, or is
    new anyhow. None where there is no event. Raises StoreError.
    """
    left, span = query.limit, query.span
    found: Span | None = None
    while left > 0:
        seen = await store.survey(replace(query, span=span, limit=left), newest_first=True)
        if seen.span is None:
            break
        found = Span(first=seen.span.first, last=found.last if found else seen.span.last)
        left -= seen.found
        span = Span(first=BEGINNING, last=_before(seen.span.first))
    return found


def behind(whole: Span, step: Span) -> Span | None:
    """Return what is left of a span behind a step of it; None where that was the last."""
    first = replace(step.last, number=step.last.number + 1)
    return None if first > whole.last else Span(first=first, last=whole.last)


def _before(point: Point) -> Point:
    return replace(point, number=point.number - 1)


async def chosen(store: Store, query: EventQuery, selection: Selection) -> list[EventId]:
    """Return the events that a query finds and whose bodies fit a selection, oldest first.

    All their bodies are read at once: ``query.limit`` is their bound. Raises StoreError.
    """
    found = [
        each.event
        for each in await store.events(query)
        if fits(selection, orjson.loads(each.body)["data"])
    ]
    return found[::-1]
