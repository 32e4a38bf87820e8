"""Lists of domains as symbols ask them: whether a host, or a domain above it, is on one.

What a list is made of, where it is from and how it is kept small is not known here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Protocol


class DomainList(Protocol):
    """A list of domains. An entry stands for itself and for every name below it."""

    @property
    def name(self) -> str:
        """What the list is called in a pack."""

    @property
    def version(self) -> str:
        """Which state of the list this is, for explanations; empty where it has none."""

    def find(self, host: str) -> str | None:
        """Return the entry that is ``host`` or a domain above it; ``None`` if there is none.

        ``host`` is normalised: lower case, A-labels, no dot at its end.
        """


class Entries:
    """A list of domains in memory; they are normalised as hosts are."""

    __slots__ = ("_entries", "name", "version")

    def __init__(self, entries: Collection[str], *, name: str, version: str = "") -> None:
        self.name = name
        self.version = version
        self._entries = frozenset(entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def find(self, host: str) -> str | None:
        """Return the entry that is ``host`` or a domain above it."""
        name = host
        while name:
            if name in self._entries:
                return name
            name = name.partition(".")[2]
        return None
