"""Acts step by step: looks at a message, does the one step that follows, and looks again.

The way for what a first write did not prove, for servers without SEARCHRES, MOVE or UIDPLUS,
and for what a crash left behind. The steps are those of ``sync.deed``. It must not know why a
guard decided what it did.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace

from vedette.engine import sighting
from vedette.engine.desk import Desk
from vedette.engine.opening import may_delete, opened
from vedette.engine.orders import SEEN, copies, is_missing, label_of, mark_of, orders
from vedette.errors import FolderError
from vedette.guard.pack import ActionKind
from vedette.imap import (
    Command,
    Fetch,
    FetchItem,
    Select,
    StoreMode,
    UidCopy,
    UidExpunge,
    UidFetch,
    UidSet,
    UidStore,
)
from vedette.model.action import ActionState, JournalEntry, Place
from vedette.model.ids import ActionId
from vedette.sync.deed import Copy, Sight, Step, next_step

#: The longest way is: see, look, see, copy, look, see, remove; a folder to be made adds one.
ROUNDS = 12

#: What a message gets where nothing else can be done: no badge, no noise, found by a search.
KEYWORD = "$Guarded"

#: Why it got no more than that.
CAN_NOT = (
    "the server has neither MOVE nor UIDPLUS, so that one message can not be taken away alone;"
    f" it was marked {KEYWORD}"
)

KEEPS = r" lets no message of the folder be deleted: its PERMANENTFLAGS are without \Deleted"


@dataclass(slots=True)
class _View:
    """An entry and what was seen of its message so far; of a ``fresh`` one nobody made a copy."""

    entry: JournalEntry
    fresh: bool = False
    sight: Sight = Sight.UNSEEN
    copy: Copy = Copy.UNSEEN
    place: Place | None = None
    removable: bool = True
    tried: bool = False
    over: bool = False

    @property
    def uid(self) -> int:
        return self.entry.origin.uid or 0


class Caution:
    """Acts on one session."""

    __slots__ = ("_desk", "_steps")

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._steps: dict[Step, Callable[[bytes, list[_View]], Awaitable[None]]] = {
            Step.SEE: self._see,
            Step.LOOK: self._look,
            Step.MOVE: self._move,
            Step.COPY: self._copy,
            Step.MARK: self._mark,
            Step.REMOVE: self._remove,
            Step.DONE: self._done,
            Step.GONE: self._gone,
            Step.FAIL: self._fail,
        }

    async def carry_out(
        self,
        folder: bytes,
        entries: Sequence[JournalEntry],
        *,
        fresh: Collection[ActionId] = (),
    ) -> None:
        """Bring entries of one folder to their ends, or to a later attempt.

        ``fresh`` are those that this session wrote and never tried. Where their messages still
        are, there is no copy to be looked for, which would cost four round trips.
        """
        views = [_View(entry, fresh=entry.id in fresh) for entry in entries]
        for _ in range(ROUNDS):
            views = [view for view in views if not view.over]
            if not views:
                return
            step = self._next(views[0])
            await self._steps[step](folder, [view for view in views if self._next(view) is step])
        await self._desk.postponed(
            [view.entry for view in views if not view.over], "it came to no end"
        )

    def _next(self, view: _View) -> Step:
        entry = view.entry
        return next_step(
            entry.state,
            view.sight,
            view.copy,
            self._desk.can,
            attempts=entry.attempts,
            moves=entry.kind == ActionKind.MOVE,
        )

    async def _see(self, folder: bytes, views: list[_View]) -> None:
        """Open the folder for writing and look at the messages in one write."""
        session = self._desk.session
        uids = UidSet(view.uid for view in views)
        entries = [view.entry for view in views]
        commands: list[Command] = [
            Select(mailbox=folder, read_only=False),
            UidFetch(uids=uids, items=sighting.items(session)),
        ]
        selected, fetched = await self._desk.burst(commands, entries)
        if not selected.is_ok:
            await self._desk.refused(entries, selected)
            _end(views)
            return
        validity, removable = opened(selected, session.exists).uid_validity, may_delete(selected)
        rows = sighting.rows_by_uid(fetched.data)
        for view in views:
            row = rows.get(view.uid)
            # A server may leave it out (S4): then the identity alone tells, as it does anyway.
            same = validity in {None, view.entry.origin.uid_validity}
            here = row is not None and same and sighting.is_of(view.entry, row)
            view.sight, view.removable = Sight.HERE if here else Sight.ABSENT, removable
            if here and view.fresh:
                view.copy = Copy.NONE
            view.fresh = False
            if row is not None and here and _is_marked(view.entry, row, gmail=self._desk.can.gmail):
                view.copy = Copy.THERE
        if session.link.connection.read_only:
            here_views = [view for view in views if view.sight is Sight.HERE]
            words = f": {selected.text}" if selected.text else ""
            reason = f"{session.host} opens the folder for reading only{words}"
            await self._desk.ledger.failed([view.entry for view in here_views], reason)
            _end(here_views)

    async def _look(self, _folder: bytes, views: list[_View]) -> None:
        """Look for the messages where they were to go."""
        desk = self._desk
        for view in views:
            path = (await desk.paths([view.entry]))[view.entry.target]
            if desk.session.selected != path:
                try:
                    self._desk.opened = await desk.session.examine(path)
                except FolderError:
                    # It is not there, so nothing is in it.
                    view.copy = Copy.NONE
                    continue
            state = self._desk.opened
            rows = [] if state is None else await sighting.recent(desk.session, state)
            for other in views:
                if other.entry.target == view.entry.target and other.copy is Copy.UNSEEN:
                    _compare(other, rows, path, state.uid_validity if state else None)
        desk.opened = None
        for view in views:
            # Another folder is open now: what is done to a message comes right after it was seen.
            if view.sight is Sight.HERE:
                view.sight = Sight.UNSEEN

    def _is_open(self, folder: bytes, views: list[_View]) -> bool:
        """Tell whether the folder is open as it was when the messages were seen."""
        session = self._desk.session
        if session.selected == folder and not session.link.connection.read_only:
            return True
        for view in views:
            view.sight = Sight.UNSEEN
        return False

    async def _move(self, folder: bytes, views: list[_View]) -> None:
        if not self._is_open(folder, views):
            return
        desk = self._desk
        by_id = {view.entry.id: view for view in views}
        entries = [view.entry for view in views]
        for order in orders(entries, await desk.paths(entries), gmail=desk.can.gmail):
            replies = await desk.burst(order.commands(), order.all)
            left = await desk.settled(order, replies)
            for entry in order.all:
                by_id[entry.id].over = entry not in left
            await self._once_more([by_id[entry.id] for entry in left])

    async def _once_more(self, views: list[_View]) -> None:
        """Look again at what the server's OK did not prove; the second time it is put off (G2)."""
        tired = [view for view in views if view.tried]
        for view in views:
            view.tried, view.sight, view.copy = True, Sight.UNSEEN, Copy.UNSEEN
        if tired:
            reason = "the server said OK, and the message is where it was"
            await self._desk.postponed([view.entry for view in tired], reason)
            _end(tired)

    async def _copy(self, folder: bytes, views: list[_View]) -> None:
        if not self._is_open(folder, views):
            return
        desk = self._desk
        # A copy of what can not be taken away is one too many.
        stuck = [view for view in views if not view.removable]
        if stuck:
            await desk.give_up([view.entry for view in stuck], f"{desk.session.host}{KEEPS}")
            _end(stuck)
        views = [view for view in views if view.removable]
        paths = await desk.paths([view.entry for view in views])
        for name, path in paths.items():
            own = [view for view in views if view.entry.target == name]
            entries = [view.entry for view in own]
            uids = UidSet(view.uid for view in own)
            commands: list[Command] = []
            read = UidSet(view.uid for view in own if view.entry.seen)
            if read:
                commands.append(UidStore(uids=read, flags=(SEEN,), mode=StoreMode.ADD, silent=True))
            commands.append(UidCopy(uids=uids, mailbox=path))
            reply = (await desk.burst(commands, entries))[-1]
            if not reply.is_ok:
                if is_missing(reply) and not own[0].tried and await desk.targets.create(path):
                    for view in own:
                        view.tried = True
                    continue
                await desk.refused(entries, reply)
                _end(own)
                continue
            placed = {
                view.uid: Place(
                    folder=path,
                    uid_validity=copied.uid_validity,
                    uid=copied.destination_of(view.uid),
                )
                for copied in copies(reply)
                for view in own
                if view.uid in copied.source
            }
            await self._has_copies([view for view in own if view.uid in placed], placed)
            await self._once_more([view for view in own if view.uid not in placed])

    async def _has_copies(self, views: list[_View], placed: dict[int, Place]) -> None:
        await self._desk.ledger.copied([(view.entry, placed[view.uid]) for view in views])
        for view in views:
            view.place, view.copy = placed[view.uid], Copy.THERE
            view.entry = replace(view.entry, state=ActionState.COPIED, result=view.place)

    async def _remove(self, folder: bytes, views: list[_View]) -> None:
        r"""Take originals away whose copies are there: these UIDs and no others."""
        if not self._is_open(folder, views):
            return
        desk = self._desk
        fresh = [view for view in views if view.entry.state is ActionState.INTENDED]
        await self._has_copies(
            fresh, {view.uid: view.place for view in fresh if view.place is not None}
        )
        entries = [view.entry for view in views]
        uids = UidSet(view.uid for view in views)
        commands: list[Command] = [
            _mark(uids, StoreMode.ADD),
            UidExpunge(uids=uids),
        ]
        replies = await desk.burst(commands, entries)
        # Asked in a write of its own: Dovecot answers a FETCH right behind from before it.
        [proof] = await desk.burst([UidFetch(uids=uids, items=(FetchItem.UID,))], entries)
        still = {row.uid for row in proof.data if isinstance(row, Fetch)}
        left = [view for view in views if view.uid in still or not proof.is_ok]
        kept = UidSet(view.uid for view in left)
        if kept:
            # Whoever has the right would take it away, and nobody may ask for that any more.
            await desk.burst([_mark(kept, StoreMode.REMOVE)], entries)
        gone = [view for view in views if view not in left]
        await desk.ledger.done([(view.entry, view.place) for view in gone])
        _end(gone)
        if left:
            refusal = next((reply for reply in replies if not reply.is_ok), replies[1])
            await desk.refused([view.entry for view in left], refusal)
            _end(left)

    async def _mark(self, folder: bytes, views: list[_View]) -> None:
        if not self._is_open(folder, views):
            return
        entries = [view.entry for view in views]
        uids = UidSet(view.uid for view in views)
        command = UidStore(uids=uids, flags=(KEYWORD,), mode=StoreMode.ADD, silent=True)
        await self._desk.burst([command], entries)
        await self._desk.ledger.failed(entries, CAN_NOT)
        _end(views)

    async def _done(self, _folder: bytes, views: list[_View]) -> None:
        await self._desk.ledger.done([(view.entry, view.place) for view in views])
        _end(views)

    async def _gone(self, _folder: bytes, views: list[_View]) -> None:
        reason = "the message is not where it was, nor where it was to go"
        await self._desk.ledger.gone([view.entry for view in views], reason)
        _end(views)

    async def _fail(self, _folder: bytes, views: list[_View]) -> None:
        for view in views:
            reason = view.entry.reason or "it came to nothing too often"
            await self._desk.give_up([view.entry], reason)
        _end(views)


def _mark(uids: UidSet, mode: StoreMode) -> UidStore:
    return UidStore(uids=uids, flags=("\\Deleted",), mode=mode, silent=True)


def _end(views: Sequence[_View]) -> None:
    for view in views:
        view.over = True


def _is_marked(entry: JournalEntry, row: Fetch, *, gmail: bool) -> bool:
    """Tell whether an earlier attempt set a mark, and only its answer did not come."""
    is_label = label_of(entry, gmail=gmail) is not None
    if entry.kind == ActionKind.MOVE or is_label or not entry.attempts:
        return False
    mark = mark_of(entry, gmail=gmail)
    return mark is not None and mark.lower() in {each.lower() for each in row.flags or ()}


def _compare(view: _View, rows: Sequence[Fetch], path: bytes, validity: int | None) -> None:
    found = next((row for row in rows if sighting.is_of(view.entry, row)), None)
    view.copy = Copy.NONE if found is None else Copy.THERE
    if found is not None:
        view.place = Place(folder=path, uid_validity=validity or 1, uid=found.uid)
