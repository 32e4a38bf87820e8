"""What a person asks of guards through the control socket: to take an action back, to sweep.

It writes the wish into the journal and wakes the account; the steward carries it out over the
account's own connection. Taking back what a protective guard took because of a list is a
loosening: whether that may be at once is the ratchet's affair, which is asked first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias

from vedette.app.control import Handler
from vedette.errors import UsageError
from vedette.model.action import ActionState, JournalEntry
from vedette.model.ids import AccountId, ActionId
from vedette.ports.clock import Clock
from vedette.ports.journal import Journal, JournalQuery

#: Says why an action must not be taken back now, or None.
Holds: TypeAlias = Callable[[JournalEntry], Awaitable[str | None]]

#: Actions of one request.
MAX_UNDONE = 1_000


class GuardDesk:
    """Takes wishes about guards. ``attend`` lets an account look into its journal."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        *,
        attend: Callable[[AccountId], None],
        sweep: Callable[[AccountId | None], int],
        holds: Holds | None = None,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._attend = attend
        self._sweeps = sweep
        self._holds = holds

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """The commands of the control socket."""
        return {"guard.undo": self._undo, "guard.sweep": self._sweep}

    async def undo(self, actions: Sequence[ActionId]) -> tuple[int, list[str]]:
        """Have actions taken back; return how many, and why others may not be yet.

        Raises UsageError when one of them is not there, or not done; nothing is asked then.
        """
        entries = [await self._entry(name) for name in actions]
        asked, held = 0, []
        for entry in entries:
            why = None if self._holds is None else await self._holds(entry)
            if why is not None:
                held.append(f"{entry.id}: {why}")
                continue
            asked += await self._journal.undo(
                entry.id, now=self._clock.now(), reason="asked for by a person"
            )
        for account in {entry.account for entry in entries}:
            self._attend(account)
        return asked, held

    async def _undo(self, request: Mapping[str, Any]) -> dict[str, Any]:
        names = [ActionId(str(each)) for each in request["actions"]][:MAX_UNDONE]
        asked, held = await self.undo(names)
        return {"asked": asked, "held": held}

    async def _sweep(self, request: Mapping[str, Any]) -> dict[str, Any]:
        name = request.get("account")
        count = self._sweeps(None if name is None else AccountId(str(name)))
        if not count and name is not None:
            raise UsageError(f"no account is named {name!r} in the running service")
        return {"accounts": count}

    async def _entry(self, name: ActionId) -> JournalEntry:
        found = await self._journal.journal(JournalQuery(action=name, limit=1))
        if not found:
            raise UsageError(f"there is no action {name}; see vedette guard journal")
        if found[0].state is not ActionState.DONE:
            raise UsageError(f"the action {name} is {found[0].state.value} and can not be undone")
        return found[0]
