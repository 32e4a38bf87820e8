"""Brings one list up to date: looks at each source when it is due, builds, and says what changed.

The last good one of a source stays in use until a new one has passed the gate. When to look,
and who is told, is the caller's affair; time and dice are arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from vedette.errors import NetworkError, StoreError
from vedette.guard.domains import Entries
from vedette.guard.pack import List
from vedette.lists.building import Report, Task
from vedette.lists.download import Got, download
from vedette.lists.mapped import MappedList
from vedette.lists.shelf import Note, Shelf, title
from vedette.lists.workshop import built
from vedette.ports.address import AddressGuard

_log = structlog.stdlib.get_logger(__name__)

#: A source that could not be had is asked again after this share of its interval.
SOONER = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What came of looking at a source: the list is new, or why the old one stays."""

    source: str
    changed: bool = False
    refused: str = ""


class Curator:
    """Keeps one list. ``folder`` is where compiled lists lie; ``base`` is what paths start from."""

    def __init__(
        self,
        wanted: List,
        *,
        folder: Path,
        base: Path,
        guard: AddressGuard,
        now: Callable[[], float],
        ca_file: Path | None = None,
    ) -> None:
        self.wanted = wanted
        self._shelf = Shelf(folder, wanted.name)
        self._base = base
        self._guard = guard
        self._now = now
        self._ca_file = ca_file

    def parts(self) -> tuple[MappedList | Entries, ...]:
        """Return what the list consists of now: own entries, and each source that is at hand."""
        own = (Entries(self.wanted.entries, name=self.wanted.name),) if self.wanted.entries else ()
        mapped = (self._shelf.take(source) for source in self.wanted.sources)
        return (*own, *(each for each in mapped if each is not None))

    def due(self, source: str) -> float:
        """Return the instant at which a source is to be looked at."""
        note = self._shelf.note(source)
        if note is None:
            return 0.0
        wait = self.wanted.every * (SOONER if note.refused else 1.0)
        return note.looked_at + wait

    async def look(self, source: str) -> Look:
        """Look at a source and build it anew if it changed. Never raises for what it holds."""
        note = self._shelf.note(source)
        try:
            return await self._looked(source, note)
        except (NetworkError, StoreError) as error:
            refused = str(error)
        if note is not None:
            self._shelf.looked(note, self._now(), refused=refused)
        _log.warning("list.unavailable", list=self.wanted.name, source=title(source), error=refused)
        return Look(source=source, refused=refused)

    async def _looked(self, source: str, note: Note | None) -> Look:
        if not is_fetched(source):
            return await self._rebuilt(self._base / source, source, note, Got(is_new=True))
        raw = self._shelf.workplace(source).with_suffix(".raw")
        try:
            got = await download(
                source,
                raw,
                guard=self._guard,
                etag=None if note is None else note.etag,
                modified=None if note is None else note.modified,
                ca_file=self._ca_file,
            )
            if note is not None and not got.is_new:
                self._shelf.looked(note, self._now())
                return Look(source=source)
            return await self._rebuilt(raw, source, note, got)
        finally:
            raw.unlink(missing_ok=True)

    async def _rebuilt(self, raw: Path, source: str, note: Note | None, got: Got) -> Look:
        workplace = self._shelf.workplace(source)
        report = await built(self._task(raw, workplace, note))
        if report.refused:
            return self._refused(source, note, report)
        changed = note is None or note.digest != report.digest
        now = self._now()
        self._shelf.put(
            Note(
                source=source,
                digest=report.digest,
                entries=report.entries,
                dropped=report.dropped,
                built_at=now,
                looked_at=now,
                etag=got.etag,
                modified=got.modified,
            ),
            workplace,
        )
        if changed:
            _log.info(
                "list.updated",
                list=self.wanted.name,
                source=title(source),
                entries=report.entries,
                dropped=sum(report.dropped.values()),
            )
        return Look(source=source, changed=changed)

    def _refused(self, source: str, note: Note | None, report: Report) -> Look:
        if note is not None:
            self._shelf.looked(note, self._now(), refused=report.refused)
        _log.warning(
            "list.refused", list=self.wanted.name, source=title(source), reason=report.refused
        )
        return Look(source=source, refused=report.refused)

    def _task(self, raw: Path, workplace: Path, note: Note | None) -> Task:
        return Task(
            raw=str(raw),
            built=str(workplace),
            format=self.wanted.format,
            before=None if note is None else note.entries,
            never=self.wanted.never,
            gate=self.wanted.gate,
        )


def is_fetched(source: str) -> bool:
    """Tell whether a source is an address and no file."""
    return source.startswith(("http://", "https://"))
