"""What a guard decided about a message, and what was done with it: the journal's nouns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Final

from vedette.model.ids import AccountId, ActionId, TenantId


@unique
class ActionState(StrEnum):
    """The life of one action on one message.

    ::

        intended ─► (copied) ─► done ◄─► undoing ─► undone
            ├──────────┤          │         │
            ▼          ▼          ├─► expired         its time in quarantine is over
        failed, gone              ├─────────┴─► returned   the user moved it back
                                  └─────────┴─► gone       the user deleted it

    ``FOLLOWS`` says the same for machines.
    """

    INTENDED = "intended"
    """Written with the cursor; not carried out yet, as far as is known."""
    COPIED = "copied"
    """A server without MOVE has a copy; the original is still to go."""
    DONE = "done"
    """Proved by the server's words or by a search."""
    FAILED = "failed"
    """Refused for good; the message is where it was."""
    GONE = "gone"
    """The message was no longer there, or was another one: nothing was done."""
    UNDOING = "undoing"
    """To be taken back."""
    UNDONE = "undone"
    """Taken back by us."""
    RETURNED = "returned"
    """Taken back by the user, in the mailbox."""
    EXPIRED = "expired"
    """Moved to the trash at the end of its time."""


#: What may come after each state; those that are left out are the last. An undoing that the server
#: refuses for good leads back to DONE: the message is where it was.
FOLLOWS: Final[Mapping[ActionState, frozenset[ActionState]]] = MappingProxyType(
    {
        ActionState.INTENDED: frozenset(
            {ActionState.COPIED, ActionState.DONE, ActionState.FAILED, ActionState.GONE}
        ),
        ActionState.COPIED: frozenset({ActionState.DONE, ActionState.FAILED, ActionState.GONE}),
        ActionState.DONE: frozenset(
            {
                ActionState.UNDOING,
                ActionState.EXPIRED,
                ActionState.RETURNED,
                ActionState.GONE,
            }
        ),
        ActionState.UNDOING: frozenset(
            {ActionState.UNDONE, ActionState.DONE, ActionState.RETURNED, ActionState.GONE}
        ),
    }
)

#: What is still to be carried out.
PENDING: Final = (ActionState.INTENDED, ActionState.COPIED, ActionState.UNDOING)


def follows(state: ActionState, before: ActionState) -> bool:
    """Whether ``state`` may come after ``before``."""
    return state in FOLLOWS.get(before, frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a message is: a folder on the wire, its UIDVALIDITY, and the UID where it is known."""

    folder: bytes
    uid_validity: int
    uid: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One action of one guard on one message.

    ``identity`` are the keys by which the message is known again (see ``sync.identity``);
    ``message`` is an HMAC of the Message-ID. ``kind`` and ``target`` are those of the pack's
    action. ``listed`` says that a list was among the reasons: to take it back may have to wait.
    ``expires`` is the instant at which its time in quarantine is over. ``result`` is where the
    action put the message or, once it is UNDONE, where it was put back. ``attempts`` are those of
    the step that is to be made, or of the last. ``seq`` is its number in the store, which tells
    entries of one instant apart; 0 before it is written.
    """

    id: ActionId
    tenant: TenantId
    account: AccountId
    guard: str
    version: str
    action: str
    kind: str
    target: str
    seen: bool = False
    listed: bool = False
    message: bytes = b""
    identity: tuple[bytes, ...] = ()
    origin: Place
    result: Place | None = None
    state: ActionState = ActionState.INTENDED
    attempts: int = 0
    reason: str = ""
    at: float
    """When it was decided."""
    changed: float
    """When the state last changed."""
    expires: float | None = None
    seq: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one guard decided about one message: no subject, no text, no address.

    ``symbols`` are names with scores, most first; ``domain`` is the host of the sender's address.
    ``acted`` says whether an action was written with it, or why not: ``shadow``, ``breaker``,
    ``paused``, ``allowed``, ``returned``, ``capped``, ``repeated``. The store says ``returned`` where
    the message came back, and ``repeated`` where the action was written before, instead of what it
    is given. ``seq`` is its number in the store, as that of an entry.
    """

    tenant: TenantId
    account: AccountId
    guard: str
    version: str
    origin: Place
    message: bytes
    domain: str
    verdict: str
    wanted: str
    score: float
    symbols: tuple[tuple[str, float], ...]
    why: str
    """The explanation in one line (``Verdict.explained``)."""
    acted: str
    at: float
    seq: int = field(default=0, compare=False)
