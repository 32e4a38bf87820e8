"""What a guard decided about a message, and what was done with it: the journal's nouns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique

from vedette.model.ids import AccountId, ActionId, TenantId


@unique
class ActionState(StrEnum):
    """The life of one action on one message.

    ::

        intended ─► (copied) ─► done ─► undoing ─► undone
            │           │         ├─► expired    its time in quarantine is over
            ├───────────┴─► gone  └─► returned   the user moved it back
            └─► failed
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
    ``expires`` is the instant at which its time in quarantine is over.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one guard decided about one message: no subject, no text, no address.

    ``symbols`` are names with scores, most first; ``domain`` is the sender's registrable domain.
    ``acted`` says whether an action was written with it, or why not: ``shadow``, ``breaker``,
    ``paused``, ``returned``, ``capped``.
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
