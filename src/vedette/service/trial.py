"""Tries a guard on mail in files: what it would do, and why; nothing is connected or moved."""

from __future__ import annotations

import mailbox
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vedette import mime
from vedette.errors import UsageError
from vedette.guard.evidence import Evidence
from vedette.guard.judging import Guard
from vedette.guard.listing.references import resolved
from vedette.guard.pack import Pack
from vedette.guard.verdict import Hit, Verdict
from vedette.lists.curator import Curator
from vedette.net.address import AddressGuard

#: Octets of one message that are read: what a service takes of one (catalogue M11).
MAX_MESSAGE = 50 * 1024 * 1024

#: What a file of mail is called; ``.mbox`` has many (RFC 4155).
ONE, MANY = (".eml", ".msg", ".txt"), ".mbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One message and its verdict; ``name`` is its file, and its number in one with many."""

    name: str
    verdict: Verdict

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        verdict = self.verdict
        return {
            "file": self.name,
            "guard": verdict.guard,
            "version": verdict.version,
            "verdict": verdict.name,
            "wanted": verdict.wanted[0].name if verdict.wanted else "keep",
            "kind": verdict.actions[0].kind.value if verdict.actions else None,
            "score": verdict.score,
            "hits": [_hit(each) for each in verdict.hits],
            "cappedBy": [_hit(each) for each in verdict.capped_by],
            "route": verdict.route or None,
            "failed": verdict.failed or None,
            "explanation": verdict.explained(),
        }


def compiled(pack: Pack, *, base: Path, state: Path, now: float) -> Guard:
    """Return a guard with the lists that are at hand below ``state``; nothing is fetched.

    ``base`` is the folder that the pack's own paths start from.
    """
    lists = {
        each.name: Curator(
            resolved(each, pack.lists),
            folder=state / "lists" / pack.name,
            base=base,
            guard=AddressGuard(),
            now=lambda: now,
        ).parts()
        for each in pack.lists
    }
    return Guard(pack, lists)


def tried(guard: Guard, places: Sequence[Path], trusted: Sequence[str]) -> Iterator[Trial]:
    """Judge the messages of files and folders. Raises UsageError for what can not be read.

    ``trusted`` are the servers whose Authentication-Results are believed (RFC 8601).
    """
    for place in places:
        for name, octets in _messages(place):
            message = mime.read(octets, trusted_authserv=trusted, shown=True)
            evidence = Evidence(message=message, size=len(octets))
            yield Trial(name=name, verdict=guard.full(evidence))


def _messages(place: Path) -> Iterator[tuple[str, bytes]]:
    if place.is_dir():
        for path in sorted(place.rglob("*")):
            if path.suffix in {*ONE, MANY} and path.is_file():
                yield from _messages(path)
        return
    if place.suffix == MANY:
        yield from _many(place)
        return
    try:
        with place.open("rb") as file:
            yield str(place), file.read(MAX_MESSAGE)
    except OSError as error:
        raise UsageError(f"{place} can not be read: {error.strerror or error}") from error


def _many(place: Path) -> Iterator[tuple[str, bytes]]:
    try:
        box = mailbox.mbox(place, create=False)
    except (OSError, mailbox.Error) as error:
        raise UsageError(f"{place} can not be read: {error}") from error
    try:
        for number, key in enumerate(box.iterkeys(), start=1):
            yield f"{place}:{number}", box.get_bytes(key)[:MAX_MESSAGE]
    finally:
        box.close()


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "symbol": hit.symbol,
        "score": hit.score,
        "field": hit.field or None,
        "matched": hit.matched or None,
        "source": hit.source or None,
    }
