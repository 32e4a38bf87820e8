"""What a replay sends to an endpoint: what was asked for, of what the endpoint takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import TypeVar

import orjson

from vedette.model.delivery import Selection
from vedette.model.ids import EventId
from vedette.outbox.selection import fits
from vedette.ports.store import EventQuery, Store

T = TypeVar("T")

#: Events of one page, with their bodies: some megabytes at most.
PAGE = 200


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


async def chosen(store: Store, query: EventQuery, selection: Selection) -> list[EventId]:
    """Return the events that a query finds and whose bodies fit a selection, newest first.

    Raises StoreError.
    """
    found: dict[EventId, bool] = {}
    page, end = PAGE, query.end
    while True:
        events = await store.events(replace(query, end=end, limit=page))
        fresh = [each for each in events if each.event not in found]
        for each in fresh:
            found[each.event] = fits(selection, orjson.loads(each.body)["data"])
        if len(events) < page or len(found) >= query.limit:
            break
        # The next page begins at the same instant: of events of one instant some may be left. Where
        # there are more of them than a page holds, it has to be longer.
        page = PAGE if fresh else page * 2
        end = math.nextafter(events[-1].time, math.inf)
    newest = list(found.items())[: max(query.limit, 0)]
    return [event for event, is_taken in newest if is_taken]
