"""Deliveries once more: a replay of what was committed, a redrive of what was given up.

Both keep the ids that the events had. A replay sends an endpoint what it takes by now; a redrive
sends it what it took once and was given up after the last attempt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from vedette.app.control import Handler
from vedette.app.replaying import query_from, replaying
from vedette.engine.courier import Courier
from vedette.errors import UsageError
from vedette.model.delivery import Endpoint, Selection
from vedette.model.ids import EndpointId, EventId
from vedette.ports.clock import Clock
from vedette.ports.store import EventQuery, Store
from vedette.service.replay import chosen, narrowed

#: Dead letters of one step: some ten milliseconds of the store's one writer, between which mail
#: goes first.
STEP = 500
#: Steps of one request, which is answered well before its deadline; who asks comes again.
STEPS = 20
#: Chosen events that are queued together, each by a write of its own that the store groups.
TOGETHER = 100


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

    async def replay(self, query: EventQuery, names: Sequence[EndpointId]) -> int:
        """Queue stored events again for the named endpoints, or for all; return how many.

        Each endpoint gets what it takes, and one that is named is enabled again.
        Raises UsageError for a name that no endpoint has.
        """
        count = 0
        for endpoint in self._meant(names):
            for each in narrowed(query, endpoint.selection):
                count += await self._replayed(each, endpoint)
            self._awaken(endpoint.id, enable=endpoint.id in names)
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

    async def _replayed(self, query: EventQuery, endpoint: Endpoint) -> int:
        if not _looks_inside(endpoint.selection):
            return await self._store.replay(query, [endpoint.id], self._clock.now())
        found = await chosen(self._store, query, endpoint.selection)
        # The oldest first, as they were queued at first.
        found.reverse()
        count = 0
        for at in range(0, len(found), TOGETHER):
            one = [self._one(event, endpoint.id) for event in found[at : at + TOGETHER]]
            count += sum(await asyncio.gather(*one))
        return count

    async def _one(self, event: EventId, endpoint: EndpointId) -> int:
        query = EventQuery(event=event, limit=1)
        return await self._store.replay(query, [endpoint], self._clock.now())

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
