"""What comes next for one entry of the journal, given what was seen of its message: one table.

::

    state      the message      its copy         next
    intended   here             not looked for   MOVE; where there is no MOVE, LOOK for a copy first
    intended   here             none             COPY; without UIDPLUS too, MARK and say so
    intended   here             there            REMOVE the original: a crash fell behind the copy
    intended   not here         not looked for   LOOK
    intended   not here         there            DONE
    intended   not here         none             GONE: nothing was done, and nothing is to be done
    copied     here             there            REMOVE
    copied     here             none             GONE: the copy was taken; the original stays
    copied     not here         there            DONE
    undoing    here (in the quarantine)          MOVE back
    undoing    not here         there (it is back)  DONE
    any        unseen           any              SEE: nothing is done to a message that was not seen

Each step is safe to repeat, so a crash between any two ends in an action done once, or not at all.
An action that only marks has no copy: there the third column is its mark, once it was tried.

Of an entry that was just written, and whose message is here, it is known that there is no copy:
nobody has made one yet.

What was tried too often is given up only after a look: the answer to the last attempt may have
been lost, and the message moved all the same.
It must not know a session or a store.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, unique

from vedette.imap import (
    ByEmailId,
    ByGmailMessageId,
    ByHeader,
    ByNumber,
    Criterion,
    Every,
    InUids,
    NumberKey,
    UidSet,
)
from vedette.model.action import ActionState

#: Attempts at one step before it is given up. Each is a connection or a refusal of its own, and
#: five of these take minutes: what is then still refused is refused for good.
MAX_ATTEMPTS = 5

#: Looks after the last attempt that may fail themselves, before it is given up without one.
MAX_LOOKS = 5

#: A longer Message-ID is not searched for: fifty of these are one command.
MAX_CLUE = 200


@unique
class Sight(Enum):
    """What was seen of a message at the place where it should be."""

    UNSEEN = "not looked for"
    HERE = "here, the same by its identity"
    ABSENT = "not here, or another one has its UID"


@unique
class Copy(Enum):
    """What was seen of it at the place where it is to go."""

    UNSEEN = "not looked for"
    THERE = "there, the same by its identity"
    NONE = "not there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a server can (RFC 6851, RFC 4315, RFC 5182, Gmail's X-GM-EXT-1)."""

    move: bool
    uidplus: bool
    searchres: bool
    gmail: bool

    @property
    def removes(self) -> bool:
        r"""Whether one message alone can be removed without MOVE.

        At Gmail \Deleted may archive, trash or destroy, as the user's settings have it (G8).
        """
        return self.uidplus and not self.gmail


@unique
class Step(Enum):
    """What is to be done next."""

    SEE = "look at the message at its place"
    LOOK = "look for it where it is to go"
    MOVE = "move it, or set its flags"
    COPY = "copy it, where there is no MOVE"
    MARK = "mark it only: the server has no way to take one message away"
    REMOVE = "take the original away, as its copy is there"
    DONE = "it is done"
    GONE = "it is not there any more"
    FAIL = "give up"


def next_step(
    state: ActionState,
    sight: Sight,
    copy: Copy,
    can: Abilities,
    *,
    attempts: int = 0,
    moves: bool = True,
) -> Step:
    """Return the next step of an entry. ``moves`` is False of an action that only marks.

    ``attempts`` are those that came to nothing at this step.
    """
    step = _next(state, sight, copy, can, moves=moves)
    return Step.FAIL if attempts >= MAX_ATTEMPTS and step in _TOUCHING else step


def _next(state: ActionState, sight: Sight, copy: Copy, can: Abilities, *, moves: bool) -> Step:
    if sight is Sight.UNSEEN:
        return Step.SEE
    if sight is Sight.ABSENT:
        return _ABSENT[copy] if moves else Step.GONE
    if moves:
        return _here(state, copy, can)
    return Step.DONE if copy is Copy.THERE else Step.MOVE


def _here(state: ActionState, copy: Copy, can: Abilities) -> Step:
    if state is ActionState.COPIED:
        return _COPIED[copy] if can.removes else Step.FAIL
    if can.move:
        return Step.MOVE
    return _WITHOUT_MOVE[copy] if can.removes else Step.MARK


#: What changes something at the server.
_TOUCHING = frozenset({Step.MOVE, Step.COPY, Step.MARK, Step.REMOVE})

_ABSENT = {Copy.UNSEEN: Step.LOOK, Copy.THERE: Step.DONE, Copy.NONE: Step.GONE}
_COPIED = {Copy.UNSEEN: Step.LOOK, Copy.THERE: Step.REMOVE, Copy.NONE: Step.GONE}
_WITHOUT_MOVE = {Copy.UNSEEN: Step.LOOK, Copy.THERE: Step.REMOVE, Copy.NONE: Step.COPY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clue:
    """What a server can search a message by; kept in memory only, as it may be the sender's word."""

    email_id: str | None = None
    gmail_id: int | None = None
    message_id: str | None = None
    size: int | None = None

    @property
    def identifies(self) -> bool:
        """Whether this and a UID are enough to know a message again."""
        by_name = self.email_id is not None or self.gmail_id is not None
        return by_name or (self.message_id is not None and self.size is not None)

    def criterion(self, uid: int | None) -> Criterion:
        """Return what to search for; ``uid`` is its UID where that is known."""
        own: list[Criterion] = [] if uid is None else [InUids(uids=UidSet((uid,)))]
        if self.email_id is not None:
            own.append(ByEmailId(email_id=self.email_id))
        elif self.gmail_id is not None:
            own.append(ByGmailMessageId(message_id=self.gmail_id))
        else:
            if self.message_id is not None:
                own.append(ByHeader(name="MESSAGE-ID", value=self.message_id))
            if self.size is not None:
                # There is no "equal" (RFC 9051 section 6.4.4).
                own.append(ByNumber(key=NumberKey.LARGER, value=max(self.size - 1, 0)))
                own.append(ByNumber(key=NumberKey.SMALLER, value=self.size + 1))
        return Every(criteria=tuple(own))


def clue(
    *, email_id: str | None, gmail_id: int | None, message_id: str | None, size: int | None
) -> Clue:
    """Return the clue to a message, without what can not be searched for safely.

    A Message-ID is searched for as it stands: printable ASCII, not long, and not empty.
    """
    usable = (
        message_id is not None
        and 0 < len(message_id) <= MAX_CLUE
        and message_id.isascii()
        and message_id.isprintable()
    )
    return Clue(
        email_id=email_id or None,
        gmail_id=gmail_id or None,
        message_id=message_id if usable else None,
        size=size,
    )
