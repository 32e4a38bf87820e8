"""How many commits a second the store writes, alone and grouped, and how fast it delivers.

Every commit moves one cursor and writes one event of 2 KiB with one delivery, durably: WAL with
``synchronous=FULL``. Must not know: where commits come from.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path

from bench.figures.figure import Figure, Quantity, Values
from bench.scene import Scene
from vedette.model.cursor import Cursor
from vedette.model.delivery import DeliveryState, Posting, Settlement
from vedette.model.ids import AccountId, EndpointId, EventId, TenantId
from vedette.ports.store import Commit, Fence, Verdict
from vedette.store.sqlite.store import SqliteStore

#: On the disk of the tree: a folder for temporary files may be memory.
_DISK = Path(__file__).parents[2] / ".cache"

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


async def prune(store: SqliteStore) -> None:
    """Delete every event and delivery in bounded steps."""
    while await store.prune(events_before=time.time() + 1.0, seen_before=0.0, limit=1000):
        pass


async def _rate(count: int, work: Awaitable[object]) -> float:
    start = time.perf_counter()
    await work
    return count / (time.perf_counter() - start)


async def _all(folder: Path, alone: int, together: int) -> Values:
    store = SqliteStore(folder, WallClock())
    await store.start()
    values = {"alone": await _rate(alone, watch(store, AccountId("alone"), alone))}
    total = alone
    for mailboxes in (10, 100, 1000):
        each = max(1, together // mailboxes)
        total += mailboxes * each
        names = [AccountId(f"m{mailboxes}-{number}") for number in range(mailboxes)]
        values[f"with_{mailboxes}"] = await _rate(mailboxes * each, watch_all(store, names, each))
    values["settled"] = await _rate(total, deliver(store))
    values["pruned"] = await _rate(2 * total, prune(store))
    await store.stop()
    return values


def measure(scene: Scene, variant: str) -> Values:
    """Measure the ways in and the way out."""
    assert variant == "vedette"
    with tempfile.TemporaryDirectory(dir=_DISK) as name:
        return asyncio.run(_all(Path(name), scene.of(500, 50), scene.of(5000, 1000)))


def _per_second(key: str, title: str) -> Quantity:
    return Quantity(key=key, title=title, unit="/s", more_is_better=True)


FIGURE = Figure(
    name="store",
    title="The store",
    method=(
        "Commits of one event of 2 KiB with one delivery, on the machine's disk, durable (SQLite,"
        " WAL, synchronous=FULL); then all deliveries are claimed and settled, and all rows pruned."
    ),
    quantities=(
        _per_second("alone", "commits of one mailbox, one after the other"),
        _per_second("with_10", "commits, 10 mailboxes at once"),
        _per_second("with_100", "commits, 100 mailboxes at once"),
        _per_second("with_1000", "commits, 1,000 mailboxes at once"),
        _per_second("settled", "deliveries claimed and settled, in order"),
        _per_second("pruned", "rows pruned"),
    ),
    variants=("vedette",),
    measure=measure,
)
