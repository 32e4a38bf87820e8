"""The journal: what guards decided and did, so that it is done once and can be taken back.

Intents are written by ``Store.commit`` together with the cursor (``Commit.decisions`` and
``Commit.actions``), or by ``intend`` where no cursor moves; here is what follows. A store
implements this beside ``Store``.

What comes back is left alone. An action is not written when the same guard acted before on a
message of the account with one of its identity keys, and

- moved it: the message is here again, so somebody moved it back. An action that is DONE becomes
  RETURNED, and the decision says ``returned``;
- was taken back by anyone, whatever it did: the decision says ``returned``;
- did the same and not a move, so that nothing could come back: the decision says ``repeated``, as
  it does for a known id and for a message that is judged by an answer from before it was moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from vedette.model.action import ActionState, Decision, JournalEntry, Place
from vedette.model.ids import AccountId, ActionId, TenantId
from vedette.ports.store import Fence, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place among entries or decisions, which are listed newest first: by instant, then by number."""

    at: float
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalQuery:
    """Which entries: newest first, at most ``limit``; an empty filter takes all.

    ``since`` is inclusive and ``until`` exclusive. ``below`` is the spot of the last entry of the
    page before.
    """

    account: AccountId | None = None
    tenant: TenantId | None = None
    guard: str | None = None
    states: tuple[ActionState, ...] = ()
    action: ActionId | None = None
    since: float | None = None
    until: float | None = None
    below: Spot | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How often a guard decided what on one day (UTC, ISO date); kept when decisions are purged."""

    account: AccountId
    guard: str
    day: str
    verdict: str
    acted: str
    count: int


class Journal(Protocol):
    """Every method raises StoreError. What a method returns is on disk."""

    async def intend(
        self, fence: Fence, decisions: Sequence[Decision], actions: Sequence[JournalEntry]
    ) -> Verdict:
        """Write decisions and intents as ``Store.commit`` does, where no cursor moves (a sweep)."""

    async def pending(self, account: AccountId, folder: bytes | None = None) -> list[JournalEntry]:
        """Return what is to be carried out: INTENDED, COPIED and UNDOING, oldest first.

        ``folder`` is where the message now is, on the wire: for UNDOING where the action put it.
        """

    async def record(
        self,
        action: ActionId,
        state: ActionState,
        *,
        now: float,
        result: Place | None = None,
        reason: str = "",
        fence: Fence | None = None,
    ) -> bool:
        """Move an entry on; False if it is in a state from which that does not follow.

        Without a ``result`` the known one stays. The count of attempts begins anew. Who acts on a
        mailbox says under which ``fence``: False, and nothing is written, where that is over.
        """

    async def attempted(
        self, action: ActionId, *, now: float, reason: str, fence: Fence | None = None
    ) -> int:
        """Count one attempt that came to nothing; return how many there were at this step.

        0 where there is no step to be made, or the fence is over.
        """

    async def undo(self, action: ActionId, *, now: float, reason: str) -> bool:
        """Ask that a DONE entry be taken back; False if it is not DONE."""

    async def expired(self, account: AccountId, *, now: float, limit: int) -> list[JournalEntry]:
        """Return DONE entries whose time in quarantine is over, oldest first."""

    async def journal(self, query: JournalQuery) -> list[JournalEntry]:
        """Return entries, newest first."""

    async def acted_on(self, account: AccountId, identity: Sequence[bytes]) -> list[JournalEntry]:
        """Return entries about the message with one of these keys, newest first.

        It may have come back. At most 100 for each key.
        """

    async def decisions(
        self,
        account: AccountId | None,
        guard: str | None,
        *,
        since: float,
        limit: int,
        until: float | None = None,
        below: Spot | None = None,
    ) -> list[Decision]:
        """Return decisions, newest first; instants and ``below`` as in ``JournalQuery``."""

    async def tallies(
        self, account: AccountId | None, guard: str | None, *, since: str = ""
    ) -> list[Tally]:
        """Return the daily counts from the day ``since`` (ISO date) on, the oldest day first."""

    async def purge_decisions(self, *, before: float, limit: int) -> int:
        """Delete old decisions in a bounded step, counts kept; return how many went."""

    async def purge_journal(self, *, before: float, limit: int) -> int:
        """Delete entries whose last state is older, in a bounded step; return how many went.

        A message of a forgotten entry may be acted on again: keep them as long as identity keys.
        """
