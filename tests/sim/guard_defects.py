"""Planted defects of guards: each breaks acting in one way, and the checker must notice.

They patch the engine and its store at run time; they must not touch the world around.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from tests.sim.guarded import Deed
from tests.sim.planting import Defect, together
from tests.sim.store import SimulatedStore
from tests.support import memory_journal
from vedette.engine import desk, judgement
from vedette.engine.caution import Caution
from vedette.engine.ingest import Ingest
from vedette.engine.orders import Facts, Order, read
from vedette.engine.sweep import Sweep
from vedette.imap import Fetch, FetchItem, InUids, UidExpunge, UidFetch, UidSet, session
from vedette.imap.states import check_allowed
from vedette.model.action import ActionState, JournalEntry, Place
from vedette.model.ids import AccountId, ActionId
from vedette.model.returning import Fate
from vedette.ports.store import Commit, Verdict
from vedette.sync.deed import Clue, Sight


def _intent_after_commit() -> AbstractContextManager[Any]:
    whole = SimulatedStore.commit

    async def commit(self: SimulatedStore, step: Commit) -> Verdict:
        verdict = await whole(self, replace(step, decisions=(), actions=()))
        if verdict is Verdict.DONE and (step.decisions or step.actions):
            await self.intend(step.fence, step.decisions, step.actions)
        return verdict

    # A sweep heals what was lost.
    return together(
        patch.object(SimulatedStore, "commit", commit),
        patch.object(Sweep, "next", lambda _self, _folders: None),
        patch.object(Sweep, "is_due", property(lambda _self: False)),
    )


def _uid_trusted() -> AbstractContextManager[Any]:
    see = Caution._see

    async def trusting(self: Caution, folder: bytes, views: Any) -> None:
        await see(self, folder, views)
        left = [view for view in views if not view.over]
        if left:
            uids = UidSet(view.uid for view in left)
            command = UidFetch(uids=uids, items=(FetchItem.UID,))
            [reply] = await self._desk.burst([command], [view.entry for view in left])
            there = {row.uid for row in reply.data if isinstance(row, Fetch)}
            for view in left:
                view.sight = Sight.HERE if view.uid in there else Sight.ABSENT

    def criterion(_self: Clue, uid: int | None) -> InUids:
        return InUids(uids=UidSet((uid or 1,)))

    return together(
        patch.object(Caution, "_see", trusting), patch.object(Clue, "criterion", criterion)
    )


def _acts_again() -> AbstractContextManager[Any]:
    def fate(
        entry: JournalEntry, earlier: Sequence[JournalEntry]
    ) -> tuple[Fate, JournalEntry | None]:
        is_known = any(each.id == entry.id for each in earlier)
        return (Fate.REPEATED if is_known else Fate.WRITTEN), None

    return together(
        patch.object(memory_journal, "fate", fate), patch.object(judgement, "fate", fate)
    )


def _ok_believed() -> AbstractContextManager[Any]:
    def believing(order: Order, replies: Any) -> Facts:
        facts = read(order, replies)
        target = order.treatment.target
        if facts.refusal is None and target is not None:
            for uid in order.entries:
                facts.moved.setdefault(uid, Place(folder=target, uid_validity=1, uid=None))
        return facts

    return patch.object(desk, "read", believing)


def _copy_is_enough() -> AbstractContextManager[Any]:
    return patch.object(Caution, "_remove", Caution._done)


def _plain_expunge() -> AbstractContextManager[Any]:
    allowed = check_allowed

    def lax(verb: str, state: Any) -> None:
        # The client has no such command at all, so its table of states would refuse it.
        if verb != "EXPUNGE":
            allowed(verb, state)

    return together(
        patch.object(session, "check_allowed", lax),
        patch.object(UidExpunge, "verb", "EXPUNGE"),
        patch.object(UidExpunge, "write", lambda _self, _out: None),
    )


def _undo_forgotten() -> AbstractContextManager[Any]:
    undo, pending = SimulatedStore.undo, SimulatedStore.pending
    asked: dict[int, set[ActionId]] = {}

    async def remembered(self: SimulatedStore, action: ActionId, **options: Any) -> bool:
        asked.setdefault(id(self), set()).add(action)
        return await undo(self, action, **options)

    async def forgetful(
        self: SimulatedStore, account: AccountId, folder: bytes | None = None
    ) -> list[JournalEntry]:
        known = asked.get(id(self), set())
        return [
            entry
            for entry in await pending(self, account, folder)
            if entry.state is not ActionState.UNDOING or entry.id in known
        ]

    return together(
        patch.object(SimulatedStore, "undo", remembered),
        patch.object(SimulatedStore, "pending", forgetful),
    )


def _protection_forgotten() -> AbstractContextManager[Any]:
    async def kept(_self: Ingest, _batch: Any, _hearing: Any) -> None:
        return

    return patch.object(Ingest, "_brought_back", kept)


def _mark_believed() -> AbstractContextManager[Any]:
    return patch.object(Facts, "proves", lambda _self, _entry, **_options: True)


def _defect(
    about: str, breaks: str, plant: Any, deeds: Iterable[Deed] = (Deed.MOVE,), *, near: int = 1
) -> Defect:
    return Defect(about=about, breaks=breaks, plant=plant, deeds=frozenset(deeds), near=near)


GUARD_DEFECTS: dict[str, Defect] = {
    "intent_after_commit": _defect(
        "what guards decide is written after the commit, not with it",
        "C10: an intent is never forgotten",
        _intent_after_commit,
    ),
    "uid_trusted": _defect(
        "a UID is believed to be the same message after a reset",
        "P13: nothing is done to another message",
        _uid_trusted,
    ),
    "acts_again": _defect(
        "a message that came back is judged as if it were new",
        "P13: what the user moved back is left alone",
        _acts_again,
    ),
    "ok_believed": _defect(
        "an OK without COPYUID is taken for proof", "C12: DONE means proved", _ok_believed
    ),
    "copy_is_enough": _defect(
        "where there is no MOVE the original stays", "G4: one final copy", _copy_is_enough
    ),
    "plain_expunge": _defect(
        "EXPUNGE takes the place of UID EXPUNGE",
        "P13: no other client's mail goes",
        _plain_expunge,
    ),
    "protection_forgotten": _defect(
        "what was moved by its head stays there, whatever the rest of it says",
        "G6: a protected message ends in its own folder",
        _protection_forgotten,
        [Deed.SPARE],
    ),
    "mark_believed": _defect(
        "a mark counts as set when the server says OK",
        "G9: DONE means proved",
        _mark_believed,
        [Deed.FLAG, Deed.LABEL],
    ),
    "undo_forgotten": _defect(
        "what is to be taken back is forgotten with the process",
        "C10: an intent is never forgotten",
        _undo_forgotten,
        near=470,
    ),
}
