"""What whoever acts has at hand: the session, the journal, the folders, and how refusals count.

It must not know which step is to be taken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from vedette.crashpoint import Crashpoint, crashpoint
from vedette.engine.answer import Reply
from vedette.engine.docket import Docket
from vedette.engine.ledger import Done, Ledger
from vedette.engine.opening import opened
from vedette.engine.orders import SEEN, Order, mark_of, read
from vedette.engine.quarantine import Targets
from vedette.engine.session import Session
from vedette.errors import LinkError, ThrottledError
from vedette.guard.pack import ActionKind
from vedette.imap import CodeName, Command, Select, StoreMode, UidSet, UidStore, refusal
from vedette.model.action import ActionState, JournalEntry
from vedette.sync.deed import MAX_ATTEMPTS, Abilities
from vedette.sync.plan import Opened

#: Messages in one write.
TOGETHER = 50

#: Seconds until a refused step is tried again: 30 s, 2, 8 and 32 minutes.
PATIENCE = 30.0
PATIENCE_GROWTH = 4.0

#: Refusals that no repetition changes: a right that we do not have, a thing that can not be.
FINAL = frozenset({CodeName.NOPERM, CodeName.CANNOT})

_ON_THEIR_WAY = frozenset({ActionState.INTENDED, ActionState.COPIED})


@dataclass(slots=True, kw_only=True)
class Desk:
    """The tools of the one task that acts for an account on one session.

    ``opened`` is how the folder stands that was opened last, to be watched on. ``confirm`` asks
    the authority whether the mailbox is still ours: no server refuses the act of an old owner.
    """

    session: Session
    ledger: Ledger
    targets: Targets
    docket: Docket
    can: Abilities
    confirm: Callable[[], Awaitable[None]]
    opened: Opened | None = None

    async def paths(self, entries: Iterable[JournalEntry]) -> dict[str, bytes]:
        """Return the names on the wire of the folders that entries move messages to."""
        names = {entry.target for entry in entries if entry.kind == ActionKind.MOVE}
        return {name: await self.targets.path(name) for name in sorted(names)}

    async def burst(
        self, commands: Sequence[Command], entries: Sequence[JournalEntry]
    ) -> list[Reply]:
        """Say commands in one write; a link that dies of it counts as an attempt of each entry.

        Raises FencedError, having said nothing, when another instance owns the mailbox.
        """
        await self.confirm()
        try:
            crashpoint(Crashpoint.ACTION_SENT)
            return await self.session.burst(commands)
        except LinkError as error:
            await self.ledger.attempted(entries, str(error))
            raise

    async def settled(self, order: Order, replies: Sequence[Reply]) -> list[JournalEntry]:
        """Write what the answers to an order prove; return what is to be looked at."""
        facts = read(order, replies)
        done: list[Done] = []
        left: list[JournalEntry] = []
        refused: list[JournalEntry] = []
        unkept: list[JournalEntry] = []
        for uid, own in order.entries.items():
            for entry in own:
                if entry.kind == ActionKind.MOVE:
                    if uid in facts.moved:
                        done.append((entry, facts.moved[uid]))
                    else:
                        (left if facts.refusal is None else refused).append(entry)
                    continue
                proof = facts.proves(entry, gmail=self.can.gmail)
                if proof:
                    done.append((entry, None))
                else:
                    (left if proof is None else unkept).append(entry)
        await self.ledger.done(done)
        for entry in unkept:
            mark = mark_of(entry, gmail=self.can.gmail) or entry.target
            await self.ledger.failed([entry], f"the server does not keep the mark {mark}")
        if refused and facts.refusal is not None:
            target = order.treatment.target
            if facts.wants_folder and target is not None and await self.targets.create(target):
                return left + refused
            await self.refused(refused, facts.refusal)
        return left

    async def refused(self, entries: Sequence[JournalEntry], reply: Reply) -> None:
        """Count a refusal: it is tried again later, or never if that can not help."""
        words = reply.text or (reply.code.name if reply.code is not None else "no reason given")
        reason = f"{self.session.host} refused: {words}"
        if reply.code is not None and reply.code.name in FINAL:
            await self.give_up(entries, reason)
            return
        await self.postponed(entries, reason, reply)

    async def give_up(self, entries: Sequence[JournalEntry], reason: str) -> None:
        r"""Write that actions failed; what stays where it was is unread again.

        \Seen was set for the way to quarantine. Of a message that had it before, no entry says
        that it is to be set.
        """
        folders: dict[bytes, list[JournalEntry]] = {}
        for entry in entries:
            if entry.seen and entry.kind == ActionKind.MOVE and entry.state in _ON_THEIR_WAY:
                folders.setdefault(entry.origin.folder, []).append(entry)
        for folder, own in folders.items():
            await self._unread(folder, own)
        await self.ledger.failed(entries, reason)

    async def _unread(self, folder: bytes, entries: Sequence[JournalEntry]) -> None:
        session, self.opened = self.session, None
        own = [entry.origin for entry in entries if entry.origin.uid is not None]
        if session.selected != folder or session.link.connection.read_only:
            [selected] = await self.burst([Select(mailbox=folder, read_only=False)], entries)
            if not selected.is_ok or session.link.connection.read_only:
                return
            validity = opened(selected, session.exists).uid_validity
            own = [place for place in own if place.uid_validity == validity]
        # Else it was opened to act, and the messages were seen in it.
        uids = UidSet(place.uid for place in own if place.uid is not None)
        if uids:
            remove = UidStore(uids=uids, flags=(SEEN,), mode=StoreMode.REMOVE, silent=True)
            # Where that is refused, it could not be set either.
            await self.burst([remove], entries)

    async def postponed(
        self, entries: Sequence[JournalEntry], reason: str, reply: Reply | None = None
    ) -> None:
        """Count an attempt that came to nothing, and come back to it."""
        count = await self.ledger.attempted(entries, reason)
        # After the last attempt it is looked at once more, at once; a look that fails is repeated.
        tries = count - MAX_ATTEMPTS if count >= MAX_ATTEMPTS else count
        wait = 0.0 if count == MAX_ATTEMPTS else PATIENCE * PATIENCE_GROWTH ** _growth(tries)
        if reply is not None:
            error = refusal("UID MOVE", reply.kind, reply.code, reply.text)
            if isinstance(error, ThrottledError) and error.retry_after is not None:
                wait = max(wait, error.retry_after)
        self.docket.again(asyncio.get_running_loop().time() + wait)


def _growth(tries: int) -> int:
    """Return how often the wait has grown: what is tried for ever waits for no ever longer time."""
    return min(max(tries - 1, 0), MAX_ATTEMPTS)
