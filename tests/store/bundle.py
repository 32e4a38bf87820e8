"""Small nouns for tests of a store, each with the one thing the test is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from vedette.model.action import ActionState, Decision, JournalEntry, Place
from vedette.model.cursor import Cursor, Gap
from vedette.model.delivery import DeliveryState, Parcel, Posting, Settlement
from vedette.model.ids import AccountId, ActionId, EndpointId, EventId, TenantId
from vedette.ports.audit import Audit
from vedette.ports.backlog import Backlogs
from vedette.ports.completeness import Counted
from vedette.ports.consent import Consents
from vedette.ports.fingerprint import Fingerprints
from vedette.ports.journal import Journal
from vedette.ports.override import Overrides
from vedette.ports.ratchet import Ratchet
from vedette.ports.records import Recorded
from vedette.ports.store import Commit, Fence, Store, Taker
from vedette.ports.tail import Tail

ANNA = AccountId("anna")
BERT = AccountId("bert")
ACME = TenantId("acme")
HOOK = EndpointId("hook")
FILE = EndpointId("file")
INBOX = b"INBOX"
QUARANTINE = b"Quarantine"


class StillClock:
    """A clock that moves when the test says so."""

    def __init__(self, time: float = 1000.0) -> None:
        self.time = time

    def now(self) -> float:
        return self.time


class Whole(
    Store,
    Journal,
    Overrides,
    Ratchet,
    Consents,
    Audit,
    Fingerprints,
    Backlogs,
    Recorded,
    Counted,
    Tail,
    Protocol,
):
    """All that a store is."""


class Harness(Protocol):
    """One state, and as many stores on it, one after the other, as a test wants."""

    clock: StillClock

    def make(self) -> Whole:
        """Return a store on the state; the one before it was stopped."""

    async def set_epoch(self, store: Store, shard: int, epoch: int) -> None:
        """Let another owner take the shard."""


def cursor(last_uid: int, *, uid_validity: int = 7, modseq: int = 0, since: float = 0.5) -> Cursor:
    return Cursor(
        uid_validity=uid_validity, last_uid=last_uid, first_uid=1, modseq=modseq, since=since
    )


def posting(
    event: str,
    *endpoints: EndpointId,
    account: AccountId = ANNA,
    tenant: TenantId = ACME,
    kind: str = "message.received",
    time: float = 100.0,
    lane: bytes = INBOX,
    body: bytes = b"{}",
    keys: tuple[bytes, ...] = (),
    again: bytes | None = None,
) -> Posting:
    return Posting(
        event=EventId(event),
        type=kind,
        tenant=tenant,
        account=account,
        time=time,
        lane=lane,
        body=body,
        endpoints=endpoints,
        keys=keys,
        again=None if again is None else lambda: again,
    )


def step(
    expected: Cursor | None,
    to: Cursor,
    *postings: Posting,
    account: AccountId = ANNA,
    folder: bytes = INBOX,
    epoch: int = 0,
    shard: int = 0,
    mailbox_id: str | None = None,
    seen: tuple[bytes, ...] = (),
    gaps: tuple[Gap, ...] = (),
    closed: tuple[int, ...] = (),
    takers: tuple[Taker, ...] = (),
    decisions: tuple[Decision, ...] = (),
    actions: tuple[JournalEntry, ...] = (),
) -> Commit:
    return Commit(
        fence=Fence(shard=shard, epoch=epoch),
        account=account,
        folder=folder,
        expected=expected,
        cursor=to,
        mailbox_id=mailbox_id,
        postings=postings,
        seen=seen,
        gaps=gaps,
        closed=closed,
        takers=takers,
        decisions=decisions,
        actions=actions,
    )


def place(uid: int | None, folder: bytes = INBOX, *, uid_validity: int = 7) -> Place:
    return Place(folder=folder, uid_validity=uid_validity, uid=uid)


def entry(
    uid: int,
    *keys: bytes,
    account: AccountId = ANNA,
    tenant: TenantId = ACME,
    folder: bytes = INBOX,
    guard: str = "gambling",
    action: str = "quarantine",
    kind: str = "move",
    at: float = 50.0,
    expires: float | None = None,
    reason: str = "",
) -> JournalEntry:
    return JournalEntry(
        id=ActionId(f"{account}/{folder.decode()}/{uid}/{guard}/{action}"),
        tenant=tenant,
        account=account,
        guard=guard,
        version="v1",
        action=action,
        kind=kind,
        target="Quarantine",
        seen=True,
        listed=True,
        message=b"hmac",
        identity=keys,
        origin=place(uid, folder),
        reason=reason,
        at=at,
        changed=at,
        expires=expires,
    )


def decision(
    uid: int,
    *,
    account: AccountId = ANNA,
    guard: str = "gambling",
    verdict: str = "quarantine",
    acted: str = "quarantine",
    at: float = 50.0,
    domain: str = "casino.example",
    why: str = "quarantine 14.3 = FROM_LISTED 6",
) -> Decision:
    return Decision(
        tenant=ACME,
        account=account,
        guard=guard,
        version="v1",
        origin=place(uid),
        message=b"hmac",
        domain=domain,
        verdict=verdict,
        wanted=verdict,
        score=14.3,
        symbols=(("FROM_LISTED", 6.0), ("LINK_LISTED", 5.5)),
        why=why,
        acted=acted,
        at=at,
    )


async def intend(store: Journal, *entries: JournalEntry) -> None:
    """Write actions, each with its decision."""
    decisions = [
        decision(each.origin.uid or 0, account=each.account, guard=each.guard, at=each.at)
        for each in entries
    ]
    await store.intend(Fence(), decisions, entries)


#: How an entry gets into each state.
WAYS: dict[ActionState, tuple[ActionState, ...]] = {
    ActionState.INTENDED: (),
    ActionState.COPIED: (ActionState.COPIED,),
    ActionState.DONE: (ActionState.DONE,),
    ActionState.FAILED: (ActionState.FAILED,),
    ActionState.GONE: (ActionState.GONE,),
    ActionState.UNDOING: (ActionState.DONE, ActionState.UNDOING),
    ActionState.UNDONE: (ActionState.DONE, ActionState.UNDOING, ActionState.UNDONE),
    ActionState.RETURNED: (ActionState.DONE, ActionState.RETURNED),
    ActionState.EXPIRED: (ActionState.DONE, ActionState.EXPIRED),
}


async def bring(store: Journal, it: JournalEntry, to: ActionState, *, now: float = 60.0) -> None:
    """Write an entry and lead it to a state; once it is done it lies in quarantine."""
    await intend(store, it)
    for state in WAYS[to]:
        uid = it.origin.uid
        result = place(uid, QUARANTINE, uid_validity=9) if state is ActionState.DONE else None
        assert await store.record(it.id, state, now=now, result=result)


def gap(uid: int, *, uid_validity: int = 7, tries: int = 1, due: float = 200.0) -> Gap:
    return Gap(uid_validity=uid_validity, uid=uid, tries=tries, due=due)


async def post(store: Store, *postings: Posting) -> None:
    await store.post(Fence(), postings)


async def take(
    store: Store,
    endpoint: EndpointId = HOOK,
    *,
    ordered: bool = False,
    limit: int = 10,
    now: float = 100.0,
    lease: float = 60.0,
) -> list[Parcel]:
    return await store.claim(endpoint, ordered=ordered, limit=limit, now=now, lease=lease)


async def next_in_order(store: Any, endpoint: EndpointId = HOOK) -> float | None:
    """Ask as the courier of an ordered endpoint does."""
    due: float | None = await store.next_due(endpoint, ordered=True)
    return due


def names(parcels: Sequence[Parcel]) -> list[str]:
    return [parcel.event for parcel in parcels]


def settled(
    parcel: Parcel,
    state: DeliveryState = DeliveryState.DELIVERED,
    *,
    due: float = 0.0,
    attempt: int | None = None,
    reason: str = "",
) -> Settlement:
    return Settlement(
        delivery=parcel.delivery,
        state=state,
        due=due,
        attempt=parcel.attempt if attempt is None else attempt,
        reason=reason,
    )
