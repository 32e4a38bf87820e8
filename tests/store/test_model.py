"""The two stores, driven by chance through the same life, never differ in an answer."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from operator import methodcaller
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.store.bundle import ANNA, BERT, FILE, HOOK, StillClock, posting, settled
from tests.support.memory_store import MemoryStore
from vedette.model.cursor import Cursor, Gap
from vedette.model.delivery import DeliveryState, Parcel
from vedette.model.ids import EventId
from vedette.ports.store import Commit, DeliveryQuery, EventQuery, Fence, Store
from vedette.store.sqlite.store import SqliteStore

ACCOUNTS = st.sampled_from((ANNA, BERT))
FOLDERS = st.sampled_from((b"INBOX", b"Junk"))
ENDPOINTS = st.sampled_from((HOOK, FILE))
UIDS = st.integers(1, 5)
VALIDITIES = st.integers(1, 2)
TIMES = st.integers(0, 8).map(float)
GAPS = st.builds(Gap, uid_validity=VALIDITIES, uid=UIDS, tries=st.integers(0, 2), due=TIMES)
POSTINGS = st.builds(
    lambda event, account, lane, time, endpoints: posting(
        f"e{event}", *endpoints, account=account, lane=lane, time=time
    ),
    event=st.integers(0, 12),
    account=ACCOUNTS,
    lane=FOLDERS,
    time=TIMES,
    endpoints=st.lists(ENDPOINTS, max_size=2),
)
COMMITS = st.builds(
    Commit,
    fence=st.just(Fence()),
    account=ACCOUNTS,
    folder=FOLDERS,
    expected=st.none(),
    cursor=st.builds(Cursor, uid_validity=VALIDITIES, last_uid=UIDS),
    mailbox_id=st.sampled_from((None, "F1")),
    postings=st.lists(POSTINGS, max_size=3).map(tuple),
    gaps=st.lists(GAPS, max_size=2).map(tuple),
    closed=st.lists(UIDS, max_size=2).map(tuple),
    seen=st.lists(st.sampled_from((b"a", b"b", b"c")), max_size=2).map(tuple),
)
QUERIES = st.builds(
    EventQuery,
    account=st.none() | ACCOUNTS,
    types=st.sampled_from(((), ("message.*",), ("account.*",))),
    start=st.none() | TIMES,
    end=st.none() | TIMES,
    limit=st.integers(0, 5),
)


class TwoStores(RuleBasedStateMachine):
    """Each rule asks both stores the same and compares what they say."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="vedette-model-"))
        self.clock = StillClock(0.0)
        self.real = SqliteStore(self.folder, self.clock)
        self.model = MemoryStore(self.clock)
        self.parcels: list[Parcel] = []
        self.runner.run(self.real.start())
        self.runner.run(self.model.start())

    def teardown(self) -> None:
        self.runner.run(self.real.stop())
        self.runner.close()
        shutil.rmtree(self.folder)

    def both(self, ask: Callable[[Store], Awaitable[Any]]) -> Any:
        async def answers() -> tuple[Any, Any]:
            return await ask(self.real), await ask(self.model)

        real, model = self.runner.run(answers())
        assert real == model
        return real

    @rule(seconds=st.integers(1, 5))
    def wait(self, seconds: int) -> None:
        self.clock.time += seconds

    @rule(work=COMMITS, right=st.integers(0, 4).map(bool))
    def commit(self, *, work: Commit, right: bool) -> None:
        states = self.both(methodcaller("folders", work.account))
        expected = {state.path: state.cursor for state in states}.get(work.folder)
        if not right:
            expected = Cursor(uid_validity=9, last_uid=9)
        self.both(methodcaller("commit", replace(work, expected=expected)))

    @rule(postings=st.lists(POSTINGS, max_size=3), epoch=st.sampled_from((0, 0, 0, 1)))
    def post(self, postings: list[Any], epoch: int) -> None:
        self.both(lambda store: store.post(Fence(epoch=epoch), postings))

    @rule(account=ACCOUNTS, folder=FOLDERS)
    def forget(self, account: Any, folder: bytes) -> None:
        self.both(lambda store: store.forget_folder(account, folder))

    @rule(account=ACCOUNTS, folder=FOLDERS, validity=VALIDITIES, uid=UIDS)
    def begin_read(self, account: Any, folder: bytes, validity: int, uid: int) -> None:
        self.both(lambda store: store.begin_read(account, folder, validity, uid))

    @rule(account=ACCOUNTS, folder=FOLDERS, validity=VALIDITIES, uid=UIDS)
    def end_read(self, account: Any, folder: bytes, validity: int, uid: int) -> None:
        self.both(lambda store: store.end_read(account, folder, validity, uid))

    @rule(
        endpoint=ENDPOINTS,
        ordered=st.booleans(),
        limit=st.integers(0, 3),
        lease=st.integers(0, 4).map(float),
    )
    def claim(self, *, endpoint: Any, ordered: bool, limit: int, lease: float) -> None:
        now = self.clock.time
        self.parcels += self.both(
            lambda store: store.claim(endpoint, ordered=ordered, limit=limit, now=now, lease=lease)
        )
        del self.parcels[:-20]

    @precondition(lambda self: self.parcels)
    @rule(
        data=st.data(),
        state=st.sampled_from(DeliveryState),
        delay=st.integers(0, 5),
        given_back=st.booleans(),
    )
    def settle(
        self, *, data: st.DataObject, state: DeliveryState, delay: int, given_back: bool
    ) -> None:
        parcel = data.draw(st.sampled_from(self.parcels))
        attempt = parcel.attempt - given_back
        settlement = settled(parcel, state, due=self.clock.time + delay, attempt=attempt)
        self.both(lambda store: store.settle([settlement]))

    @rule(query=QUERIES, endpoints=st.lists(ENDPOINTS, max_size=2))
    def replay(self, query: EventQuery, endpoints: list[Any]) -> None:
        self.both(lambda store: store.replay(query, endpoints, self.clock.time))

    @rule(query=QUERIES, endpoint=ENDPOINTS)
    def redrive(self, query: EventQuery, endpoint: Any) -> None:
        self.both(lambda store: store.redrive(query, endpoint, self.clock.time))

    @rule(query=QUERIES)
    def ask(self, query: EventQuery) -> None:
        self.both(lambda store: store.events(query))

    @rule(events=TIMES, seen=TIMES, limit=st.integers(100, 200))
    def prune(self, events: float, seen: float, limit: int) -> None:
        self.both(lambda store: store.prune(events_before=events, seen_before=seen, limit=limit))

    @rule()
    def restart(self) -> None:
        async def again() -> None:
            await self.real.stop()
            await self.model.stop()
            self.real = SqliteStore(self.folder, self.clock)
            self.model = MemoryStore(self.clock, self.model.state)
            await self.real.start()
            await self.model.start()

        self.runner.run(again())

    @invariant()
    def agree(self) -> None:
        """Folders, keys, due instants in both orders, and every event."""
        for account in (ANNA, BERT):
            self.both(methodcaller("folders", account))
            self.both(methodcaller("known", account, [b"a", b"b", b"c"]))
        for endpoint in (HOOK, FILE):
            self.both(methodcaller("next_due", endpoint))
            self.both(methodcaller("next_due", endpoint, ordered=True))
        self.both(methodcaller("events", EventQuery(limit=100)))
        for state in (None, *DeliveryState):
            self.both(methodcaller("deliveries", DeliveryQuery(state=state, limit=100)))
        self.both(methodcaller("stored", [EventId(f"e{number}") for number in range(13)]))


TestTwoStores = TwoStores.TestCase
TestTwoStores.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow],
)
