"""The tail of the store in memory: its events in the order in which they came."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import cached_property

from tests.support.memory_deliveries import MemoryBacklog
from vedette.model.delivery import DeliveryState
from vedette.model.ids import TenantId
from vedette.ports.tail import Followed, Spot, Stretch, TailQuery
from vedette.store.arrivals import Arrivals
from vedette.store.stretches import LOOKED, Row, fitting, wanted


class MemoryTail(MemoryBacklog):
    """``vedette.ports.tail.Tail`` over the events."""

    @cached_property
    def _arrivals(self) -> Arrivals:
        return Arrivals()

    def _tell(self, changed: asyncio.Event) -> None:
        changed.set()
        self._arrivals.tell()

    async def tail(self, query: TailQuery) -> Stretch:
        state = self._enter()
        numbers = {point.number: event for event, point in state.points.items()}
        later = sorted(each for each in numbers if each > query.after.seq)[:LOOKED]
        postings = {number: state.events[numbers[number]] for number in later}
        rows: list[Row] = [
            (0, number, it.event, it.type, it.tenant, it.account, it.time)
            for number, it in postings.items()
        ]
        found, reached = wanted(query, rows)
        sizes = [(row, 0 if query.bare else len(postings[row[1]].body)) for row in found]
        chosen = list(fitting(query, sizes))
        if len(chosen) < len(found):
            reached = Spot(seq=chosen[-1][1])
        return Stretch(
            events=tuple(
                Followed(
                    spot=Spot(seq=number),
                    event=postings[number].event,
                    type=postings[number].type,
                    tenant=postings[number].tenant,
                    account=postings[number].account,
                    time=postings[number].time,
                    body=b"" if query.bare else postings[number].body,
                )
                for number in (row[1] for row in chosen)
            ),
            reached=reached,
            is_end=len(rows) < LOOKED and (not rows or reached.seq == rows[-1][1]),
        )

    async def prune_tenants(self, before: Mapping[TenantId, float], *, limit: int) -> int:
        state = self._enter(writes=True)
        unsettled = {
            row.posting.event for row in state.deliveries.values() if row.state is DeliveryState.DUE
        }
        old = [
            each
            for tenant, instant in before.items()
            for each in sorted(state.events.values(), key=lambda posting: posting.time)
            if each.tenant == tenant and each.time < instant and each.event not in unsettled
        ][: max(limit, 0)]
        for posting in old:
            for row in [row.id for row in state.deliveries.values() if row.posting is posting]:
                del state.deliveries[row]
            del state.events[posting.event], state.points[posting.event]
        return len(old)

    async def tail_end(self) -> Spot:
        return Spot(seq=self._enter().last_event)

    @property
    def arrivals(self) -> int:
        return self._arrivals.count

    async def arrived(self, after: int) -> None:
        await self._arrivals.wait(after)
