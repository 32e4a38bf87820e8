"""What a round of chaos leaves on disk, and the judgement on it.

A round is a folder with files of one JSON object in each line:

- ``held.jsonl``, book A: each message as the server holds it, read back by an
  IMAP client that shares no code with ours;
- ``hook.jsonl`` and ``file.jsonl``, book B: each delivery, in the order of
  arrival, at the webhook and in the file;
- ``journal.jsonl``: what became of each action of the guard, and
  ``told-hook.jsonl`` and ``told-file.jsonl``: each delivery that says so.

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

from tests.chaos import deeds
from tests.chaos.deeds import Deed, Telling
from tests.support.books import WATCHED, Books, Receipt
from tests.support.dovecot import Dovecot, Holding
from tests.support.guards import QUARANTINE
from vedette.model.action import ActionState

HELD = "held.jsonl"
#: Book B, by endpoint. What the file gets is in order, because its endpoint is an ordered one.
RECEIVED = ("hook.jsonl", "file.jsonl")
ORDERED = ("file.jsonl",)
#: What a guard did, and before the name of a book B: what that endpoint was told of it.
JOURNAL = "journal.jsonl"
TOLD = "told-"
#: Where a message may lie in the end.
FOLDERS = (*WATCHED, QUARANTINE)

_UID = re.compile(rb"\bUID (\d+)")
_MESSAGE_ID = re.compile(rb"(?im)^message-id:\s*(\S+)")


def held(server: Dovecot, user: str) -> list[Holding]:
    """Ask the server, over IMAP, for every message in the folders where one may lie."""
    found = []
    with server.client(user) as client:
        for folder in FOLDERS:
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


def write(file: Path, things: Iterable[Holding | Receipt | Deed | Telling]) -> None:
    """Write one book."""
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
    holdings = [Holding(**row) for row in _rows(folder / HELD)]
    books.expect_held(holdings, folders=FOLDERS)
    books.receipts = [Receipt(**row) for row in _rows(folder / name)]
    verdict = books.compare()
    faults = [] if verdict.kept else [str(verdict)]
    if not books.expected:
        faults.append("the server holds nothing: this round shows nothing")
    done = [Deed(**{**row, "state": ActionState(row["state"])}) for row in _rows(folder / JOURNAL)]
    told = [Telling(**row) for row in _rows(folder / f"{TOLD}{name}")]
    faults += deeds.judge(holdings, books.receipts, done, told)
    if name in ORDERED:
        # A large message is moved by its head, ahead of its commit. After a crash between the two
        # it is told of at once, and those before it in the folder when they have been read.
        moved = {deed.place for deed in done}
        faults += misordered([each for each in books.receipts if each.place[1:] not in moved])
    return faults


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
