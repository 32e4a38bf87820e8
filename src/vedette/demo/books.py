r"""The books: what the mailboxes hold, against what the webhook was told. Pure.

A message is where it is: account, folder, UIDVALIDITY and UID. It was delivered if an event
about it came, repeated if more came than one, under whatever id. Of the others it is said from
outside which are still under way; what is not is lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

RECEIVED: Final = "message.received"
APPLIED: Final = "action.applied"
UNDONE: Final = "action.undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a message is; no two messages are ever at the same place (RFC 3501 2.3.1.1)."""

    account: str
    folder: str
    uid_validity: int
    uid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What comparing both sides gave. ``strangers`` are events about mail that is not there.

    ``moved`` are messages that a guard took from where they were told of, as it said itself;
    ``late`` are those that are not told yet, and may be.
    """

    delivered: int
    lost: int
    repeated: int
    strangers: int
    moved: int = 0
    late: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether every message came once."""
        return not (self.lost or self.late or self.repeated)

    @property
    def agrees(self) -> bool:
        """Whether every message came once, and nothing else did."""
        return self.is_complete and not self.strangers

    def __str__(self) -> str:
        line = f"{self.delivered} delivered, {self.lost} lost, {self.repeated} repeated"
        if self.late:
            line += f", {self.late} still under way"
        if self.moved:
            line += f", {self.moved} moved by a guard"
        return f"{line}, {self.strangers} unknown" if self.strangers else line


class Books:
    """Counts the events about messages, by place."""

    def __init__(self) -> None:
        self._told: Counter[Place] = Counter()
        self._moved: set[Place] = set()

    def enter(self, event: dict[str, Any]) -> Place | None:
        """Count an event that was taken; return its place if it is about a new message."""
        data = event["data"]
        if event["type"] == APPLIED and data["result"] is not None:
            self._moved.add(_place(data["account"], data["message"], data["message"]["folder"]))
        if event["type"] != RECEIVED:
            return None
        place = _place(data["account"], data, data["folder"]["path"])
        self._told[place] += 1
        return place

    def is_moved(self, place: Place) -> bool:
        """Whether a guard told that it took the message at this place away."""
        return place in self._moved

    def has(self, place: Place) -> bool:
        """Whether an event about the message at this place came."""
        return place in self._told

    def balance(self, held: Iterable[Place], *, late: Collection[Place] = frozenset()) -> Balance:
        """Compare with what the mailboxes hold; ``late`` is what may still be told."""
        there = set(held)
        untold = {place for place in there if place not in self._told}
        return Balance(
            delivered=len(there) - len(untold),
            lost=sum(place not in late for place in untold),
            late=sum(place in late for place in untold),
            repeated=sum(count - 1 for count in self._told.values()),
            strangers=sum(place not in there | self._moved for place in self._told),
            moved=len(self._moved - there),
        )


def _place(account: dict[str, Any], message: dict[str, Any], folder: str) -> Place:
    return Place(
        account=account["id"],
        folder=folder,
        uid_validity=message["uidValidity"],
        uid=message["uid"],
    )
