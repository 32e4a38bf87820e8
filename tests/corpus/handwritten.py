"""Letters written one by one, in batches; some batches teach the pack's wording, the others judge it.

A batch was written without sight of the pack, its words or the rest of the corpus. The batches of
``TAUGHT`` are what ``tests.packs.wording`` learns from, and whoever mends the pack may read them.
Those of ``UNSEEN`` are only counted: nobody tunes anything by them.

Must not know: any pack.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formataddr
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "handwritten"
TAUGHT = ("first", "third", "fifth", "sixth", "eighth", "ninth")
UNSEEN = ("second", "fourth", "seventh")
#: The judging batch of honest mail that has nothing to do with games.
EVERYDAY = "seventh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One letter: who writes, what, in which language, and whether it is an offer of gambling."""

    id: str
    language: str
    kind: str
    is_offer: bool
    raw: bytes


@cache
def letters(batch: str) -> tuple[Letter, ...]:
    """Return the letters of a batch, offers first."""
    return (*_read(batch, is_offer=True), *_read(batch, is_offer=False))


def _read(batch: str, *, is_offer: bool) -> Iterator[Letter]:
    name = f"{batch}.{'offers' if is_offer else 'ham'}.jsonl"
    path = FOLDER / name
    # Everyday mail has no offers.
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        row = json.loads(line)
        yield Letter(
            id=f"{batch}/{'offer' if is_offer else 'ham'}/{row['id']}",
            language=row["language"],
            kind=row["kind"],
            is_offer=is_offer,
            raw=_raw(row),
        )


def _raw(row: dict[str, str]) -> bytes:
    message = EmailMessage()
    message["From"] = formataddr((row["from_name"], row["from"]))
    message["To"] = "sam@briefkasten.test"
    message["Subject"] = " ".join(row["subject"].split())
    message["Date"] = "Fri, 20 Nov 2026 10:00:00 +0000"
    message["Message-ID"] = f"<{row['id']}@letters.example>"
    if row["list_unsubscribe"]:
        message["List-Unsubscribe"] = f"<https://{row['from'].rpartition('@')[2]}/off>"
    if row["text"] or not row["html"]:
        message.set_content(row["text"])
        if row["html"]:
            message.add_alternative(row["html"], subtype="html")
    else:
        message.set_content(row["html"], subtype="html")
    return message.as_bytes()
