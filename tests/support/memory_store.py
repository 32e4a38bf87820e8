"""A store in memory, for tests of the engine: it passes the suite of the real one.

Nothing here is fast or durable. What a real store tells of a disk, a test says
with ``fail``: the next calls raise, and nothing of them is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tests.support.memory_commit import check_postings, moved, still_read
from tests.support.memory_counts import CountRows, MemoryCounts
from tests.support.memory_deliveries import (
    Row,
    asks_for,
    dead,
    heads,
    parcel_of,
    stored_delivery,
    surveyed,
    was_queued,
)
from tests.support.memory_journal import JournalRows, MemoryJournal
from tests.support.memory_records import MemoryRecords, RecordRows
from tests.support.memory_tail import MemoryTail
from tests.support.memory_trust import MemoryTrust, TrustRows
from vedette.errors import StoreError
from vedette.model.account import Health
from vedette.model.cursor import FolderState
from vedette.model.delivery import DeliveryState, EndpointState, Parcel, Posting, Settlement
from vedette.model.ids import AccountId, EndpointId, EventId
from vedette.ports.clock import Clock
from vedette.ports.store import (
    Commit,
    DeliveryQuery,
    EventQuery,
    Fence,
    Point,
    StoredDelivery,
    StoredEvent,
    Survey,
    Taker,
    Verdict,
)
from vedette.store.rows.health import check
from vedette.store.words import printable


@dataclass(slots=True, kw_only=True)
class _State:
    """What survives a stop."""

    epochs: dict[int, int] = field(default_factory=lambda: {0: 0})
    folders: dict[tuple[AccountId, bytes], FolderState] = field(default_factory=dict)
    events: dict[EventId, Posting] = field(default_factory=dict)
    points: dict[EventId, Point] = field(default_factory=dict)
    last_event: int = 0
    deliveries: dict[int, Row] = field(default_factory=dict)
    #: Those of each endpoint that are DUE: asked for at every turn of a lane.
    waiting: dict[EndpointId, dict[int, Row]] = field(default_factory=dict)
    last_delivery: int = 0
    #: What the clock showed when it was last of use; None before the first run.
    clock: float | None = None
    seen: dict[tuple[AccountId, bytes], float] = field(default_factory=dict)
    readings: dict[tuple[AccountId, bytes], dict[tuple[int, int], int]] = field(
        default_factory=dict
    )
    healths: dict[AccountId, Health] = field(default_factory=dict)
    endpoints: dict[EndpointId, EndpointState] = field(default_factory=dict)
    journal: JournalRows = field(default_factory=JournalRows)
    trust: TrustRows = field(default_factory=TrustRows)
    records: RecordRows = field(default_factory=RecordRows)
    counts: CountRows = field(default_factory=dict)


class MemoryStore(MemoryJournal, MemoryTrust, MemoryTail):
    """``vedette.ports.store.Store``, and every other port of state, without a disk.

    ``state`` may be handed to a second store, as a restart finds it. ``changed``
    is set on every write, for a test that waits.
    """

    def __init__(self, clock: Clock, state: _State | None = None) -> None:
        self.state = state or _State()
        self.changed = asyncio.Event()
        self._clock = clock
        self._open = False
        self._failures: list[StoreError] = []
        it, enter = self.state, self._enter
        self.records = MemoryRecords(clock, it.records, enter=enter, note=it.trust.keep)
        self.counts = MemoryCounts(it.counts, enter=enter)

    def fail(self, error: StoreError, times: int = 1) -> None:
        """Let the next ``times`` calls raise ``error``; nothing of them is written."""
        self._failures.extend([error] * times)

    def set_epoch(self, shard: int, epoch: int) -> None:
        """Let another owner take the shard."""
        self.state.epochs[shard] = epoch

    def _enter(self, *, writes: bool = False) -> _State:
        if not self._open:
            raise StoreError("the store is not open")
        if self._failures:
            raise self._failures.pop(0)
        if writes:
            self._tell(self.changed)
        return self.state

    def _journal(self, *, writes: bool = False) -> JournalRows:
        return self._enter(writes=writes).journal

    def _trust(self, *, writes: bool = False) -> TrustRows:
        return self._enter(writes=writes).trust

    def _is_fenced(self, fence: Fence) -> bool:
        return self.state.epochs.get(fence.shard) != fence.epoch

    async def start(self) -> None:
        self._open = True
        now = self._clock.now()
        back = max((self.state.clock or now) - now, 0.0)
        for row in self.state.deliveries.values():
            if row.due > now and row.state is DeliveryState.DUE:
                row.due -= back
                if row.leased and row.due > now:
                    row.due, row.leased = now, False
        self.state.clock = now

    async def stop(self) -> None:
        if self._open:
            self.state.clock = self._clock.now()
        self._open = False

    def fault(self) -> None:
        """Memory takes every write."""

    async def folders(self, account: AccountId) -> list[FolderState]:
        state = self._enter()
        return [state.folders[key] for key in sorted(state.folders) if key[0] == account]

    async def commit(self, commit: Commit) -> Verdict:
        state = self._enter(writes=True)
        if self._is_fenced(commit.fence):
            return Verdict.FENCED
        key = (commit.account, commit.folder)
        old = state.folders.get(key)
        if (old.cursor if old else None) != commit.expected:
            return Verdict.STALE
        check_postings(commit.postings)
        state.journal.check(commit.decisions, commit.actions)
        state.folders[key] = moved(old, commit)
        self._readings_done(key)
        last = state.last_delivery
        for posting in commit.postings:
            known = any((commit.account, name) in state.seen for name in posting.keys)
            met = posting.again is not None and known
            self._post(replace(posting, body=posting.again()) if met and posting.again else posting)
        for seen in commit.seen:
            state.seen[commit.account, seen] = self._clock.now()
        state.journal.write(commit.decisions, commit.actions)
        for taker in commit.takers:
            parcels = self._taken(taker, last)
            if parcels:
                taker.take(parcels)
        return Verdict.DONE

    def _taken(self, taker: Taker, last: int) -> list[Parcel]:
        """Claim what was queued after the delivery ``last``."""
        waiting = self._waiting(taker.endpoint, ordered=taker.ordered)
        rows = [row for row in waiting if row.id > last][: taker.limit]
        for row in rows:
            row.due, row.leased = taker.until, True
        return [parcel_of(row) for row in rows]

    def _readings_done(self, key: tuple[AccountId, bytes]) -> None:
        folder = self.state.folders[key]
        self.state.readings[key] = still_read(folder, self.state.readings.get(key, {}))

    def _post(self, posting: Posting) -> None:
        if posting.event in self.state.events:
            return
        self.state.events[posting.event] = posting
        self.state.last_event = number = self.state.last_event + 1
        self.state.points[posting.event] = Point(time=posting.time, number=number)
        for endpoint in dict.fromkeys(posting.endpoints):
            self._queue(posting, endpoint, posting.time)

    def _queue(self, posting: Posting, endpoint: EndpointId, due: float) -> None:
        self.state.last_delivery = number = self.state.last_delivery + 1
        row = Row(id=number, posting=posting, endpoint=endpoint, due=due, queued_at=due)
        self.state.deliveries[number] = row
        self.state.waiting.setdefault(endpoint, {})[number] = row

    async def post(
        self, fence: Fence, postings: Sequence[Posting], *, patience: float = 0.0
    ) -> Verdict:
        self._enter(writes=True)
        if self._is_fenced(fence):
            return Verdict.FENCED
        check_postings(postings)
        for posting in postings:
            self._post(posting)
        return Verdict.DONE

    async def forget_folder(self, account: AccountId, folder: bytes) -> None:
        state = self._enter(writes=True)
        state.folders.pop((account, folder), None)
        state.readings.pop((account, folder), None)

    async def known(self, account: AccountId, keys: Sequence[bytes]) -> frozenset[bytes]:
        state = self._enter()
        return frozenset(key for key in keys if (account, key) in state.seen)

    async def stored(self, events: Sequence[EventId]) -> frozenset[EventId]:
        state = self._enter()
        return frozenset(event for event in events if event in state.events)

    async def begin_read(
        self, account: AccountId, folder: bytes, uid_validity: int, uid: int
    ) -> int:
        readings = self._enter(writes=True).readings.setdefault((account, folder), {})
        readings[uid_validity, uid] = readings.get((uid_validity, uid), 0) + 1
        return readings[uid_validity, uid]

    async def end_read(
        self, account: AccountId, folder: bytes, uid_validity: int, uid: int
    ) -> None:
        readings = self._enter(writes=True).readings.setdefault((account, folder), {})
        readings.pop((uid_validity, uid), None)

    async def note(self, health: Health) -> None:
        check(health)
        error = None if health.error is None else printable(health.error)
        self.state.healths[health.account] = replace(
            health, email=printable(health.email), error=error
        )
        self.changed.set()

    async def healths(self) -> list[Health]:
        state = self._enter()
        return [state.healths[account] for account in sorted(state.healths)]

    async def claim(
        self, endpoint: EndpointId, *, ordered: bool, limit: int, now: float, lease: float
    ) -> list[Parcel]:
        self._enter(writes=True)
        rows = [row for row in self._waiting(endpoint, ordered=ordered) if row.due <= now]
        rows = sorted(rows, key=lambda row: (row.due, row.id))[: max(limit, 0)]
        for row in rows:
            row.due, row.leased = now + lease, True
            self.state.clock = now
        return [parcel_of(row) for row in rows]

    def _waiting(self, endpoint: EndpointId, *, ordered: bool) -> list[Row]:
        rows = self.state.waiting.get(endpoint, {}).values()
        return heads(rows) if ordered else list(rows)

    async def next_due(self, endpoint: EndpointId, *, ordered: bool = False) -> float | None:
        self._enter()
        return min((row.due for row in self._waiting(endpoint, ordered=ordered)), default=None)

    async def settle(self, settlements: Sequence[Settlement], *, patience: float = 0.0) -> None:
        state = self._enter(writes=True)
        for settlement in settlements:
            if settlement.state is DeliveryState.DUE:
                state.clock = self._clock.now()
            row = state.deliveries.get(settlement.delivery)
            if row is None or row.state is not DeliveryState.DUE:
                continue
            if settlement.state is DeliveryState.DELIVERED or row.attempt <= settlement.attempt:
                row.state, row.due = settlement.state, settlement.due
                row.attempt, row.reason = settlement.attempt, settlement.reason
                row.leased = False
                if row.state is not DeliveryState.DUE:
                    del state.waiting[row.endpoint][row.id]

    async def redate(self, endpoints: Sequence[EndpointId], *, seconds: float, now: float) -> None:
        for row in self._enter(writes=True).deliveries.values():
            if row.endpoint in endpoints and row.state is DeliveryState.DUE and row.due > now:
                row.due += seconds

    async def endpoint_state(self, endpoint: EndpointId) -> EndpointState:
        return self._enter().endpoints.get(endpoint, EndpointState(id=endpoint))

    async def note_endpoint(self, state: EndpointState) -> None:
        reason = printable(state.disabled_reason)
        self._enter(writes=True).endpoints[state.id] = replace(state, disabled_reason=reason)

    def _newest(self) -> list[Posting]:
        points = self.state.points
        return sorted(self.state.events.values(), key=lambda it: points[it.event], reverse=True)

    def _select(self, query: EventQuery) -> list[Posting]:
        points = self.state.points
        found = [each for each in self._newest() if asks_for(query, each, points[each.event])]
        return found[: max(query.limit, 0)]

    async def survey(self, query: EventQuery, *, newest_first: bool) -> Survey:
        self._enter()
        every = self._select(replace(query, types=(), limit=len(self.state.events)))
        it = every if newest_first else every[::-1]
        return surveyed(query, [(self.state.points[each.event], each.type) for each in it])

    def _count(self, event: EventId, state: DeliveryState) -> int:
        return sum(
            row.posting.event == event and row.state is state
            for row in self.state.deliveries.values()
        )

    async def events(self, query: EventQuery) -> list[StoredEvent]:
        self._enter()
        return [
            StoredEvent(
                event=posting.event,
                type=posting.type,
                tenant=posting.tenant,
                account=posting.account,
                time=posting.time,
                body=posting.body,
                due=self._count(posting.event, DeliveryState.DUE),
                delivered=self._count(posting.event, DeliveryState.DELIVERED),
                failed=self._count(posting.event, DeliveryState.FAILED),
            )
            for posting in self._select(query)
        ]

    async def replay(self, query: EventQuery, endpoints: Sequence[EndpointId], now: float) -> int:
        state = self._enter(writes=True)
        count = 0
        for posting in reversed(self._select(query)):
            for endpoint in dict.fromkeys(endpoints):
                if not was_queued(state.deliveries.values(), posting, endpoint, now):
                    count += self._requeue(posting, endpoint, now)
        return count

    def _requeue(self, posting: Posting, endpoint: EndpointId, now: float) -> bool:
        for row in dead(self.state.deliveries.values(), endpoint):
            if row.posting is posting:
                del self.state.deliveries[row.id]
        waiting = self._waiting(endpoint, ordered=False)
        it = next((row for row in waiting if row.posting is posting), None)
        if it is None:
            self._queue(posting, endpoint, now)
        elif it.leased and it.due > now:
            return False
        else:
            it.due, it.attempt, it.leased = min(it.due, now), 0, False
        return True

    async def deliveries(self, query: DeliveryQuery) -> list[StoredDelivery]:
        self._enter()
        found = [
            stored_delivery(row)
            for posting in self._newest()
            for row in reversed(self.state.deliveries.values())
            if row.posting is posting
            and asks_for(query, posting)
            and query.endpoint in {None, row.endpoint}
            and query.state in {None, row.state}
        ]
        return found[: max(query.limit, 0)]

    async def redrive(self, query: EventQuery, endpoint: EndpointId, now: float) -> int:
        self._enter(writes=True)
        asked = [
            row.posting
            for row in dead(self.state.deliveries.values(), endpoint)
            if asks_for(query, row.posting)
        ]
        found = {posting.event: posting for posting in asked[: max(query.limit, 0)]}
        for posting in found.values():
            self._requeue(posting, endpoint, now)
        return len(found)

    async def prune(self, *, events_before: float, seen_before: float, limit: int) -> int:
        state = self._enter(writes=True)
        left = max(limit, 0)
        old = [
            posting
            for posting in sorted(state.events.values(), key=lambda posting: posting.time)
            if posting.time < events_before and not self._count(posting.event, DeliveryState.DUE)
        ]
        for posting in old[:left]:
            rows = [row.id for row in state.deliveries.values() if row.posting is posting][:left]
            for row in rows:
                del state.deliveries[row]
            left -= len(rows)
            if not left:
                break
            del state.events[posting.event], state.points[posting.event]
            left -= 1
        keys = sorted((at, key) for key, at in state.seen.items() if at < seen_before)[:left]
        for _, key in keys:
            del state.seen[key]
        left -= len(keys)
        return max(limit, 0) - left + self.counts.prune(events_before, left)
