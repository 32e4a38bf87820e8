"""Die at every point of the writer, one child process for each; run as a script.

``crash_driver.py FOLDER`` makes ``FOLDER/<n>`` for each point n, kills the child
at that point with ``os._exit``, and prints one line for each: the point, and the
statement that was about to run. The children are forked before any thread is.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path

from tests.store.bundle import (
    BERT,
    FILE,
    HOOK,
    StillClock,
    bring,
    cursor,
    decision,
    entry,
    gap,
    post,
    posting,
    step,
)
from vedette.model.action import ActionState
from vedette.store.sqlite import writer
from vedette.store.sqlite.store import SqliteStore

#: A child that got through without meeting its point.
SURVIVED = 0
DIED = 9


def trap(store: SqliteStore, point: int) -> None:
    """Let the process end at the start of statement number ``point``, or before the replies."""
    passed = 0

    def meet(statement: str) -> None:
        nonlocal passed
        passed += 1
        if passed == point:
            os.write(1, f"{point} {statement.partition(chr(10))[0]}\n".encode())
            os._exit(DIED)

    connection = store._writer._connection
    assert connection is not None
    connection.set_trace_callback(meet)
    tell = store._writer._tell

    def reply(call: Callable[..., None], *arguments: object) -> None:
        # The reply of the job that set the trap comes before the first statement.
        if passed:
            meet("(the reply)")
        tell(call, *arguments)

    store._writer._tell = reply  # type: ignore[method-assign]


async def live(folder: Path, point: int) -> None:
    """Commit two folders and an event of the account in one group, and die at the point."""
    store = SqliteStore(folder, StillClock())
    await store.start()
    await store.commit(step(None, cursor(1), posting("anna-1", HOOK)))
    await bring(store, entry(1, b"back"), ActionState.DONE)

    loop = asyncio.get_running_loop()
    held = asyncio.Event()
    gate = threading.Event()

    def hold(_: sqlite3.Connection) -> None:
        loop.call_soon_threadsafe(held.set)
        gate.wait(60)
        trap(store, point)

    async def open_gate() -> None:
        gate.set()

    async def work() -> None:
        # While the thread is held all three jobs gather: they make one group.
        await asyncio.wait_for(held.wait(), 60)
        await asyncio.gather(
            store.commit(
                step(
                    cursor(1),
                    cursor(2),
                    posting("anna-2", HOOK, FILE),
                    seen=(b"anna-2",),
                    gaps=(gap(1),),
                    decisions=(decision(2),),
                    actions=(entry(2, b"new"), entry(3, b"back")),
                )
            ),
            store.commit(step(None, cursor(2), posting("bert-2", HOOK), account=BERT)),
            post(store, posting("paused", HOOK, kind="account.paused")),
            open_gate(),
        )

    await asyncio.gather(store._writer.run(hold, writes=False), work())
    await store.stop()


def main(folder: Path) -> None:
    """Run one child for each point, until one survives."""
    # The three jobs are to be one group on a machine that is busy, too.
    writer.SLICE = 60.0  # type: ignore[misc]
    for point in count(1):
        child = os.fork()
        if child == 0:
            asyncio.run(live(folder / str(point), point))
            os._exit(SURVIVED)
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) == SURVIVED:
            return
        assert os.waitstatus_to_exitcode(status) == DIED


if __name__ == "__main__":
    main(Path(sys.argv[1]))
