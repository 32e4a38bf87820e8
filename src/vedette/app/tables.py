"""What the tables of hosts say now: each source's accounts, and the first of those of one id.

It must not know how a source reads, nor what becomes of its accounts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vedette.model.ids import AccountId
from vedette.ports.source import Source, Sourced
from vedette.service.accounts.elsewhere import Elsewhere


class Tables:
    """What each of some sources said last. ``elsewhere`` shows the same to people."""

    def __init__(self, elsewhere: Elsewhere) -> None:
        self._elsewhere = elsewhere
        self._said: dict[str, Mapping[AccountId, Sourced]] = {}
        self._order: tuple[str, ...] = ()

    def have(self, sources: Sequence[Source]) -> None:
        """Have these sources and no others, the one that counts first at the beginning.

        What one of a name that was there before said stands until its successor says something.
        """
        self._order = tuple(each.name for each in sources)
        self._said = {name: said for name, said in self._said.items() if name in self._order}
        self._elsewhere.arrange(self._order)

    def say(self, name: str, found: Sequence[Sourced]) -> None:
        """Take what a source says in the place of what it said."""
        self._said[name] = {each.registration.account.id: each for each in found}
        self._elsewhere.keep(name, found)

    def accounts(self) -> dict[AccountId, Sourced]:
        """Return the accounts of all sources; of one id that of the first."""
        found: dict[AccountId, Sourced] = {}
        for name in self._order:
            for id_, each in self._said.get(name, {}).items():
                found.setdefault(id_, each)
        return found
