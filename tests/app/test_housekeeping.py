"""The state is kept small: old rows go in steps, and a store in trouble is asked again later."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from tests.store.bundle import ANNA, decision, entry, posting
from tests.store.conformance_records import fresh, record
from tests.support.clock import START, VirtualClock, elapsed, run
from tests.support.memory_store import MemoryStore
from vedette.app import housekeeping
from vedette.app.housekeeping import (
    COUNT,
    INTERVAL,
    PAUSE,
    ROWS,
    THOROUGH,
    Housekeeping,
)
from vedette.config.settings import DAY, Retention
from vedette.errors import StoreError, StoreFullError
from vedette.model.action import ActionState
from vedette.model.ids import TenantId
from vedette.ports.journal import JournalQuery
from vedette.ports.records import Kind
from vedette.ports.store import EventQuery, Fence

#: Longer than any test: a thread has no place in virtual time.
NEVER = 1e9

RETENTION = Retention(events=100.0, seen=1000.0, decisions=500.0)


class Pruned(MemoryStore):
    """A store with ``old`` rows. It writes down when it was asked for what."""

    def __init__(self, clock: VirtualClock, old: int, error: StoreError | None = None) -> None:
        super().__init__(clock)
        self.old = old
        self.error = error
        self.steps: list[float] = []
        self.limits: list[tuple[float, float]] = []

    async def ran(self, seconds: float) -> float:
        if self.error is not None and elapsed() < 2 * COUNT:
            raise self.error
        return await super().ran(seconds)

    async def prune(self, *, events_before: float, seen_before: float, limit: int) -> int:
        self.steps.append(elapsed())
        self.limits.append((events_before, seen_before))
        error, self.error = self.error, None
        if error is not None:
            raise error
        gone = min(self.old, limit)
        self.old -= gone
        return gone


@pytest.fixture(autouse=True)
def _no_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(housekeeping, "TRIM", NEVER)
    yield
    gc.collect()


def kept_for(seconds: float, old: int, error: StoreError | None = None) -> Pruned:
    """Keep house for some virtual seconds."""

    async def scene() -> Pruned:
        clock = VirtualClock()
        store = Pruned(clock, old, error)
        await store.start()
        part = Housekeeping(store, clock, RETENTION)
        await part.start()
        await asyncio.sleep(seconds)
        await part.stop()
        assert part.crash is None
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return store

    return run(scene())


def test_nothing_is_pruned_before_the_first_interval() -> None:
    """A service that starts has better things to do."""
    assert kept_for(INTERVAL - 1, old=1).steps == []


def test_one_look_takes_steps_with_pauses_until_nothing_old_is_left() -> None:
    """Commits go in between; the last step is the one that is not full."""
    store = kept_for(INTERVAL + 10 * PAUSE, old=2 * ROWS + 1)

    assert store.old == 0
    assert store.steps == pytest.approx([INTERVAL, INTERVAL + PAUSE, INTERVAL + 2 * PAUSE])


def test_there_is_a_look_every_interval() -> None:
    """For as long as the service runs."""
    store = kept_for(3 * INTERVAL + 1, old=0)

    assert store.steps == pytest.approx([INTERVAL, 2 * INTERVAL, 3 * INTERVAL])


def test_events_and_identity_keys_have_an_age_each() -> None:
    """Counted back from the instant of the look."""
    now = START + INTERVAL

    (limits,) = kept_for(INTERVAL + 1, old=0).limits

    assert limits == pytest.approx((now - RETENTION.events, now - RETENTION.seen))


def test_events_of_a_tenant_that_keeps_less_end_earlier(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its ``retentionDays``; more than the service keeps is no more, and unread is as others."""
    monkeypatch.setattr(housekeeping, "TENANTS", 2)
    days = {"a": 1, "b": None, "c": 3, "d": 9_999, "e": 2}

    async def scene() -> list[str]:
        clock = VirtualClock()
        store = MemoryStore(clock)
        await store.start()
        for id_, kept in days.items():
            tenant = TenantId(id_)
            it = record(id_, kind=Kind.TENANT, tenant=tenant, body=f'{{"retentionDays":{kept}}}')
            body = it.body.replace("None", "null")
            await store.records.write([fresh(replace(it, body=body))], now=1.0)
            aged = [(age, START + INTERVAL - age * DAY) for age in (0.5, 1.5, 2.5, 4.5, 5.5)]
            posted = [
                posting(f"{id_}{age}", tenant=tenant, time=time, account=ANNA) for age, time in aged
            ]
            await store.post(Fence(), posted)
        part = Housekeeping(store, clock, Retention(events=5 * DAY))
        await part.start()
        await asyncio.sleep(INTERVAL + 1)
        await part.stop()
        return sorted(each.event for each in await store.events(EventQuery(limit=100)))

    left = run(scene())

    everything = ["0.5", "1.5", "2.5", "4.5"]
    assert [each[1:] for each in left if each[0] == "a"] == ["0.5"]
    assert [each[1:] for each in left if each[0] == "b"] == everything
    assert [each[1:] for each in left if each[0] == "c"] == everything[:3]
    assert [each[1:] for each in left if each[0] == "d"] == everything
    assert [each[1:] for each in left if each[0] == "e"] == everything[:2]


