"""Carries out what the journal holds for one account, on the connection that watches it.

::

    SELECT folder · UID SEARCH RETURN (SAVE) UID n <identity> · UID MOVE $ target · EXAMINE folder

leave in one write: the server itself makes the check and the action one. What that does not
prove, or where a server can not do it, is looked at first and done step by step (``caution``).
Nothing is believed but COPYUID, a flag that was read back, or a message that was found. It
must not know why a guard decided what it did.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

import structlog

from vedette.crashpoint import Crashpoint, crashpoint
from vedette.engine.caution import Caution
from vedette.engine.desk import TOGETHER, Desk
from vedette.engine.docket import Docket
from vedette.engine.doubles import Doubles
from vedette.engine.guarding import Mode
from vedette.engine.ledger import Ledger
from vedette.engine.opening import opened
from vedette.engine.orders import FOUND, Order, orders
from vedette.engine.quarantine import Targets
from vedette.engine.recall import Recall
from vedette.engine.session import Session
from vedette.engine.world import World
from vedette.errors import UsageError
from vedette.guard.pack import HOUR, ActionKind
from vedette.imap import Command, Kind, SearchReturn, Select, UidSearch, any_of
from vedette.model.account import Account
from vedette.model.action import ActionState, JournalEntry
from vedette.model.ids import ActionId
from vedette.ports.journal import Journal
from vedette.sync.deed import Abilities, Clue
from vedette.sync.plan import Opened

_log = structlog.stdlib.get_logger(__name__)

#: Octets of one SEARCH: a server need not take a line above 8,000 (RFC 2683 section 3.2.1.5),
#: and a Message-ID counts with what stands around it.
LINE = 6_000
AROUND = 80
#: Ways to treat messages in one write: each is up to five commands of at most 64 under way.
TREATMENTS = 10
#: Seconds until second copies are looked for: other clients have come to their ends by then. And
#: until the next of many messages whose time is over are looked at.
MINUTE = 60.0
#: Entries in one turn; the rest waits for the next, and mail that arrives comes between.
TURN = 500


class Steward:
    """The steward of one session. ``cares`` tells which folders are this connection's."""

    __slots__ = (
        "_account",
        "_cares",
        "_caution",
        "_desk",
        "_docket",
        "_doubles",
        "_expire_at",
        "_generation",
        "_journal",
        "_recall",
        "_tidy_at",
        "_untidy",
        "_world",
    )

    def __init__(
        self,
        account: Account,
        world: World,
        journal: Journal,
        session: Session,
        docket: Docket,
        *,
        cares: Callable[[bytes], bool] = lambda _folder: True,
    ) -> None:
        self._account = account
        self._world = world
        self._journal = journal
        self._docket = docket
        self._cares = cares
        self._desk = Desk(
            session=session,
            ledger=Ledger(account, world, journal),
            targets=Targets(session),
            docket=docket,
            confirm=partial(world.tenure.confirm, account.id),
            can=Abilities(
                move=session.has("MOVE"),
                uidplus=session.has("UIDPLUS"),
                searchres=session.has("SEARCHRES") and session.has("ESEARCH"),
                gmail=session.has("X-GM-EXT-1"),
            ),
        )
        self._caution = Caution(self._desk)
        self._recall = Recall(self._desk)
        self._doubles = Doubles(account, self._desk, journal)
        self._untidy: set[bytes] = set()  # folders that messages were moved to
        self._tidy_at = 0.0  # the loop's time
        self._expire_at = 0.0
        self._generation: int | None = None

    @property
    def due(self) -> float | None:
        """The loop's time at which the journal is to be asked; None: there is nothing to do."""
        return self._docket.due

    @property
    def is_due(self) -> bool:
        """Whether the journal is to be asked now."""
        due = self._docket.due
        return due is not None and due <= asyncio.get_running_loop().time()

    async def carry_out(self, back: bytes) -> Opened | None:
        """Do what is to be done; return how ``back`` stands if it had to be opened again.

        Raises LinkError when the link dies; what was under way is found again by the next one.
        """
        self._docket.due = None
        desk = self._desk
        desk.opened = None
        await self._prepared()
        pending = await self._journal.pending(self._account.id)
        mine = [entry for entry in pending if self._cares(_where(entry))]
        if len(mine) > TURN:
            self._docket.again(0.0)
        mine = mine[:TURN]
        acting = await self._permitted(
            [entry for entry in mine if entry.state is not ActionState.UNDOING]
        )
        if acting:
            crashpoint(Crashpoint.ACTION_PLANNED)
        for folder, entries in _by_folder(acting).items():
            for part in self._parts(entries):
                await self._act(folder, part, back)
        undoing = [entry for entry in mine if entry.state is ActionState.UNDOING]
        over = await self._over()
        if undoing or over:
            desk.opened = None
            await self._recall.take_back(undoing)
            await self._recall.expire(over)
        tidied = await self._tidied(acting)
        if not (acting or undoing or over or tidied):
            return None
        return await self._left(back)

    async def _left(self, back: bytes) -> Opened:
        """Return how the folder to be watched on stands, open for reading only again."""
        session, last = self._desk.session, self._desk.opened
        is_open = session.selected == back and session.link.connection.read_only
        return last if last is not None and is_open else await session.examine(back)

    async def _tidied(self, acted: Sequence[JournalEntry]) -> bool:
        """Take second copies away, a minute after something was moved; tell if it was done."""
        now = asyncio.get_running_loop().time()
        moved = await self._desk.paths(acted)
        if moved:
            self._untidy.update(moved.values())
            self._tidy_at = now + MINUTE
        if not self._untidy:
            return False
        if now < self._tidy_at:
            self._docket.again(self._tidy_at)
            return False
        paths, self._untidy = sorted(self._untidy), set()
        for path in paths:
            await self._doubles.tidy(path)
        return True

    async def _prepared(self) -> None:
        """Make the folders that acting guards move messages to; once for each change of guards."""
        generation = self._world.guards.generation
        if self._generation == generation:
            return
        self._generation = generation
        for post in self._world.guards.covering(self._account):
            if post.mode is Mode.ACT:
                for name in sorted(post.targets):
                    with suppress(UsageError):  # its first action says why it can not be
                        await self._desk.targets.prepare(name)

    async def _over(self) -> list[JournalEntry]:
        """Return some entries whose time in quarantine is over; asked once an hour."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._expire_at:
            self._docket.again(self._expire_at)
            return []
        found = await self._journal.expired(
            self._account.id, now=self._world.clock.now(), limit=TOGETHER
        )
        mine = [each for each in found if each.result and self._cares(each.result.folder)]
        self._expire_at = loop.time() + (HOUR if len(found) < TOGETHER else MINUTE)
        self._docket.again(self._expire_at)
        return mine

    async def _permitted(self, entries: Sequence[JournalEntry]) -> list[JournalEntry]:
        """Return the entries whose guards still act; the others keep their mail in place."""
        posts = self._world.guards.covering(self._account)
        acting = {post.name for post in posts if post.mode is Mode.ACT}
        stopped = [
            entry
            for entry in entries
            if entry.guard not in acting and entry.state is ActionState.INTENDED
        ]
        if stopped:
            await self._desk.ledger.failed(stopped, "the guard does not act any more")
        nameless = []
        for entry in entries:
            try:
                await self._desk.paths([entry])
            except UsageError as error:
                nameless.append(entry)
                await self._desk.ledger.failed([entry], str(error))
        return [entry for entry in entries if entry not in stopped and entry not in nameless]

    async def _act(self, folder: bytes, entries: Sequence[JournalEntry], back: bytes) -> None:
        """Act on messages of one folder."""
        clues = {
            entry.id: clue
            for entry in entries
            if (clue := self._docket.clue(entry.id)) is not None and entry.attempts == 0
        }
        can = self._desk.can
        is_quick = can.searchres and all(
            entry.id in clues
            and entry.state is ActionState.INTENDED
            and (can.move or entry.kind != ActionKind.MOVE)
            for entry in entries
        )
        # A clue is of an entry that this session wrote, and is good for one attempt.
        for entry in entries:
            self._docket.forget(entry.id)
        if not is_quick:
            self._desk.opened = None
            await self._caution.carry_out(folder, entries, fresh=clues.keys())
            return
        left = await self._at_once(folder, entries, back, clues)
        if left:
            self._desk.opened = None
            await self._caution.carry_out(folder, left)

    async def _at_once(
        self,
        folder: bytes,
        entries: Sequence[JournalEntry],
        back: bytes,
        clues: dict[ActionId, Clue],
    ) -> list[JournalEntry]:
        """Let the server check and act in one write; return what that did not prove."""
        desk = self._desk
        plan = orders(entries, await desk.paths(entries), gmail=desk.can.gmail)
        commands: list[Command] = [Select(mailbox=folder, read_only=False)]
        spans: list[tuple[Order, int, int]] = []
        for order in plan:
            criteria = [clues[own[0].id].criterion(uid) for uid, own in order.entries.items()]
            commands.append(UidSearch(criteria=(any_of(criteria),), returns=(SearchReturn.SAVE,)))
            start = len(commands)
            commands += order.commands(FOUND)
            spans.append((order, start, len(commands)))
        commands.append(Select(mailbox=back))
        replies = await desk.burst(commands, entries)
        if not replies[0].is_ok:
            await desk.refused(entries, replies[0])
            return []
        if replies[-1].is_ok:
            desk.opened = opened(replies[-1], desk.session.exists)
        left = [entry for entry in entries if not any(entry in each.all for each in plan)]
        for order, start, end in spans:
            # From the search on, which saves what the others name.
            if any(reply.kind is Kind.BAD for reply in replies[start - 1 : end]):
                # "$" is offered, by IMAP4rev2 at least, and not understood (P14).
                desk.can = replace(desk.can, searchres=False)
                left += order.all
            else:
                left += await desk.settled(order, replies[start:end])
        return left

    def _parts(self, entries: Sequence[JournalEntry]) -> Iterable[list[JournalEntry]]:
        """Cut into what one write can hold."""
        part: list[JournalEntry] = []
        room, uids, ways = LINE, set[int](), set[tuple[str, str, bool]]()
        for entry in entries:
            clue = self._docket.clue(entry.id)
            cost = AROUND + len((clue and (clue.message_id or clue.email_id)) or "")
            uid, way = entry.origin.uid or 0, (entry.kind, entry.target, entry.seen)
            fresh = uid not in uids
            if (
                part
                and fresh
                and (room < cost or len(uids) >= TOGETHER or len(ways | {way}) > TREATMENTS)
            ):
                yield part
                part, room, uids, ways = [], LINE, set(), set()
            part.append(entry)
            uids.add(uid)
            ways.add(way)
            room -= cost if fresh else 0
        if part:
            yield part


def _where(entry: JournalEntry) -> bytes:
    """Return the folder in which an entry's message is now."""
    if entry.state is ActionState.UNDOING and entry.result is not None:
        return entry.result.folder
    return entry.origin.folder


def _by_folder(entries: Iterable[JournalEntry]) -> dict[bytes, list[JournalEntry]]:
    found: dict[bytes, list[JournalEntry]] = {}
    for entry in entries:
        found.setdefault(_where(entry), []).append(entry)
    return found
