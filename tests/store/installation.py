"""What an installation has after some days, in every table, and how it moves to a database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

from tests.store.bundle import (
    ACME,
    ANNA,
    BERT,
    FILE,
    HOOK,
    INBOX,
    StillClock,
    Whole,
    bring,
    cursor,
    entry,
    gap,
    intend,
    posting,
    settled,
    step,
    take,
)
from vedette.model.account import AccountState, Health
from vedette.model.action import ActionState
from vedette.model.delivery import DeliveryState, EndpointState
from vedette.model.ids import EventId
from vedette.model.tally import Tally
from vedette.ports.completeness import Look
from vedette.ports.fingerprint import Fingerprint
from vedette.ports.journal import JournalQuery
from vedette.ports.override import Allow, Scope, Switch
from vedette.ports.ratchet import Covered, Loosening, Protection
from vedette.ports.records import DataKey, Drop, Kind, Note, Put, Record, RecordQuery
from vedette.ports.store import DeliveryQuery, EventQuery
from vedette.secret import Secret
from vedette.store.postgres.copy import Proof, copy
from vedette.store.postgres.store import PostgresStore
from vedette.store.sqlite.store import SqliteStore

#: The instant at which it is looked at.
NOW = 1_000_000.0
DAY = 86_400.0
LOOSER = Loosening(tenant=ACME, guard="gambling", what='{"removed": ["CASINO"]}', by="cli")


async def live(store: Whole) -> None:
    """Write what an installation has after some days: every table has rows."""
    await mail(store)
    await guards(store)
    await trust(store)
    await records(store)


async def mail(store: Whole) -> None:
    """Write folders, events over three days, deliveries in every state, health."""
    await store.commit(
        step(
            None,
            cursor(7, modseq=9, since=3.5),
            posting("a", HOOK, FILE, time=NOW - 2 * DAY, body=b"\0\xff" * 400),
            posting("b", HOOK, FILE, time=NOW - 2 * DAY + 1),
            posting("c", HOOK, time=NOW - DAY, tenant=ACME, kind="account.connected"),
            gaps=(gap(6, tries=2, due=NOW + 5),),
            seen=(b"key-a", b"key-b"),
            mailbox_id="M1",
        )
    )
    await store.commit(
        step(None, cursor(3), posting("d", HOOK, account=BERT, time=NOW), account=BERT)
    )
    days = (Tally(date(2026, 11, 20), 4, 1, 2), Tally(date(2026, 11, 21), 3, 0, 0))
    await store.counts.keep(Look(account=ANNA, path=b"\0\xff", folder="Ä\udc80", at=NOW, days=days))
    parcels = await take(store, HOOK, now=NOW, limit=4)
    by_event = {parcel.event: parcel for parcel in parcels}
    await store.settle(
        [
            settled(by_event[EventId("a")]),
            settled(by_event[EventId("b")], DeliveryState.DUE, due=NOW + 60, reason="503"),
            settled(by_event[EventId("c")], DeliveryState.FAILED, reason="410 \udc80"),
        ]
    )
    await store.begin_read(ANNA, INBOX, 7, 8)
    await store.note(HEALTH)
    await store.note_endpoint(
        EndpointState(id=FILE, failing_since=5.0, failures=2, disabled_reason="full")
    )


HEALTH = Health(
    account=ANNA,
    tenant=ACME,
    email="anna@example.org",
    state=AccountState.CONNECTED,
    since=4.0,
    proof_at=NOW,
    error="NO \udcff",
    error_at=3.0,
)


async def guards(store: Whole) -> None:
    """Write actions in every state, with decisions and their counts."""
    for uid, state in enumerate(ActionState, 1):
        await bring(store, entry(uid, b"k%d" % uid, b"z%d" % uid, expires=NOW + uid), state)
    await store.purge_decisions(before=51.0, limit=3)
    await intend(store, entry(50, b"k5", account=BERT))


async def trust(store: Whole) -> None:
    """Set overrides, a loosening that waits and one that was taken back, consents, their audit."""
    await store.switch(Switch(scope=Scope.HOST, is_off=True, by="cli", at=1.0, until=9.0))
    await store.allow(Allow(account=ANNA, guard="g", domain="x.example", at=1.0, source="cli"))
    await store.allow(
        Allow(account=ANNA, guard="g", domain="y.example", at=1.0, source="cli", is_active=False)
    )
    await store.ran(90.0)
    await store.request(LOOSER, delay=3_600.0, now=NOW)
    taken_back = await store.request(replace(LOOSER, guard="other"), delay=60.0, now=NOW)
    await store.withdraw(taken_back.id, now=NOW + 1, by="anna")
    strict = Protection(
        tenant=ACME, guard="g", text="guard: g\n", mode="act", lock="{}", version="v1", at=2.0
    )
    await store.enforce(strict, by="file")
    await store.cover(strict, [Covered(account=ANNA, sight="{}")], now=3.0, by="file")
    await store.imprint(Fingerprint(salt=b"salt", digest=b"digest"))
    await store.consent(ANNA, version="1", now=5.0, by="anna")
    await store.consent(ANNA, version="2", now=6.0, by="anna")


async def records(store: Whole) -> None:
    """Set records, take one away, seal secrets under a key."""
    await store.records.write(
        [
            Put(record=ACCOUNT, expected=0, secrets={"password": b"\0sealed"}, limit=9),
            Put(record=replace(ACCOUNT, id="bert", expires_at=NOW + DAY), expected=0),
            Put(record=replace(ACCOUNT, id="gone", is_counted=False), expected=0),
            Drop(kind=Kind.ACCOUNT, id="gone", tenant=ACME),
        ],
        now=NOW,
        notes=[Note(actor="key:1", what="accounts.imported", detail='{"count": 2}')],
    )
    key = DataKey(tenant=ACME, number=1, wrapper="file:1", wrapped=b"\0wrapped", created_at=NOW)
    await store.records.put_data_key(key, expected=None)


ACCOUNT = Record(
    kind=Kind.ACCOUNT,
    id="anna",
    tenant=ACME,
    body='{"email":"änna@example.org"}',
    label="Änna \udc80",
    is_counted=True,
)


async def told(store: Whole) -> dict[str, object]:
    """Return all that a store tells of an installation."""
    events = await store.events(EventQuery(limit=1000))
    return {
        "folders": [await store.folders(who) for who in (ANNA, BERT)],
        "known": await store.known(ANNA, [b"key-a", b"key-b", b"none"]),
        "events": events,
        "deliveries": [
            replace(each, delivery=0) for each in await store.deliveries(DeliveryQuery(limit=1000))
        ],
        "healths": await store.healths(),
        "counts": await store.counts.days(ANNA),
        "endpoints": [await store.endpoint_state(each) for each in (HOOK, FILE)],
        "journal": await store.journal(JournalQuery(limit=1000)),
        "pending": [await store.pending(who) for who in (ANNA, BERT)],
        "about": await store.acted_on(ANNA, [b"k3", b"z3", b"z5"]),
        "decisions": await store.decisions(None, None, since=0.0, limit=1000),
        "tallies": await store.tallies(None, None),
        "switches": await store.switches(),
        "allows": await store.every_allow(),
        "uptime": await store.ran(0.0),
        "protections": [(each, each.since) for each in await store.protections()],
        "consents": await store.consents(ANNA),
        "records": await store.records.records(RecordQuery(kind=Kind.ACCOUNT, text="änna")),
        "counted": await store.records.count(Kind.ACCOUNT, ACME),
        "touched": await store.records.touched(0),
        "sealed": await store.records.sealed(("", "", "")),
        "data keys": await store.records.data_keys(),
        "audit": await store.audit_trail(limit=1000),
        "verified": await store.verify_audit(),
    }


class Move:
    """A state folder and an empty database."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = Secret(url)

    async def run(self, now: float = NOW) -> Proof:
        return await copy(self.folder, self.url, now=now)

    @asynccontextmanager
    async def before(self) -> AsyncIterator[SqliteStore]:
        store = SqliteStore(self.folder, StillClock(NOW))
        await store.start()
        yield store
        await store.stop()

    @asynccontextmanager
    async def after(self, instance: str = "one") -> AsyncIterator[PostgresStore]:
        store = PostgresStore(self.url, StillClock(NOW), instance=instance)
        await store.start()
        yield store
        await store.stop()