def test_a_store_in_trouble_is_asked_again_at_the_next_look() -> None:
    """Housekeeping does not end the service."""
    store = kept_for(2 * INTERVAL + 1, old=5, error=StoreFullError("no space"))

    assert store.steps == pytest.approx([INTERVAL, 2 * INTERVAL])
    assert store.old == 0


def test_decisions_and_what_became_of_actions_have_an_age_each() -> None:
    """Decisions their own; entries that are over go when their messages are forgotten."""

    async def scene() -> tuple[list[float], list[int | None], int]:
        clock = VirtualClock()
        store = MemoryStore(clock)
        await store.start()
        ages = (1100.0, 900.0, 600.0, 400.0)
        for uid, age in enumerate(ages, 1):
            at = START + INTERVAL - age
            it = replace(entry(uid, b"%d" % uid), at=at, changed=at)
            await store.intend(Fence(), [decision(uid, at=at)], [it])
            await store.record(it.id, ActionState.GONE, now=at)
        part = Housekeeping(store, clock, RETENTION)
        await part.start()
        await asyncio.sleep(INTERVAL + 1)
        await part.stop()
        kept = await store.decisions(None, None, since=0.0, limit=9)
        entries = await store.journal(JournalQuery())
        counts = sum(each.count for each in await store.tallies(None, None))
        return [each.at for each in kept], [each.origin.uid for each in entries], counts

    decisions, entries, counts = run(scene())
    assert decisions == [START + INTERVAL - 400.0]
    assert entries == [4, 3, 2]
    assert counts == 4


def test_records_that_expired_are_taken_away() -> None:
    """With what is sealed beside them; what is to expire later stays."""

    async def scene() -> list[str]:
        clock = VirtualClock()
        store = MemoryStore(clock)
        await store.start()
        until = START + INTERVAL
        puts = [
            fresh(record("over", expires_at=until), code=b"1"),
            fresh(record("later", expires_at=until + INTERVAL), code=b"1"),
        ]
        await store.records.write(puts, now=START)
        part = Housekeeping(store, clock, RETENTION)
        await part.start()
        await asyncio.sleep(INTERVAL + 1)
        await part.stop()
        return [each.id for each in await store.records.sealed(("", "", ""))]

    assert run(scene()) == ["later"]


def test_the_uptime_is_counted_every_minute() -> None:
    """What a store in trouble did not take is lost: a loosening waits longer, never shorter."""

    async def scene() -> float:
        clock = VirtualClock()
        store = Pruned(clock, 0, StoreError("the disk is away"))
        await store.start()
        part = Housekeeping(store, clock, RETENTION)
        await part.start()
        await asyncio.sleep(5.5 * COUNT)
        await part.stop()
        return await MemoryStore.ran(store, 0.0)

    assert run(scene()) == pytest.approx(4 * COUNT)


async def test_free_memory_is_given_back_at_every_trim(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a thread of its own, again and again."""
    loop, twice, calls = asyncio.get_running_loop(), asyncio.Event(), []

    def note() -> None:
        calls.append(1)
        if len(calls) == 2:
            loop.call_soon_threadsafe(twice.set)

    monkeypatch.setattr(housekeeping, "TRIM", 0.001)
    monkeypatch.setattr(housekeeping, "give_back", note)
    clock = VirtualClock()
    part = Housekeeping(MemoryStore(clock), clock, RETENTION)
    await part.start()
    async with asyncio.timeout(60):
        await twice.wait()
    await part.stop()


def _note(done: list[tuple[float, str]], what: str) -> None:
    done.append((round(elapsed()), what))


def test_the_collector_spares_what_lives_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the start on; once an hour everything is collected; at the end all is as it was."""
    done: list[tuple[float, str]] = []
    for name in ("spare_the_living", "collect_everything", "spare_nothing"):
        monkeypatch.setattr(housekeeping, name, partial(_note, done, name))

    kept_for(2 * THOROUGH + 1, old=0)

    assert done == [
        (0, "spare_the_living"),
        (THOROUGH, "collect_everything"),
        (2 * THOROUGH, "collect_everything"),
        (2 * THOROUGH + 1, "spare_nothing"),
    ]
