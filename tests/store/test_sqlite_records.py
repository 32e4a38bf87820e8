"""Records on SQLite: a search goes in steps, and mail goes between them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.store.bundle import ACME, StillClock, posting
from tests.store.conformance_records import ZETA, fresh, listed, record
from vedette.ports.records import Kind, RecordQuery
from vedette.ports.store import Fence
from vedette.store.sqlite import records
from vedette.store.sqlite.store import SqliteStore

IDS = [f"r{number:02}" for number in range(30)]


@pytest.fixture
async def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SqliteStore]:
    """Return a store with 60 records of two tenants, that looks at four in one step."""
    monkeypatch.setattr(records, "LOOKED", 4)
    store = SqliteStore(tmp_path, StillClock())
    await store.start()
    body = '{"tag":"vip"}'
    puts = [fresh(record(each, body=body, label="x")) for each in IDS]
    puts += [fresh(record(f"{each}z", tenant=ZETA, body=body)) for each in IDS]
    await store.records.write(puts, now=1.0)
    yield store
    await store.stop()


@pytest.mark.parametrize("limit", [1, 4, 7, 30, 100])
async def test_a_search_in_steps_finds_each_record_once(store: SqliteStore, limit: int) -> None:
    """Whatever the bounds of its steps and of its page are."""
    tagged = RecordQuery(kind=Kind.ACCOUNT, tenant=ACME, fields={"tag": "vip"}, limit=limit)
    assert await listed(store, tagged) == IDS[:limit]
    of_all = RecordQuery(kind=Kind.ACCOUNT, text="x", fields={"tag": "vip"}, limit=limit)
    assert await listed(store, of_all) == IDS[:limit]


async def test_mail_is_committed_in_the_middle_of_a_search(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search that finds nothing looks at all records, and holds nobody up."""
    order: list[str] = []
    run = store._writer.run

    async def seen(*arguments: Any, **options: Any) -> Any:
        value: Any = await run(*arguments, **options)
        order.append("commit" if options["writes"] else "look")
        if order == ["look"]:
            await store.post(Fence(), [posting("e")])
        return value

    monkeypatch.setattr(store._writer, "run", seen)
    none = RecordQuery(kind=Kind.ACCOUNT, tenant=ACME, fields={"tag": "none"})

    assert await listed(store, none) == []
    assert order == ["look", "commit", *["look"] * 6]
