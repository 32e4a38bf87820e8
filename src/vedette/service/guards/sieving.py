"""Makes the Sieve script of a pack, with as much of its lists as a script can name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vedette.guard.domains import Entries
from vedette.guard.pack import Pack
from vedette.guard.sieve import Script, exported
from vedette.guard.sieve.conditions import MAX_DOMAINS, Domains
from vedette.lists.mapped import MappedList
from vedette.service.guards.trial import parts_of


async def script_of(
    pack: Pack, *, base: Path, state: Path, scratch: Path, now: float, folder: str | None
) -> Script:
    """Return the script of a pack. Raises UsageError where none can be made of it.

    ``base`` is the folder that the pack's own paths start from, ``state`` has lists that were
    fetched, and ``scratch`` is all that is written to.
    """
    parts = await parts_of(pack, base=base, state=state, scratch=scratch, now=now)
    lists = {name: _domains(own) for name, own in parts.items()}
    # A list of which a source is not at hand has domains that nobody knows here.
    sources = {each.name: len(each.sources) + bool(each.entries) for each in pack.lists}
    known = {
        name: Domains(
            entries=found.entries, whole=found.whole and len(parts[name]) == sources[name]
        )
        for name, found in lists.items()
    }
    return exported(pack, known, folder=folder)


def _domains(parts: Sequence[Entries | MappedList]) -> Domains:
    """Return the domains of those parts of a list that are short enough to be named."""
    found: list[str] = []
    for part in parts:
        if len(found) + len(part) <= MAX_DOMAINS:
            found += sorted(part)
    return Domains(entries=tuple(found), whole=len(found) == sum(map(len, parts)))
