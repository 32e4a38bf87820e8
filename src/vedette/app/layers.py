"""Several lists of the same things laid over each other: of one id the first that has it counts.

The file of the operator stands over a table of the host application, and that over what was set
through the API: whoever is nearer to the machine has the last word. It must not know what the
things are.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Final, Generic, TypeVar

import structlog

_log = structlog.stdlib.get_logger(__name__)

_Id = TypeVar("_Id", bound=Hashable)
_Thing = TypeVar("_Thing")

#: The layers, the one that counts first.
FILE: Final = "file"
TABLE: Final = "table"
API: Final = "api"


class Layers(Generic[_Id, _Thing]):
    """Things by id. What a change comes to is returned: None for what is gone."""

    __slots__ = ("_kind", "_layers", "_told", "seen")

    def __init__(self, kind: str, names: Sequence[str] = (FILE, TABLE, API)) -> None:
        self._kind = kind
        self._layers: dict[str, dict[_Id, _Thing]] = {name: {} for name in names}
        self._told: set[tuple[str, _Id]] = set()
        #: What counts.
        self.seen: dict[_Id, _Thing] = {}

    def ids(self, layer: str) -> set[_Id]:
        """Return the ids of all things of a layer, whether they count or not."""
        return set(self._layers[layer])

    def replace(self, layer: str, things: Mapping[_Id, _Thing]) -> dict[_Id, _Thing | None]:
        """Make these all things of a layer."""
        before = self._layers[layer]
        gone = [each for each in before if each not in things]
        return self.change(layer, {**things, **dict.fromkeys(gone)})

    def change(self, layer: str, things: Mapping[_Id, _Thing | None]) -> dict[_Id, _Thing | None]:
        """Take what changed of a layer; None takes away."""
        here = self._layers[layer]
        for id_, thing in things.items():
            if thing is None:
                here.pop(id_, None)
                self._told.discard((layer, id_))
            else:
                here[id_] = thing
        return self._settled(things)

    def _settled(self, ids: Iterable[_Id]) -> dict[_Id, _Thing | None]:
        changed: dict[_Id, _Thing | None] = {}
        for id_ in ids:
            over = [(name, each[id_]) for name, each in self._layers.items() if id_ in each]
            before = self.seen.get(id_)
            if not over:
                if self.seen.pop(id_, None) is not None:
                    changed[id_] = None
                continue
            kept, thing = over[0]
            if before is not thing and before != thing:
                changed[id_] = thing
            self.seen[id_] = thing
            for name, _ in over[1:]:
                self._say(name, id_, kept)
        return changed

    def _say(self, layer: str, id_: _Id, kept: str) -> None:
        """Tell once that something is set twice."""
        if (layer, id_) not in self._told:
            self._told.add((layer, id_))
            _log.warning(
                "registered.twice", kind=self._kind, id=str(id_), counts=kept, ignored=layer
            )
