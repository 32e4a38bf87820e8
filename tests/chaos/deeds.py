"""What guards did in a round, and the judgement on it: done once, told once, nothing left over.

Must not know: how a round was made, and where its books are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.books import Receipt, token_of
from tests.support.dovecot import Holding
from tests.support.guards import QUARANTINE
from vedette.model.action import PENDING, ActionState
from vedette.ports.journal import JournalQuery
from vedette.secret import Secret
from vedette.store.postgres.reader import read_only as postgres
from vedette.store.sqlite.reader import read_only as sqlite

#: More actions than a round has messages.
_ALL = 1_000_000

#: How an action may end where nobody but us takes mail away. It fails after five attempts, each of
#: which may be a line that was cut.
_ENDS = (ActionState.DONE, ActionState.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One entry of the journal: what became of an action, and where its message lay."""

    id: str
    state: ActionState
    folder: str
    uid_validity: int
    uid: int | None

    @property
    def place(self) -> tuple[str, int, int | None]:
        """Where the message lay."""
        return (self.folder, self.uid_validity, self.uid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One delivery of an event that says that an action is done."""

    id: str
    action: str


def journal(state: Path | Secret[str]) -> list[Deed]:
    """Return what the journal in a folder or a database has; the service may run."""
    with sqlite(state) if isinstance(state, Path) else postgres(state) as reader:
        return [
            Deed(
                id=entry.id,
                state=entry.state,
                folder=entry.origin.folder.decode(),
                uid_validity=entry.origin.uid_validity,
                uid=entry.origin.uid,
            )
            for entry in reader.journal(JournalQuery(limit=_ALL))
        ]


def tellings(events: Iterable[dict[str, Any]]) -> list[Telling]:
    """Return the deliveries among those of ``action.applied``, in their order."""
    return [Telling(id=event["id"], action=event["data"]["action"]["id"]) for event in events]


def untold(deeds: Iterable[Deed], told: Iterable[Telling]) -> set[str]:
    """Return the actions that are not over, or are done and not told."""
    over = {each.action for each in told}
    return {
        deed.id
        for deed in deeds
        if deed.state in PENDING or (deed.state is ActionState.DONE and deed.id not in over)
    }


def judge(
    holdings: Sequence[Holding],
    receipts: Iterable[Receipt],
    deeds: Sequence[Deed],
    told: Iterable[Telling],
) -> list[str]:
    """Return, in words, where a message is not in one place, or its action not done and told once."""
    places = Counter(map(token_of, holdings))
    tokens: dict[tuple[str, int, int | None], str | None] = {
        each.place[1:]: each.token for each in receipts
    }
    done = [deed for deed in deeds if deed.state is ActionState.DONE]
    moved = Counter(str(tokens.get(deed.place, deed.place)) for deed in done)
    there = Counter(token_of(each) for each in holdings if each.folder == QUARANTINE)
    events: dict[str, set[str]] = defaultdict(set)
    for each in told:
        events[each.action].add(each.id)
    found = {
        "held in two places": [token for token, count in places.items() if count > 1],
        "moved twice": [token for token, count in moved.items() if count > 1],
        "moved without an action that is done": [*(there - moved)],
        "done and not moved": [*(moved - there)],
        "actions without a proper end": [
            f"{deed.id} {deed.state}" for deed in deeds if deed.state not in _ENDS
        ],
        "done and not told": [deed.id for deed in done if deed.id not in events],
        "told and not done": sorted(events.keys() - {deed.id for deed in done}),
        "told under two ids": [action for action, ids in events.items() if len(ids) > 1],
    }
    return [f"{what}: {', '.join(which)}" for what, which in found.items() if which]
