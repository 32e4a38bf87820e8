"""A list of domains as a file that is mapped, not loaded: processes share one copy of it.

A key is a domain with its labels turned round and a dot after each, so that one question
finds the domain and all above it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import marisa_trie

from vedette.errors import ConfigError


def key(domain: str) -> str:
    """Return the key of a domain: ``com.example.`` for ``example.com``."""
    return ".".join(reversed(domain.split("."))) + "."


def compiled(domains: Iterable[str]) -> marisa_trie.Trie:
    """Return the trie of domains. A million take half a second of processor time."""
    return marisa_trie.Trie([key(domain) for domain in domains])


class MappedList:
    """A list of domains from one source, in a mapped file.

    ``name`` is the source's and ``version`` when and what it was, for an explanation.
    """

    __slots__ = ("_trie", "name", "version")

    def __init__(self, path: Path, *, name: str, version: str) -> None:
        """Map a file. Raises ConfigError when it is none of ours."""
        self.name = name
        self.version = version
        self._trie = marisa_trie.Trie()
        try:
            self._trie.mmap(str(path))
        except (OSError, RuntimeError) as error:
            raise ConfigError(f"the list {name} at {path} can not be read: {error}") from error

    def __len__(self) -> int:
        """Return how many domains are on it."""
        return len(self._trie)

    def __iter__(self) -> Iterator[str]:
        """Yield its domains, in no order."""
        for each in self._trie.iterkeys():
            yield ".".join(reversed(each[:-1].split(".")))

    def find(self, host: str) -> str | None:
        """Return the entry that a host falls under, the longest; None when it is not listed."""
        found = self._trie.prefixes(key(host))
        return ".".join(reversed(found[-1][:-1].split("."))) if found else None
