"""A guard tried on the mail that is in a mailbox: what it would do, and with what.

It has the same evidence as a guard at its post: whom the user wrote to is read first, as a watch
does, and whom people let it leave alone is known. The guard's protections count as they would.
Scorers that are services are not asked. It must not know who asks, nor how far one may go.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from vedette import mime
from vedette.engine.batch import Mail
from vedette.engine.discovery import discover
from vedette.engine.guarding import Post
from vedette.engine.judgement import Case, facts_of, is_left_alone
from vedette.engine.letterbook import Letterbook
from vedette.guard.pack import WROTE_TO, Action, ActionKind
from vedette.guard.verdict import Verdict
from vedette.imap import read_date_time
from vedette.model.folder import Folder
from vedette.service.guards.trial import Thinks
from vedette.service.mailbox.visit import Visit

#: What marks a message and leaves it where it is.
MARKS = frozenset({ActionKind.FLAG, ActionKind.LABEL, ActionKind.MARK_READ})


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One message of the mailbox and what the guard would do with it.

    ``is_left`` says that it would do nothing, because a person let it leave the sender alone.
    """

    folder: str
    uid: int
    arrived: datetime | None
    sender: str
    verdict: Verdict
    is_left: bool

    @property
    def is_telling(self) -> bool:
        """Whether the guard would do something, or would if nothing kept it from that."""
        return bool(self.verdict.actions or self.verdict.wanted)

    @property
    def actions(self) -> tuple[Action, ...]:
        """What would be done."""
        return () if self.is_left else tuple(self.verdict.actions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which messages: those since a day, and the last so many of each folder."""

    since: date | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where a guard is tried: among the guards of the visit's world, which ``post`` is one of.

    ``think`` has the opinions of models.
    """

    visiting: Visit
    post: Post
    think: Thinks

    async def folders(self) -> list[Folder]:
        """Return the folders in which the guard would judge. Raises LinkError."""
        account, guards = self.visiting.account, self.visiting.world.guards
        return [
            folder
            for folder in (await discover(self.visiting.session, account)).folders
            if any(each.guard is self.post.guard for each in guards.of(account, folder))
        ]

    async def acquaint(self) -> str | None:
        """Read to whom the user wrote, if the guard asks for it; say where nothing tells.

        Raises LinkError.
        """
        account, known = self.visiting.account, self.visiting.world.correspondents
        letterbook = Letterbook(account, self.visiting.world, self.visiting.session)
        while letterbook.is_first:
            await letterbook.turn()
        if WROTE_TO not in self.post.facts or known.count(account.id):
            return None
        return (
            f"{self.post.name} asks to whom the user wrote, and there is no folder of sent mail "
            "that tells: every sender is judged as a stranger"
        )

    def judged(self, folder: Folder, mail: Mail, message: mime.Message) -> Judged:
        """Judge one message: some ten milliseconds of work."""
        row, account, world = mail.row, self.visiting.account.id, self.visiting.world
        case = Case(
            folder=folder,
            # The verdict does not rest on which message it is.
            uid_validity=0,
            keys=(),
            row=row,
            message=message,
            opinions=self.think(message),
        )
        facts = facts_of(message, account, (self.post,), world.correspondents)
        address = message.from_[0].address if message.from_ else ""
        return Judged(
            folder=folder.name,
            uid=row.uid or 0,
            arrived=None if row.internal_date is None else read_date_time(row.internal_date),
            sender=address.rpartition("@")[2],
            verdict=self.post.guard.full(case.evidence(facts)),
            is_left=is_left_alone(self.post.name, account, message, world.guards.standing),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What would be done with so many messages. A message that is moved and marked is both.

    ``capped`` are those that something protected, ``left`` those of senders that it leaves alone,
    ``unread`` those that could not be read and are not among the ``judged``.
    """

    judged: int = 0
    moved: int = 0
    marked: int = 0
    capped: int = 0
    left: int = 0
    unread: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            judged=self.judged + other.judged,
            moved=self.moved + other.moved,
            marked=self.marked + other.marked,
            capped=self.capped + other.capped,
            left=self.left + other.left,
            unread=self.unread + other.unread,
        )


def tallied(found: Iterable[Judged], *, unread: int = 0) -> Tally:
    """Count messages."""
    found = tuple(found)
    kinds = [{action.kind for action in each.actions} for each in found]
    telling = [each for each in found if each.is_telling]
    return Tally(
        judged=len(found),
        moved=sum(ActionKind.MOVE in each for each in kinds),
        marked=sum(not MARKS.isdisjoint(each) for each in kinds),
        capped=sum(
            each.verdict.actions != each.verdict.wanted for each in telling if not each.is_left
        ),
        left=sum(each.is_left for each in telling),
        unread=unread,
    )
