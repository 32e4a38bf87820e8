"""Two books held side by side: what the server has or had, and what was delivered of it.

A test puts a unique token into the subject of each message. ``Books`` learns
the truth from the server's side (``expect``) and the deliveries from ours
(``take``), and tells every way in which the two can differ:

- *lost*: a message that was never delivered;
- *second id*: one message, delivered under two ids of the same place;
- *reused id*: one id that stands for two messages;
- *ghost*: a delivery of a message that never was.

It must not know how messages arrive or how events are carried.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.dovecot import Holding

#: A token as it stands in a subject; nothing else in a test mail looks like it.
_TOKEN = re.compile(r"token-[0-9a-f]{16}")

#: What is watched unless a test says otherwise.
WATCHED = ("INBOX", "Junk")

#: Enough of a long list to see what its members have in common.
_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One delivery of one event, as the receiver saw it; ``at`` is on the monotonic clock."""

    id: str
    type: str
    account: str
    folder: str
    uid_validity: int
    uid: int
    token: str | None
    seen_before: bool
    at: float

    @property
    def place(self) -> tuple[str, str, int, int]:
        """Where the message lies: what the id of its event is made of."""
        return (self.account, self.folder, self.uid_validity, self.uid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the comparison found; all four are empty when the promise was kept."""

    lost: Sequence[str] = ()
    second_ids: Sequence[str] = ()
    reused_ids: Sequence[str] = ()
    ghosts: Sequence[str] = ()
    events: int = 0
    repeats: int = 0

    @property
    def kept(self) -> bool:
        """Whether every message came, and each under one id of its own."""
        return not (self.lost or self.second_ids or self.reused_ids or self.ghosts)

    def __str__(self) -> str:
        lines = [f"{self.events} events, {self.repeats} repeats"]
        for name in ("lost", "second_ids", "reused_ids", "ghosts"):
            found: Sequence[str] = getattr(self, name)
            if found:
                more = "" if len(found) <= _SHOWN else f" and {len(found) - _SHOWN} more"
                lines.append(f"{name.replace('_', ' ')} {len(found)}: {_list(found)}{more}")
        return "\n".join(lines)


@dataclass(slots=True)
class Books:
    """Book A is ``expected``: token to how often it must come. Book B is ``receipts``."""

    expected: Counter[str] = field(default_factory=Counter)
    receipts: list[Receipt] = field(default_factory=list)
    others: list[dict[str, Any]] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def expect(self, tokens: Iterable[str], *, places: int = 1) -> None:
        """Enter messages of the server; each lies in ``places`` watched places."""
        for token in tokens:
            self.expected[token] = places

    def expect_held(self, holdings: Iterable[Holding], *, folders: Sequence[str] = WATCHED) -> None:
        """Enter what the server holds in the watched folders, each message at its place."""
        self.expected.update(token_of(each) for each in holdings if each.folder in folders)

    def take(self, body: bytes) -> None:
        """Enter one delivery; what is no message goes to ``others``."""
        event = json.loads(body)
        if event["type"] != "message.received":
            self.others.append(event)
            return
        data = event["data"]
        found = _TOKEN.search(data.get("subject") or "")
        self.receipts.append(
            Receipt(
                id=event["id"],
                type=event["type"],
                account=data["account"]["id"],
                folder=data["folder"]["path"],
                uid_validity=data["uidValidity"],
                uid=data["uid"],
                token=found and found.group(),
                seen_before=data["seenBefore"],
                at=time.monotonic() - self.began,
            )
        )

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """Return the events of a type that is not a message's."""
        return [event for event in self.others if event["type"] == kind]

    @property
    def missing(self) -> list[str]:
        """What did not come yet."""
        came: dict[str | None, set[str]] = defaultdict(set)
        for receipt in self.receipts:
            came[receipt.token].add(receipt.id)
        return [token for token, places in self.expected.items() if len(came[token]) < places]

    def compare(self) -> Verdict:
        """Hold the two books against each other."""
        by_id: dict[str, set[tuple[str | None, object]]] = defaultdict(set)
        by_place: dict[object, set[str]] = defaultdict(set)
        by_token: dict[str, dict[str, Receipt]] = defaultdict(dict)
        for receipt in self.receipts:
            by_id[receipt.id].add((receipt.token, receipt.place))
            by_place[receipt.place].add(receipt.id)
            if receipt.token is not None:
                by_token[receipt.token].setdefault(receipt.id, receipt)
        doubles = [
            f"{token} in {places} places: {_tell(by_token[token].values())}"
            for token, places in self.expected.items()
            if len(by_token[token]) > places
        ]
        doubles += [f"{place} as {_list(ids)}" for place, ids in by_place.items() if len(ids) > 1]
        return Verdict(
            lost=self.missing,
            second_ids=doubles,
            reused_ids=[
                f"{id_} is {_list(whats)}" for id_, whats in by_id.items() if len(whats) > 1
            ],
            ghosts=[
                f"{receipt.token} at {receipt.place}"
                for receipt in self.receipts
                if receipt.token not in self.expected
            ],
            events=len(by_id),
            repeats=len(self.receipts) - len(by_id),
        )

    def check(self) -> Verdict:
        """Return the verdict; raise AssertionError, with what differs, where it was not kept."""
        verdict = self.compare()
        if not verdict.kept:
            raise AssertionError(str(verdict))
        return verdict


def token_of(holding: Holding) -> str:
    """Return the token of a message as the server holds it."""
    return str(_TOKEN.findall(holding.message_id)[0])


def new_token() -> str:
    """Return a token that no other message carries."""
    return f"token-{uuid.uuid4().hex[:16]}"


def letter(token: str, *, body: bytes = b"hello\r\n") -> bytes:
    """Return a message that carries the token in its subject."""
    return (
        b"From: Anna <anna@example.org>\r\n"
        b"To: box@example.org\r\n"
        b"Date: Fri, 20 Nov 2026 10:00:00 +0000\r\n"
        b"Subject: " + token.encode() + b"\r\n"
        b"Message-ID: <" + token.encode() + b"@example.org>\r\n"
        b"\r\n" + body
    )


def _tell(receipts: Iterable[Receipt]) -> str:
    return "; ".join(
        f"{each.id} at {each.folder} {each.uid_validity}/{each.uid} after {each.at:.2f} s"
        for each in receipts
    )


def _list(values: Iterable[object]) -> str:
    return ", ".join(str(value) for value in list(values)[:_SHOWN])
