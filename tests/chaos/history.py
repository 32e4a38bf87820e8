"""What a round of chaos leaves on disk, and the judgement on it.

A round is a folder with three files of one JSON object in each line:

- ``held.jsonl``, book A: each message as the server holds it, read back by an
  IMAP client that shares no code with ours;
- ``hook.jsonl`` and ``file.jsonl``, book B: each delivery, in the order of
  arrival, at the webhook and in the file.

The judgement needs nothing else, so it can be repeated on another day. It must
not know how the round was made.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.support.books import WATCHED, Books, Receipt
from tests.support.dovecot import Dovecot, Holding

HELD = "held.jsonl"
#: Book B, by endpoint. What the file gets is in order, because its endpoint is an ordered one.
RECEIVED = ("hook.jsonl", "file.jsonl")
ORDERED = ("file.jsonl",)

_UID = re.compile(rb"\bUID (\d+)")
_MESSAGE_ID = re.compile(rb"(?im)^message-id:\s*(\S+)")


def held(server: Dovecot, user: str) -> list[Holding]:
    """Ask the server, over IMAP, for every message in the watched folders."""
    found = []
    with server.client(user) as client:
        for folder in WATCHED:
            status, _ = client.select(folder, readonly=True)
            if status != "OK":
                continue
            validity = int(client.response("UIDVALIDITY")[1][0])
            _, rows = client.uid("FETCH", "1:*", "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")
            found += [
                Holding(
                    folder=folder,
                    uid_validity=validity,
                    uid=_number(row),
                    message_id=_MESSAGE_ID.findall(row[1])[0].decode(),
                )
                for row in rows
                if isinstance(row, tuple)
            ]
    return sorted(found)


def _number(row: tuple[bytes, bytes]) -> int:
    return int(_UID.findall(row[0])[0])


def write(file: Path, things: Iterable[Holding | Receipt]) -> None:
    """Write one side's book."""
    with file.open("w", encoding="utf-8") as out:
        for thing in things:
            out.write(json.dumps(asdict(thing), separators=(",", ":")) + "\n")


def judge(folder: Path) -> list[str]:
    """Return every fault of the rounds below a folder, in words; none when the promise was kept."""
    return [
        f"{round_.name}, {name}: {fault}"
        for round_ in sorted(held.parent for held in folder.rglob(HELD))
        for name in RECEIVED
        for fault in _faults(round_, name)
    ]


def _faults(folder: Path, name: str) -> list[str]:
    books = Books()
    books.expect_held(Holding(**row) for row in _rows(folder / HELD))
    books.receipts = [Receipt(**row) for row in _rows(folder / name)]
    verdict = books.compare()
    faults = [] if verdict.kept else [str(verdict)]
    if not books.expected:
        faults.append("the server holds nothing: this round shows nothing")
    return faults + (misordered(books.receipts) if name in ORDERED else [])


def misordered(receipts: Sequence[Receipt]) -> list[str]:
    """Return where a message came, for the first time, before an older one of its folder."""
    highest: dict[tuple[str, str, int], int] = defaultdict(int)
    known: set[str] = set()
    faults = []
    for each in receipts:
        if each.id in known:
            continue
        known.add(each.id)
        folder = (each.account, each.folder, each.uid_validity)
        if each.uid < highest[folder]:
            faults.append(f"UID {each.uid} of {each.folder} came after {highest[folder]}")
        highest[folder] = max(highest[folder], each.uid)
    return faults


def _rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]
