"""Killed at any point, the writer leaves a cursor and events that agree."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.store.bundle import (
    ANNA,
    BERT,
    FILE,
    HOOK,
    StillClock,
    cursor,
    entry,
    names,
    step,
    take,
)
from vedette.model.action import ActionState
from vedette.model.ids import EventId
from vedette.ports.journal import JournalQuery
from vedette.ports.store import EventQuery, Verdict
from vedette.store.sqlite.store import SqliteStore

ROOT = Path(__file__).parents[2]


def die_everywhere(folder: Path) -> dict[int, str]:
    """Kill a child at every point, and return the points by number."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.store.crash_driver", str(folder)],
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


async def read_books(folder: Path) -> tuple[bool, bool, bool]:
    """Return whether each of the three jobs is there, after checking that none is there in part."""
    store = SqliteStore(folder, StillClock())
    await store.start()
    (anna,) = await store.folders(ANNA)
    bert = await store.folders(BERT)
    stored = {event.event: event.due for event in await store.events(EventQuery())}
    to_hook, to_file = names(await take(store, HOOK)), names(await take(store, FILE))

    assert stored[EventId("anna-1")] == 1
    moved = anna.cursor == cursor(2)
    assert moved or anna.cursor == cursor(1)
    assert moved == ("anna-2" in stored) == bool(anna.gaps)
    assert moved == (await store.known(ANNA, [b"anna-2"]) == {b"anna-2"})
    assert moved == ("anna-2" in to_hook) == ("anna-2" in to_file)
    # The intent, its decision, and that another message came back, move with the cursor.
    assert moved == ([each.id for each in await store.pending(ANNA)] == [entry(2).id])
    assert moved == (len(await store.decisions(ANNA, None, since=0.0, limit=9)) == 2)
    assert moved == (sum(each.count for each in await store.tallies(ANNA, None)) == 2)
    returned = JournalQuery(states=(ActionState.RETURNED,))
    assert moved == ([each.id for each in await store.journal(returned)] == [entry(1).id])
    assert moved == (len(await store.acted_on(ANNA, [b"new"])) == 1)
    assert bool(bert) == ("bert-2" in stored) == ("bert-2" in to_hook)
    assert ("paused" in stored) == ("paused" in to_hook)

    # The next writer goes on from what it reads.
    assert await store.commit(step(anna.cursor, cursor(3))) is Verdict.DONE
    await store.stop()
    return moved, bool(bert), "paused" in stored


async def test_a_kill_at_any_point_leaves_the_books_in_agreement(tmp_path: Path) -> None:
    """Before BEGIN, at each statement, before COMMIT, before the reply: all of a group or none."""
    points = die_everywhere(tmp_path)
    statements = list(points.values())

    assert "BEGIN IMMEDIATE" in statements
    assert "COMMIT" in statements
    assert sum(name.startswith("INSERT INTO") for name in statements) >= 11
    committed = False
    for point, statement in sorted(points.items()):
        committed = committed or statement == "(the reply)"
        assert await read_books(tmp_path / str(point)) == (committed,) * 3, statement
    assert committed
