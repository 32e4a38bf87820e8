"""Killed at any statement, an instance leaves a cursor and events that agree."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.store.bundle import FILE, HOOK, cursor, entry, names, step, take
from tests.store.cluster import Cluster
from tests.store.crash_driver_postgres import accounts
from vedette.model.ids import EventId
from vedette.ports.store import Verdict
from vedette.store.postgres.store import PostgresStore

pytestmark = pytest.mark.server

ROOT = Path(__file__).parents[2]


def die_everywhere(url: str) -> dict[int, str]:
    """Kill a child at every statement, and return the statements by number."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.store.crash_driver_postgres", url],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    points = (line.split(" ", 1) for line in done.stdout.splitlines())
    return {int(number): statement for number, statement in points}


async def read_books(store: PostgresStore, point: int, to: dict[str, list[str]]) -> bool:
    """Return whether the group of a child is there, after checking that none is there in part."""
    anna, bert = accounts(point)
    (folder,) = await store.folders(anna)
    done = folder.cursor == cursor(2)
    events = [EventId(f"{anna}-{which}") for which in ("1", "2", "paused")]
    stored = await store.stored([*events, EventId(f"{bert}-2")])

    assert done or folder.cursor == cursor(1)
    assert stored == ({*events, f"{bert}-2"} if done else {f"{anna}-1"})
    assert done == bool(folder.gaps) == bool(await store.folders(bert))
    assert done == (await store.known(anna, [b"anna-2"]) == {b"anna-2"})
    assert done == (f"{anna}-2" in to["hook"]) == (f"{anna}-2" in to["file"])
    assert done == (f"{anna}-paused" in to["hook"]) == (f"{bert}-2" in to["hook"])
    assert done == ([each.id for each in await store.pending(anna)] == [entry(2, account=anna).id])
    assert done == (len(await store.decisions(anna, None, since=0.0, limit=9)) == 1)
    # The next writer goes on from what it reads.
    assert await store.commit(step(folder.cursor, cursor(3), account=anna)) is Verdict.DONE
    return done


async def test_a_kill_at_any_statement_leaves_the_books_on_postgres_in_agreement(
    cluster: Cluster,
) -> None:
    """Before BEGIN, at each statement, before COMMIT, before the reply: all of a group or none."""
    async with cluster.started("reader") as (store,):
        points = await asyncio.to_thread(die_everywhere, cluster.url.reveal())
        statements = list(points.values())
        to = {
            "hook": names(await take(store, HOOK, limit=10_000)),
            "file": names(await take(store, FILE, limit=10_000)),
        }

        assert statements.count("BEGIN") == statements.count("COMMIT") == 1
        # The fence, the cursors, the events, the lanes, the keys, the journal.
        assert len(statements) >= 18
        committed = False
        for point, statement in sorted(points.items()):
            committed = committed or statement == "(the reply)"
            assert await read_books(store, point, to) is committed, statement
        assert committed
