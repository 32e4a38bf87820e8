"""Deliveries once more: a replay of what was committed, a redrive of what was given up.

Both keep the ids that the events had. A replay sends an endpoint what it takes by now; a redrive
sends it what it took once and was given up after the last attempt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vedette.app.control import Handler
from vedette.app.replaying import query_from, replaying
from vedette.engine.courier import Courier
from vedette.errors import UsageError
from vedette.model.delivery import Endpoint, Selection
from vedette.model.ids import EndpointId, EventId
from vedette.ports.clock import Clock
from vedette.ports.store import EventQuery, Span, Store
from vedette.service.endpoints.replay import Bookmark, Replayed, behind, chosen, narrowed, reach

#: Events or dead letters of one step: some ten milliseconds of the store's one writer, between which mail
#: goes first.
STEP = 500
#: Events of one step of which the bodies are read: some megabytes at most.
PAGE = 200
#: Steps of one request, which is answered well before its deadline; who asks comes again.
STEPS = 20
#: Chosen events that are queued together, each by a write of its own that the store groups.
TOGETHER = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Walk:
    """What of a query one endpoint takes."""

    endpoint: Endpoint
    query: EventQuery

    def bookmark(self, span: Span | None) -> Bookmark:
        return Bookmark(
            endpoint=self.endpoint.id,
            tenant=self.query.tenant,
            account=self.query.account,
            span=span,
        )

    def is_at(self, rest: Bookmark) -> bool:
        return self.bookmark(rest.span) == rest


def _from(walks: Sequence[_Walk], rest: Bookmark | None) -> Sequence[_Walk]:
    """Return the walks that are left. Raises UsageError where the filters are others by now."""
    if rest is None:
        return walks
    for at, walk in enumerate(walks):
        if walk.is_at(rest):
            return walks[at:]
    raise UsageError("the endpoints changed while events were replayed to them: ask once more")


class Redelivery:
    """Queues deliveries again for endpoints that exist, and wakes the courier."""

    def __init__(
        self,
        store: Store,
        courier: Courier,
        clock: Clock,
        *,
        endpoints: Callable[[], Sequence[Endpoint]],
    ) -> None:
        self._store = store
        self._courier = courier
        self._clock = clock
        self._endpoints = endpoints

    @property
    def handlers(self) -> dict[str, Handler]:
        """What it does for commands."""
        return {"replay": replaying(self.replay), "redrive": self._redriven}

    def knows(self, endpoint: EndpointId) -> bool:
        """Tell whether there is such an endpoint."""
        return any(each.id == endpoint for each in self._endpoints())

    def enable(self, endpoint: EndpointId) -> bool:
        """Try a disabled endpoint again, its backlog first; False for an unknown one."""
        return self._courier.enable(endpoint)

    async def replay(
        self,
        query: EventQuery,
        names: Sequence[EndpointId],
        asked: float | None = None,
        rest: Bookmark | None = None,
    ) -> Replayed:
        """Queue stored events again for the named endpoints, or for all, in bounded steps.

        Each endpoint gets what it takes, the oldest first, and one that is named is enabled again.
        With ``asked``, the instant at which it was first asked for, and the ``rest`` of the request
        before it goes on; a request that is repeated queues nothing twice.
        Raises UsageError for a name that no endpoint has, and for a rest that no filter leaves.
        """
        meant = self._meant(names)
        walks = [
            _Walk(endpoint=endpoint, query=each)
            for endpoint in meant
            for each in narrowed(query, endpoint.selection)
        ]
        now = self._clock.now() if asked is None else asked
        done = await self._walked(_from(walks, rest), None if rest is None else rest.span, now)
        for endpoint in meant:
            self._awaken(endpoint.id, enable=endpoint.id in names)
        return done

    async def _walked(self, walks: Sequence[_Walk], span: Span | None, now: float) -> Replayed:
        """Go on with walks, the first of which has ``span`` left, for the steps of a request."""
        count, left = 0, STEPS
        for walk in walks:
            if not left:
                return Replayed(queued=count, rest=walk.bookmark(None))
            if walk.query.event is not None:
                count, left = count + await self._queued(walk.endpoint, walk.query, now), left - 1
                continue
            more = await reach(self._store, walk.query) if span is None else span
            span, left = None, left - 1
            while more is not None:
                if not left:
                    return Replayed(queued=count, rest=walk.bookmark(more))
                gone, more = await self._step(walk, more, now)
                count, left = count + gone, left - 1
        return Replayed(queued=count, rest=None)

    async def _step(self, walk: _Walk, span: Span, now: float) -> tuple[int, Span | None]:
        """Queue the oldest of a span; return how many, and what is left of it."""
        looks_inside = _looks_inside(walk.endpoint.selection)
        most = PAGE if looks_inside else STEP
        query = replace(walk.query, span=span, limit=most)
        seen = await self._store.survey(query, newest_first=False)
        if seen.span is None:
            return 0, None
        count = 0
        if seen.found:
            # What is committed into this part meanwhile is dated back; it must not take the place
            # of what was found there.
            found = replace(query, span=seen.span, limit=2 * most)
            count = await self._queued(walk.endpoint, found, now)
        return count, behind(span, seen.span)

    async def _queued(self, endpoint: Endpoint, query: EventQuery, now: float) -> int:
        if not _looks_inside(endpoint.selection):
            return await self._store.replay(query, [endpoint.id], now)
        count, found = 0, await chosen(self._store, query, endpoint.selection)
        for at in range(0, len(found), TOGETHER):
            one = [self._one(event, endpoint.id, now) for event in found[at : at + TOGETHER]]
            count += sum(await asyncio.gather(*one))
        return count

    async def redrive(self, query: EventQuery, names: Sequence[EndpointId]) -> tuple[int, bool]:
        """Queue dead letters again, as ``replay`` does with events; the oldest of each first.

        Returns how many, and whether there is more than one request does.
        """
        most = min(max(query.limit, 0), STEP * STEPS)
        left = most
        for endpoint in self._meant(names):
            while left:
                step = replace(query, limit=min(STEP, left))
                gone = await self._store.redrive(step, endpoint.id, self._clock.now())
                left -= gone
                if gone < step.limit:
                    break
            self._awaken(endpoint.id, enable=endpoint.id in names)
        return most - left, not left and most < query.limit

    async def _redriven(self, request: Mapping[str, Any]) -> dict[str, Any]:
        names = [EndpointId(str(each)) for each in request.get("endpoints", [])]
        count, more = await self.redrive(query_from(request.get("query", {})), names)
        return {"queued": count, "more": more}

    async def _one(self, event: EventId, endpoint: EndpointId, now: float) -> int:
        return await self._store.replay(EventQuery(event=event, limit=1), [endpoint], now)

    def _meant(self, names: Sequence[EndpointId]) -> list[Endpoint]:
        known = {endpoint.id: endpoint for endpoint in self._endpoints()}
        for name in names:
            if name not in known:
                raise UsageError(f"no endpoint is named {name!r}; there are: {', '.join(known)}")
        return [known[name] for name in dict.fromkeys(names or known)]

    def _awaken(self, endpoint: EndpointId, *, enable: bool) -> None:
        if enable:
            self._courier.enable(endpoint)
        self._courier.wake([endpoint])


def _looks_inside(selection: Selection) -> bool:
    """Whether only the body of an event tells if it is taken."""
    return bool(selection.folders or selection.tags)
