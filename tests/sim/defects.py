"""Planted defects: each breaks the engine in one way, and the checker must notice.

A promise without a defect that its check catches is not shown. The engine guards itself twice
in places, so a defect that the second guard heals takes that guard away too, and says so. They
patch the engine and its store at run time; they must not touch the world around.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any
from unittest.mock import patch
from uuid import UUID

from tests.sim.guard_defects import GUARD_DEFECTS
from tests.sim.planting import Defect, together
from tests.sim.store import SimulatedStore
from tests.support.memory_store import MemoryStore
from vedette.engine import collector, ingest
from vedette.engine.collector import Collector
from vedette.engine.courier import Courier
from vedette.engine.lane import Lane
from vedette.engine.session import Session
from vedette.engine.supervisor import Supervisor
from vedette.engine.watcher import Watcher
from vedette.errors import StoreError
from vedette.imap import Select, UidSet
from vedette.model.cursor import Cursor
from vedette.model.delivery import Delivered, DeliveryState, Parcel
from vedette.model.ids import EventId
from vedette.outbox import schedule
from vedette.ports.store import Commit, Verdict
from vedette.sync import gaps
from vedette.sync.cadence import Cadence, Tempo
from vedette.sync.fold import fold
from vedette.sync.plan import advanced, plan
from vedette.sync.trouble import Recovery

#: So far ahead that it never comes.
NEVER = 1e9


def _two_transactions() -> AbstractContextManager[Any]:
    whole = SimulatedStore.commit

    async def commit(self: SimulatedStore, step: Commit) -> Verdict:
        verdict = await whole(self, replace(step, postings=()))
        if verdict is Verdict.DONE:
            await self.post(step.fence, step.postings)
        return verdict

    return together(patch.object(SimulatedStore, "commit", commit), _without_reconciliation())


def _without_reconciliation() -> AbstractContextManager[Any]:
    async def reconcile(self: Collector, _watched: Any) -> int:
        return 0

    return patch.object(Collector, "reconcile", reconcile)


def _mark_before_ack() -> AbstractContextManager[Any]:
    attempt = Lane._attempt

    async def marked(self: Lane, parcel: Parcel) -> None:
        self._settle(parcel, Delivered())
        await attempt(self, parcel)

    return patch.object(Lane, "_attempt", marked)


def _uidnext_as_cursor() -> AbstractContextManager[Any]:
    batch = Collector._batch

    def ahead(self: Collector, watched: Any, cursor: Any, announced_at: Any) -> Any:
        told = (watched.seen or (None, None))[0] or 0
        return batch(self, watched, advanced(cursor, told - 1), announced_at)

    return patch.object(Collector, "_batch", ahead)


def _uidvalidity_ignored() -> AbstractContextManager[Any]:
    honest = plan

    def deaf(state: Any, opened: Any, **options: Any) -> Any:
        if state is not None:
            opened = replace(opened, uid_validity=state.cursor.uid_validity)
        return honest(state, opened, **options)

    return patch.object(collector, "plan", deaf)


def _no_catch_up_after_done() -> AbstractContextManager[Any]:
    arrived = Collector.arrived

    async def careless(self: Collector, watched: Any) -> int:
        told = await arrived(self, watched)
        self._session.settle()
        return told

    def worked(self: Cadence, _now: float) -> None:
        self._recheck = None

    return together(
        patch.object(Collector, "arrived", careless),
        patch.object(Cadence, "worked", worked),
    )


def _open_set_unfiltered() -> AbstractContextManager[Any]:
    honest = fold

    def greedy(cursor: Cursor, rows: Any, listed: Any) -> Any:
        return honest(replace(cursor, last_uid=0), rows, listed)

    return together(
        patch.object(UidSet, "__contains__", lambda _self, _uid: True),
        patch.object(UidSet, "__and__", lambda self, _other: self),
        patch.object(collector, "fold", greedy),
    )


def _backoff_reset_on_connect() -> AbstractContextManager[Any]:
    return patch.object(Recovery, "accepted", lambda _self: Recovery())


def _two_connections() -> AbstractContextManager[Any]:
    begin = Supervisor._begin

    def twice(self: Supervisor, assignment: Any) -> None:
        begin(self, assignment)
        Watcher(
            assignment.account, assignment.target, self._world, self._gate, self._idles, None
        ).start()

    return patch.object(Supervisor, "_begin", twice)


def _cursor_past_a_gap() -> AbstractContextManager[Any]:
    return together(patch.object(gaps, "opened", lambda *_arguments: ()), _without_reconciliation())


def _id_random() -> AbstractContextManager[Any]:
    numbers = itertools.count(1)

    def named(*_arguments: Any) -> EventId:
        return EventId(str(UUID(int=next(numbers))))

    return patch.object(ingest, "message_event_id", named)


def _order_ignored() -> AbstractContextManager[Any]:
    claim = SimulatedStore.claim

    async def any_claim(self: SimulatedStore, endpoint: Any, **options: Any) -> Any:
        return await claim(self, endpoint, **{**options, "ordered": False})

    return patch.object(SimulatedStore, "claim", any_claim)


def _no_proof() -> AbstractContextManager[Any]:
    begin = Cadence.__init__

    def patient(self: Cadence, _tempo: Tempo, **options: Any) -> None:
        never = Tempo(proof=NEVER, poll=60.0, safety=NEVER, reopen=NEVER, recheck=4.0)
        begin(self, never, **{**options, "idle_length": lambda: NEVER})

    return patch.object(Cadence, "__init__", patient)


def _forgotten_after_retry() -> AbstractContextManager[Any]:
    after = schedule.after

    def once_more(outcome: Any, parcel: Parcel, **options: Any) -> Any:
        settlement = after(outcome, parcel, **options)
        if settlement.state is DeliveryState.DUE and parcel.attempt > 1:
            return replace(settlement, state=DeliveryState.FAILED)
        return settlement

    return patch.object(schedule, "after", once_more)


def _unordered_settle() -> AbstractContextManager[Any]:
    waiting = MemoryStore._waiting

    def heads(self: MemoryStore, endpoint: Any, *, ordered: bool) -> Any:
        rows = waiting(self, endpoint, ordered=False)
        fresh = [row for row in rows if row.attempt == 0]
        heads = {row.lane: row for row in reversed(fresh if ordered and fresh else rows)}
        return list(heads.values()) if ordered else rows

    return patch.object(MemoryStore, "_waiting", heads)


def _lost_reply_is_done() -> AbstractContextManager[Any]:
    commit = SimulatedStore.commit

    async def blind(self: SimulatedStore, step: Commit) -> Verdict:
        state = self._disk.rows.folders.get((step.account, step.folder))
        expected = None if state is None else state.cursor
        try:
            return await commit(self, replace(step, expected=expected))
        except StoreError:
            return Verdict.DONE

    return together(patch.object(SimulatedStore, "commit", blind), _without_reconciliation())


def _lost_reply_is_failure() -> AbstractContextManager[Any]:
    commit = SimulatedStore.commit

    async def again(self: SimulatedStore, step: Commit) -> Verdict:
        while True:
            try:
                return await commit(self, step)
            except StoreError:
                state = self._disk.rows.folders.get((step.account, step.folder))
                step = replace(step, expected=None if state is None else state.cursor)
                await asyncio.sleep(1.0)

    return patch.object(SimulatedStore, "commit", again)


def _no_wake() -> AbstractContextManager[Any]:
    return patch.object(Courier, "wake", lambda _self, _endpoints: None)


def _identity_forgotten() -> AbstractContextManager[Any]:
    async def known(
        self: SimulatedStore, _account: Any, _keys: Sequence[bytes]
    ) -> frozenset[bytes]:
        return frozenset()

    return patch.object(SimulatedStore, "known", known)


def _opens_for_writing() -> AbstractContextManager[Any]:
    queued = Session._queued

    def writing(self: Session, command: Any) -> Any:
        if isinstance(command, Select):
            command = replace(command, read_only=False)
        return queued(self, command)

    return patch.object(Session, "_queued", writing)


def _defect(about: str, breaks: str, plant: Callable[[], AbstractContextManager[Any]]) -> Defect:
    return Defect(about=about, breaks=breaks, plant=plant)


DEFECTS: dict[str, Defect] = {
    "two_transactions": _defect(
        "the cursor is committed before the events, and nothing reconciles them",
        "P1: no message is lost",
        _two_transactions,
    ),
    "mark_before_ack": _defect(
        "a delivery is settled before it is sent", "P5: at least once", _mark_before_ack
    ),
    "uidnext_as_cursor": _defect(
        "the cursor goes to UIDNEXT - 1", "P1: no message is lost", _uidnext_as_cursor
    ),
    "uidvalidity_ignored": _defect(
        "a new UIDVALIDITY is taken for the old one", "P3: rescan, never skip", _uidvalidity_ignored
    ),
    "no_catch_up_after_done": _defect(
        "what is announced during a FETCH is taken for fetched, and nothing looks again",
        "P12: nothing waits for the next mail",
        _no_catch_up_after_done,
    ),
    "open_set_unfiltered": _defect(
        "the last message that n:* returns is taken though its UID is below n",
        "P2: a message is told once",
        _open_set_unfiltered,
    ),
    "backoff_reset_on_connect": _defect(
        "a connection that came through its first sync resets the backoff",
        "V2: no server is hammered",
        _backoff_reset_on_connect,
    ),
    "two_connections": _defect(
        "an account has two watchers", "P9: one connection for a mailbox", _two_connections
    ),
    "cursor_past_a_gap": _defect(
        "what was listed and not handed over is not owed, and nothing reconciles it",
        "P1: no message is lost",
        _cursor_past_a_gap,
    ),
    "id_random": _defect(
        "an event's id is drawn, not derived", "P2: one id for a message", _id_random
    ),
    "order_ignored": _defect(
        "an ordered endpoint gets what is due, in any order",
        "P8: order in a folder",
        _order_ignored,
    ),
    "no_proof": _defect(
        "no link has to prove itself, and nothing is synced unasked",
        "promise 2: live means proven",
        _no_proof,
    ),
    "delivery_forgotten_after_retry": _defect(
        "a delivery is given up after its second attempt",
        "P5: at least once",
        _forgotten_after_retry,
    ),
    "unordered_settle": _defect(
        "a delivery that is tried again lets its successors pass",
        "P8: order in a folder",
        _unordered_settle,
    ),
    "lost_reply_is_done": _defect(
        "a commit without a reply is taken for done, and the cursor is not compared",
        "P1: no message is lost",
        _lost_reply_is_done,
    ),
    "lost_reply_is_failure": _defect(
        "a commit without a reply is written again, and the cursor is not compared",
        "P2: a message is told once",
        _lost_reply_is_failure,
    ),
    "no_wake": _defect(
        "nobody wakes the lanes after a commit", "P12: deliveries start at once", _no_wake
    ),
    "identity_forgotten": _defect(
        "what was told is not known again under new UIDs", "P3: no event storm", _identity_forgotten
    ),
    "opens_for_writing": _defect(
        "folders are opened with SELECT",
        "record 0006: observing changes nothing",
        _opens_for_writing,
    ),
    **GUARD_DEFECTS,
}
