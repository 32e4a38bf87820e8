"""Two stores of records, driven by chance through the same life, never differ in an answer."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from operator import methodcaller
from pathlib import Path
from typing import Any
from unittest import mock

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.store.bundle import ACME, StillClock
from tests.store.conformance_records import ZETA
from tests.support.memory_store import MemoryStore
from vedette.errors import StoreError
from vedette.model.ids import TenantId
from vedette.ports.records import (
    DataKey,
    Drop,
    Kind,
    Note,
    Put,
    Record,
    RecordQuery,
    Records,
    SealedValue,
)
from vedette.store.sqlite import records
from vedette.store.sqlite.store import SqliteStore

KINDS = st.sampled_from((Kind.ACCOUNT, Kind.ENDPOINT))
IDS = st.sampled_from(("a", "b", "c", "ä", "😀", "x\0", "\ud800"))
TENANTS = st.sampled_from((ACME, ACME, ZETA, TenantId("")))
WALLS = st.none() | TENANTS
TEXTS = st.sampled_from(("", "anna", "ANNA", "Straße", "%", "_", "\\", "\0", "\udc80"))
NAMES = st.sampled_from(("s", "t"))
TIMES = st.integers(0, 8).map(float)
VALUES = st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(("x", 'q"', "ü", "true"))
BODIES = st.dictionaries(
    st.sampled_from(("m", "n", 'o"p')), VALUES | st.lists(VALUES, max_size=2), max_size=3
)
SECRETS = st.dictionaries(NAMES, st.none() | st.binary(max_size=2), max_size=2)
PUTS = st.builds(
    lambda record, expected, secrets, limit: Put(
        record=record, expected=expected, secrets=secrets, limit=limit
    ),
    record=st.builds(
        Record,
        kind=KINDS,
        id=IDS,
        tenant=TENANTS,
        body=BODIES.map(json.dumps),
        label=TEXTS,
        is_counted=st.booleans(),
        expires_at=st.none() | TIMES,
    ),
    expected=st.sampled_from((0, 0, 0, 1, 1, 2, 3)),
    secrets=SECRETS,
    limit=st.none() | st.integers(0, 3),
)
DROPS = st.builds(Drop, kind=KINDS, id=IDS, tenant=TENANTS, expected=st.none() | st.integers(0, 3))
QUERIES = st.builds(
    RecordQuery,
    kind=KINDS,
    tenant=WALLS,
    after=st.just("") | IDS,
    text=TEXTS,
    fields=st.dictionaries(
        st.sampled_from(("m", "n", 'o"p')),
        st.booleans() | st.sampled_from(("x", 'q"', "ü", "true")),
        max_size=2,
    ),
    limit=st.integers(-1, 5),
)
NOTE = Note(actor="chance", what="record.written", detail="{}")


class TwoRecords(RuleBasedStateMachine):
    """Each rule asks both stores the same and compares what they say."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="vedette-records-"))
        self.clock = StillClock(0.0)
        self.real = SqliteStore(self.folder, self.clock)
        self.model = MemoryStore(self.clock)
        # Steps of a search that are as small as the few records here.
        self.steps = mock.patch.object(records, "LOOKED", 1)
        self.steps.start()
        self.runner.run(self.real.start())
        self.runner.run(self.model.start())

    def teardown(self) -> None:
        self.runner.run(self.real.stop())
        self.steps.stop()
        self.runner.close()
        shutil.rmtree(self.folder)

    def both(self, ask: Callable[[Records], Awaitable[Any]]) -> Any:
        async def answer(it: Records) -> Any:
            try:
                return await ask(it)
            except StoreError:
                return StoreError

        async def answers() -> tuple[Any, Any]:
            return await answer(self.real.records), await answer(self.model.records)

        real, model = self.runner.run(answers())
        assert real == model
        return real

    @rule(
        changes=st.lists(PUTS | DROPS, max_size=3),
        wall=st.none() | WALLS,
        notes=st.integers(0, 2),
    )
    def write(self, changes: list[Put | Drop], wall: TenantId | None, notes: int) -> None:
        now = self.clock.time
        self.both(methodcaller("write", changes, now=now, notes=[NOTE] * notes, tenant=wall))

    @rule(put=PUTS)
    def write_again(self, put: Put) -> None:
        """Write what is there at the version that it has: chance alone seldom guesses it."""
        it = self.both(methodcaller("record", put.record.kind, put.record.id))
        expected = it.version if isinstance(it, Record) else 0
        again = Put(record=put.record, expected=expected, secrets=put.secrets, limit=put.limit)
        self.both(methodcaller("write", [again], now=self.clock.time))

    @rule(query=QUERIES)
    def search(self, query: RecordQuery) -> None:
        self.both(methodcaller("records", query))

    @rule(kind=KINDS, id_=IDS, wall=WALLS)
    def look(self, kind: Kind, id_: str, wall: TenantId | None) -> None:
        self.both(methodcaller("record", kind, id_, tenant=wall))
        self.both(methodcaller("secrets", kind, [id_, "a"], tenant=wall))
        self.both(methodcaller("count", kind, wall))

    @rule(seconds=st.sampled_from((1.0, 2.0, 90_000.0)))
    def wait(self, seconds: float) -> None:
        self.clock.time += seconds

    @rule(limit=st.integers(0, 3))
    def expire(self, limit: int) -> None:
        self.both(methodcaller("expire", self.clock.time, limit=limit))

    @rule(
        kind=KINDS,
        id_=IDS,
        name=NAMES,
        tenant=TENANTS,
        value=st.binary(max_size=1),
        new=st.binary(max_size=2),
    )
    def reseal(
        self, kind: Kind, id_: str, name: str, tenant: TenantId, value: bytes, new: bytes
    ) -> None:
        old = SealedValue(kind=kind, id=id_, tenant=tenant, name=name, value=value)
        self.both(methodcaller("reseal", old, new))

    @rule(tenant=TENANTS, number=st.integers(1, 2), wrapped=st.binary(max_size=1))
    def wrap(self, tenant: TenantId, number: int, wrapped: bytes) -> None:
        key = DataKey(tenant=tenant, number=number, wrapper="w", wrapped=wrapped, created_at=1.0)
        there = [each for each in self.both(methodcaller("data_keys")) if each.number == number]
        self.both(methodcaller("put_data_key", key, expected=there[0] if there else None))

    @rule(tenant=TENANTS, below=st.none() | st.integers(1, 3))
    def unwrap(self, tenant: TenantId, below: int | None) -> None:
        self.both(methodcaller("drop_data_keys", tenant, below=below))

    @invariant()
    def agree(self) -> None:
        """Compare the feed, every secret and every key, and what the audit tells."""
        self.both(methodcaller("touched", 0))
        self.both(methodcaller("touched", 3, limit=2))
        self.both(methodcaller("sealed", ("", "", "")))
        self.both(methodcaller("data_keys"))

        async def heads() -> tuple[Any, Any]:
            return await self.real.audit_head(), await self.model.audit_head()

        real, model = self.runner.run(heads())
        assert real == model


TestTwoRecords = TwoRecords.TestCase
TestTwoRecords.settings = settings(
    max_examples=30,
    stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow],
)
