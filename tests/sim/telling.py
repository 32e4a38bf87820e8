"""The events that were committed, as the checker sees them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from tests.sim.imap.folder import Arrival
from vedette.model.delivery import Posting
from vedette.model.event import EventType
from vedette.model.ids import EventId

#: What settles a message, each under an id of its own.
ABOUT_MESSAGES: Final = frozenset(
    {
        EventType.MESSAGE_RECEIVED,
        EventType.MESSAGE_MISSING,
        EventType.MESSAGE_UNPARSEABLE,
    }
)


class Key(NamedTuple):
    """What names a message: whose, where, and under which numbers."""

    user: str
    folder: str
    uid_validity: int
    uid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event about a message; ``number`` is its place in the order of the commits.

    ``named`` is the name in the event, ``key`` the one that the server gave.
    """

    number: int
    event: EventId
    type: EventType
    key: Key
    named: Key
    token: str | None
    seen_before: bool | None

    @property
    def account(self) -> str:
        return self.key.user

    def __str__(self) -> str:
        return f"{self.type} {self.event} ({self.token}, {':'.join(map(str, self.key))})"


def key_of(arrival: Arrival) -> Key:
    """Return the name of an arrival."""
    return Key(arrival.user, arrival.folder, arrival.uid_validity, arrival.uid)


def told_of(postings: Iterable[Posting]) -> list[Told]:
    """Return the events about messages among postings, in their order."""
    found = []
    for number, posting in enumerate(postings):
        kind = EventType(posting.type)
        if kind in ABOUT_MESSAGES:
            data = json.loads(posting.body)["data"]
            key = Key(
                data["account"]["id"], data["folder"]["path"], data["uidValidity"], data["uid"]
            )
            found.append(
                Told(
                    number=number,
                    event=posting.event,
                    type=kind,
                    key=key,
                    named=key,
                    token=data.get("subject"),
                    seen_before=data.get("seenBefore"),
                )
            )
    return found
