"""What a list means by the names it gives: other lists of its pack, and sets that are known.

The known sets (public suffixes, services of many senders, honest senders) are held against
every list, named or not; a list is named to take its entries too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from vedette.guard.pack import List


def resolved(wanted: List, lists: Iterable[List]) -> List:
    """Return the list with domains alone in ``never`` and in its gate's canaries."""
    entries = {each.name: each.entries for each in lists}
    gate = replace(wanted.gate, canaries=_domains(wanted.gate.canaries, entries))
    return replace(wanted, never=_domains(wanted.never, entries), gate=gate)


def _domains(names: Iterable[str], entries: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for name in names:
        # A domain has a dot, which no name of a list or of a set may have.
        found |= dict.fromkeys((name,) if "." in name else entries.get(name, ()))
    return tuple(found)
