"""How many commits a second the store writes, alone and grouped, and how fast it delivers.

Run it on the disk that matters: ``python bench/store.py [FOLDER]``. Every commit
moves one cursor and writes one event of 2 KiB with one delivery, durably.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from vedette.model.cursor import Cursor
from vedette.model.delivery import DeliveryState, Posting, Settlement
from vedette.model.ids import AccountId, EndpointId, EventId, TenantId
from vedette.ports.store import Commit, Fence, Verdict
from vedette.store.sqlite import SqliteStore

HOOK = EndpointId("hook")
INBOX = b"INBOX"
BODY = b"x" * 2048


class WallClock:
    """The real one."""

    def now(self) -> float:
        """Return seconds since the Unix epoch."""
        return time.time()


async def watch(store: SqliteStore, account: AccountId, count: int) -> None:
    """Commit one event after the other, as the session of one mailbox does."""
    at = None
    for uid in range(1, count + 1):
        to = Cursor(uid_validity=1, last_uid=uid)
        posting = Posting(
            event=EventId(f"{account}-{uid}"),
            type="message.received",
            tenant=TenantId("acme"),
            account=account,
            time=time.time(),
            lane=INBOX,
            body=BODY,
            endpoints=(HOOK,),
        )
        verdict = await store.commit(
            Commit(
                fence=Fence(),
                account=account,
                folder=INBOX,
                expected=at,
                cursor=to,
                postings=(posting,),
            )
        )
        assert verdict is Verdict.DONE
        at = to


async def watch_all(store: SqliteStore, accounts: list[AccountId], count: int) -> None:
    """Let many mailboxes commit at once."""
    await asyncio.gather(*(watch(store, account, count) for account in accounts))


async def deliver(store: SqliteStore) -> int:
    """Claim and settle everything, a hundred at a time."""
    count = 0
    while parcels := await store.claim(
        HOOK, ordered=True, limit=100, now=time.time() + 1.0, lease=60.0
    ):
        await store.settle(
            [
                Settlement(
                    delivery=parcel.delivery,
                    state=DeliveryState.DELIVERED,
                    due=0.0,
                    attempt=parcel.attempt,
                )
                for parcel in parcels
            ]
        )
        count += len(parcels)
    return count


async def timed(name: str, count: int, work: Callable[[], Awaitable[object]]) -> None:
    """Run and print a rate."""
    start = time.perf_counter()
    await work()
    seconds = time.perf_counter() - start
    print(f"{name:<44} {count / seconds:>9,.0f} /s  ({count} in {seconds:.2f} s)")


async def main(folder: Path) -> None:
    """Measure the ways in and the way out."""
    store = SqliteStore(folder, WallClock())
    await store.start()
    await timed("commits, one mailbox", 2000, lambda: watch(store, AccountId("alone"), 2000))
    for mailboxes in (10, 100, 1000):
        each = 20_000 // mailboxes
        names = [AccountId(f"m{mailboxes}-{number}") for number in range(mailboxes)]
        await timed(
            f"commits, {mailboxes} mailboxes at once",
            mailboxes * each,
            partial(watch_all, store, names, each),
        )
    await timed("deliveries claimed and settled, in order", 62_000, lambda: deliver(store))
    await timed(
        "rows pruned, 1000 a step",
        124_000,
        lambda: prune(store),
    )
    await store.stop()


async def prune(store: SqliteStore) -> None:
    """Delete every event and delivery in bounded steps."""
    while await store.prune(events_before=time.time() + 1.0, seen_before=0.0, limit=1000):
        pass


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as name:
        asyncio.run(main(Path(name)))
