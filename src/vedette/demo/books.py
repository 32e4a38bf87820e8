r"""The books: what the mailboxes hold, against what the webhook was told. Pure.

A message is where it is: account, folder, UIDVALIDITY and UID. It was delivered if an event
about it came, lost if none did, repeated if more came than one, under whatever id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

RECEIVED: Final = "message.received"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a message is; no two messages are ever at the same place (RFC 3501 2.3.1.1)."""

    account: str
    folder: str
    uid_validity: int
    uid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What comparing both sides gave. ``strangers`` are events about mail that is not there."""

    delivered: int
    lost: int
    repeated: int
    strangers: int

    @property
    def agrees(self) -> bool:
        """Whether every message came once, and nothing else did."""
        return not (self.lost or self.repeated or self.strangers)

    def __str__(self) -> str:
        line = f"{self.delivered} delivered, {self.lost} lost, {self.repeated} repeated"
        return f"{line}, {self.strangers} unknown" if self.strangers else line


class Books:
    """Counts the events about messages, by place."""

    def __init__(self) -> None:
        self._told: Counter[Place] = Counter()

    def enter(self, event: dict[str, Any]) -> Place | None:
        """Count an event that was taken; return its place if it is about a new message."""
        if event["type"] != RECEIVED:
            return None
        data = event["data"]
        place = Place(
            account=data["account"]["id"],
            folder=data["folder"]["path"],
            uid_validity=data["uidValidity"],
            uid=data["uid"],
        )
        self._told[place] += 1
        return place

    def has(self, place: Place) -> bool:
        """Whether an event about the message at this place came."""
        return place in self._told

    def balance(self, held: Iterable[Place]) -> Balance:
        """Compare with what the mailboxes hold."""
        there = set(held)
        return Balance(
            delivered=sum(place in self._told for place in there),
            lost=sum(place not in self._told for place in there),
            repeated=sum(count - 1 for count in self._told.values()),
            strangers=sum(place not in there for place in self._told),
        )
