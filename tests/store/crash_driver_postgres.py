"""Die at every statement of a group on Postgres, one child process for each; run as a script.

``crash_driver_postgres.py URL`` lets child n write for accounts of its own, kills it with
``os._exit`` at its n-th statement, and prints one line for each: the point, and the statement that
was about to be sent. It ends with the child that meets no point any more.
"""

from __future__ import annotations

import asyncio
import os
import sys
from itertools import count
from typing import Any

import asyncpg

from tests.store.bundle import (
    FILE,
    HOOK,
    StillClock,
    cursor,
    decision,
    entry,
    gap,
    posting,
    step,
)
from vedette.model.ids import AccountId
from vedette.ports.store import Fence
from vedette.secret import Secret
from vedette.store.postgres.store import PostgresStore

#: A child that got through without meeting its point.
SURVIVED = 0
DIED = 9


def accounts(point: int) -> tuple[AccountId, AccountId]:
    """Return whose mail a child writes."""
    return AccountId(f"anna-{point}"), AccountId(f"bert-{point}")


class Trap:
    """Counts statements from when it is set, and ends the process at one of them."""

    def __init__(self, point: int) -> None:
        self._left = point
        self._point = point
        self.is_set = False

    def meet(self, statement: str) -> None:
        if not self.is_set:
            return
        self._left -= 1
        if self._left == 0:
            os.write(1, f"{self._point} {statement.partition(chr(10))[0]}\n".encode())
            os._exit(DIED)


def spring(trap: Trap, store: PostgresStore) -> None:
    """Have the trap met before each statement is sent, and before the first reply."""
    for name in ("execute", "fetch", "fetchval", "fetchrow"):
        ask = getattr(asyncpg.Connection, name)

        async def met(self: Any, query: str, *args: Any, ask: Any = ask, **options: Any) -> Any:
            trap.meet(query)
            return await ask(self, query, *args, **options)

        setattr(asyncpg.Connection, name, met)
    succeed = store._writer._succeed

    def reply(job: Any, value: Any) -> None:
        trap.meet("(the reply)")
        succeed(job, value)

    store._writer._succeed = reply  # type: ignore[method-assign]


async def live(url: str, point: int) -> None:
    """Commit two folders and an event of an account in one group, and die at the point."""
    anna, bert = accounts(point)
    store = PostgresStore(Secret(url), StillClock(), instance=f"child-{point}")
    await store.start()
    await store._rounds.stop()
    await store.commit(
        step(None, cursor(1), posting(f"{anna}-1", HOOK, account=anna), account=anna)
    )
    trap = Trap(point)
    spring(trap, store)
    trap.is_set = True
    await asyncio.gather(
        store.commit(
            step(
                cursor(1),
                cursor(2),
                posting(f"{anna}-2", HOOK, FILE, account=anna),
                account=anna,
                seen=(b"anna-2",),
                gaps=(gap(1),),
                decisions=(decision(2, account=anna),),
                actions=(entry(2, b"new", account=anna),),
            )
        ),
        store.commit(step(None, cursor(2), posting(f"{bert}-2", HOOK, account=bert), account=bert)),
        store.post(Fence(), [posting(f"{anna}-paused", HOOK, kind="account.paused", account=anna)]),
    )


def main(url: str) -> None:
    """Run one child for each point, until one survives."""
    for point in count(1):
        child = os.fork()
        if child == 0:
            asyncio.run(live(url, point))
            os._exit(SURVIVED)
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) == SURVIVED:
            return
        assert os.waitstatus_to_exitcode(status) == DIED


if __name__ == "__main__":
    main(sys.argv[1])
