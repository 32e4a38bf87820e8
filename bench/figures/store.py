"""How many commits a second a store writes, alone and grouped, and how fast it delivers.

Every commit moves one cursor and writes events of 2 KiB with one delivery each, durably: SQLite in
a WAL with ``synchronous=FULL``, Postgres as it comes, on the same machine. Must not know: where
commits come from.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path

from bench.figures.figure import Figure, Quantity, Values
from bench.scene import Scene
from tests.support.postgres import Postgres
from vedette.model.cursor import Cursor
from vedette.model.delivery import DeliveryState, Posting, Settlement
from vedette.model.ids import AccountId, EndpointId, EventId, TenantId
from vedette.ports.store import Commit, Fence, Store, Verdict
from vedette.secret import Secret
from vedette.store.postgres.store import PostgresStore
from vedette.store.sqlite.store import SqliteStore

#: On the disk of the tree: a folder for temporary files may be memory.
_DISK = Path(__file__).parents[2] / ".cache"

HOOK = EndpointId("hook")
INBOX = b"INBOX"
BODY = b"x" * 2048

#: Messages that a mailbox has at once after a while without a line.
BATCH = 20

POSTGRES = "vedette on Postgres"


class WallClock:
    """The real one."""

    def now(self) -> float:
        """Return seconds since the Unix epoch."""
        return time.time()


async def watch(store: Store, account: AccountId, count: int, *, batch: int = 1) -> None:
    """Commit one batch of events after the other, as the session of one mailbox does."""
    at = None
    for uid in range(batch, count + 1, batch):
        to = Cursor(uid_validity=1, last_uid=uid)
        postings = tuple(
            Posting(
                event=EventId(f"{account}-{each}"),
                type="message.received",
                tenant=TenantId("acme"),
                account=account,
                time=time.time(),
                lane=INBOX,
                body=BODY,
                endpoints=(HOOK,),
            )
            for each in range(uid - batch + 1, uid + 1)
        )
        verdict = await store.commit(
            Commit(
                fence=Fence(),
                account=account,
                folder=INBOX,
                expected=at,
                cursor=to,
                postings=postings,
            )
        )
        assert verdict is Verdict.DONE
        at = to


async def watch_all(store: Store, accounts: list[AccountId], count: int, *, batch: int = 1) -> None:
    """Let many mailboxes commit at once."""
    await asyncio.gather(*(watch(store, account, count, batch=batch) for account in accounts))


async def deliver(store: Store) -> int:
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


async def prune(store: Store) -> None:
    """Delete every event and delivery in bounded steps."""
    while await store.prune(events_before=time.time() + 1.0, seen_before=0.0, limit=1000):
        pass


async def _rate(count: int, work: Awaitable[object]) -> float:
    start = time.perf_counter()
    await work
    return count / (time.perf_counter() - start)


async def _all(store: Store, alone: int, together: int) -> Values:
    await store.start()
    values = {"alone": await _rate(alone, watch(store, AccountId("alone"), alone))}
    total = alone
    for mailboxes in (10, 100, 1000):
        each = max(1, together // mailboxes)
        total += mailboxes * each
        names = [AccountId(f"m{mailboxes}-{number}") for number in range(mailboxes)]
        values[f"with_{mailboxes}"] = await _rate(mailboxes * each, watch_all(store, names, each))
    names = [AccountId(f"batch-{number}") for number in range(100)]
    each = max(BATCH, together // 100 // BATCH * BATCH)
    total += 100 * each
    values["in_batches"] = await _rate(100 * each, watch_all(store, names, each, batch=BATCH))
    values["settled"] = await _rate(total, deliver(store))
    if isinstance(store, SqliteStore):
        # On Postgres a day is dropped whole: there is nothing to measure.
        values["pruned"] = await _rate(2 * total, prune(store))
    await store.stop()
    return values


async def _on_postgres(server: Postgres, alone: int, together: int) -> Values:
    url = Secret(server.url(await server.make()))
    return await _all(PostgresStore(url, WallClock(), instance="bench"), alone, together)


def measure(scene: Scene, variant: str) -> Values:
    """Measure the ways in and the way out."""
    alone, together = scene.of(500, 50), scene.of(5000, 1000)
    if variant == POSTGRES:
        with Postgres(durable=True) as server:
            return asyncio.run(_on_postgres(server, alone, together))
    with tempfile.TemporaryDirectory(dir=_DISK) as name:
        return asyncio.run(_all(SqliteStore(Path(name), WallClock()), alone, together))


def _per_second(key: str, title: str) -> Quantity:
    return Quantity(key=key, title=title, unit="/s", more_is_better=True)


FIGURE = Figure(
    name="store",
    title="The store",
    method=(
        "Commits of one event of 2 KiB with one delivery, on the machine's disk, durable (SQLite:"
        " WAL, synchronous=FULL; a Postgres 15 beside it on the same cores); then of 20 such events"
        " each; then all deliveries are claimed and settled, and all rows pruned."
    ),
    quantities=(
        _per_second("alone", "commits of one mailbox, one after the other"),
        _per_second("with_10", "commits, 10 mailboxes at once"),
        _per_second("with_100", "commits, 100 mailboxes at once"),
        _per_second("with_1000", "commits, 1,000 mailboxes at once"),
        *(
            Quantity(
                key="in_batches",
                title="events, 100 mailboxes at once, 20 in a commit",
                unit="/s",
                more_is_better=True,
                target=10_000,
                of=variant,
            )
            for variant in ("vedette", POSTGRES)
        ),
        _per_second("settled", "deliveries claimed and settled, in order"),
        _per_second("pruned", "rows pruned"),
    ),
    variants=("vedette", POSTGRES),
    measure=measure,
)
