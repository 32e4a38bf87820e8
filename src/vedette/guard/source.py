"""The text of a pack, to nodes that know where they stand. It must not know what a pack is.

YAML 1.1 as PyYAML reads it, without its constructors: no object is ever built from the text.
Depth, size and the work that aliases make are bounded, so no text costs more than its length.
Nodes are composed here from PyYAML's events: its own composer is recursive and does not bound
aliases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from vedette.errors import ConfigError

#: Octets of one pack; the largest of ours has 60 KB. Longer lists belong into files of their own.
MAX_SIZE = 1024 * 1024
#: Nodes, those behind an alias counted each time: a pack of 20,000 phrases in ten languages.
MAX_NODES = 100_000
#: Tables and lists in one another; the syntax needs five.
MAX_DEPTH = 20
#: Mistakes that are told at once; after so many a person mends some and tries again.
MAX_MISTAKES = 20

_TAG = "tag:yaml.org,2002:"
# libyaml's parser where there is one: the same grammar, ten times as fast.
_LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One thing that is wrong: line and column from 1, and what is to be done."""

    line: int
    column: int
    what: str


class Mistakes:
    """What is wrong with one pack, collected so that all of it is told at once."""

    __slots__ = ("_found", "file")

    def __init__(self, file: str) -> None:
        self.file = file
        self._found: list[Mistake] = []

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Mistake]:
        return iter(sorted(set(self._found)))

    def at(self, place: Place, what: str) -> None:
        """Note a mistake at a place."""
        self._found.append(Mistake(place.line, place.column, what))

    def raise_any(self) -> None:
        """Raise ConfigError with one line for each mistake, if there are any."""
        found = list(self)
        if not found:
            return
        lines = [f"{self.file}:{each.line}:{each.column}: {each.what}" for each in found]
        if len(lines) > MAX_MISTAKES:
            more = len(lines) - MAX_MISTAKES
            lines[MAX_MISTAKES:] = [f"{self.file}: {more} more; mend these and look again"]
        raise ConfigError("\n".join(lines))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node begins: line and column from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value; ``kind`` is what YAML takes it for: ``str``, ``int``, ``float``, ``bool`` and so on."""

    place: Place
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    place: Place
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """A table; the keys are text, and each is there once."""

    place: Place
    pairs: tuple[tuple[Scalar, Node], ...]


Node: TypeAlias = Scalar | Sequence | Mapping


def compose(text: str, mistakes: Mistakes) -> Node | None:
    """Read a text to its one node; ``None`` when it is no YAML or no single document."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        mistakes.at(Place(1, 1), "is not UTF-8")
        return None
    if size > MAX_SIZE:
        mistakes.at(Place(1, 1), f"is larger than {MAX_SIZE} octets; put lists into files")
        return None
    try:
        loader = _LOADER(text)
        try:
            return _Composing(loader, mistakes).document()
        finally:
            loader.dispose()
    except _StopError as stop:
        mistakes.at(stop.place, str(stop))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        mistakes.at(_place(mark), f"is no YAML: {_said(error)}")
    except yaml.reader.ReaderError as error:
        before = text[: error.position] if isinstance(error.position, int) else ""
        line = before.count("\n") + 1
        mistakes.at(Place(line, 1), "holds a control character, which YAML does not allow")
    return None


def _place(mark: Any) -> Place:
    """Return the place of a mark of PyYAML, whose numbers begin at 0 and which may be missing."""
    return Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)


def _said(error: yaml.MarkedYAMLError) -> str:
    parts = (error.context, error.problem)
    return ", ".join(" ".join(part.split()) for part in parts if part) or "it breaks off"


class _StopError(Exception):
    """The text can not be read on."""

    def __init__(self, place: Place, what: str) -> None:
        super().__init__(what)
        self.place = place


@dataclass(slots=True)
class _Open:
    """A table or list that is not yet closed."""

    place: Place
    anchor: str | None
    is_mapping: bool
    nodes: list[Node] = field(default_factory=list)
    weight: int = 1


class _Composing:
    """Events to nodes, with a stack of our own in place of Python's."""

    __slots__ = ("_anchors", "_loader", "_mistakes", "_resolve", "_stack")

    def __init__(self, loader: yaml.SafeLoader | yaml.CSafeLoader, mistakes: Mistakes) -> None:
        self._loader = loader
        self._mistakes = mistakes
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._stack: list[_Open] = []
        self._resolve: Callable[..., str] = loader.resolve

    def document(self) -> Node | None:
        root: Node | None = None
        while (event := self._loader.get_event()) is not None:
            place = _place(event.start_mark)
            if isinstance(event, yaml.DocumentStartEvent) and root is not None:
                raise _StopError(place, "a second document begins; a pack is one")
            root = self._take(event, place) or root
        if root is None:
            raise _StopError(Place(1, 1), "is empty; see the reference of guard packs")
        return root

    def _take(self, event: yaml.Event, place: Place) -> Node | None:
        """Take one event; return the root when it is complete."""
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._refuse_tag(event.tag, place)
            if len(self._stack) == MAX_DEPTH:
                raise _StopError(place, f"is nested deeper than {MAX_DEPTH}")
            is_mapping = isinstance(event, yaml.MappingStartEvent)
            self._stack.append(_Open(place, event.anchor, is_mapping))
            return None
        if isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            done = self._stack.pop()
            node: Node = (
                self._mapping(done) if done.is_mapping else Sequence(done.place, tuple(done.nodes))
            )
            return self._add(node, done.weight, done.anchor)
        if isinstance(event, yaml.ScalarEvent):
            self._refuse_tag(event.tag, place)
            # Which type a plain scalar has, by the patterns of YAML 1.1; nothing is built of it.
            tag: str = self._resolve(yaml.ScalarNode, event.value, event.implicit)
            kind = tag.removeprefix(_TAG)
            return self._add(Scalar(place, kind, event.value), 1, event.anchor)
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise _StopError(place, f"*{event.anchor} is an alias of nothing above it")
            return self._add(*self._anchors[event.anchor], None)
        return None

    def _add(self, node: Node, weight: int, anchor: str | None) -> Node | None:
        if anchor is not None:
            self._anchors[anchor] = (node, weight)
        if not self._stack:
            return node
        top = self._stack[-1]
        top.nodes.append(node)
        top.weight += weight
        if top.weight > MAX_NODES:
            raise _StopError(node.place, f"is more than {MAX_NODES} values, aliases written out")
        return None

    def _mapping(self, done: _Open) -> Mapping:
        pairs: list[tuple[Scalar, Node]] = []
        first: dict[str, Place] = {}
        for key, value in zip(done.nodes[::2], done.nodes[1::2], strict=True):
            if not isinstance(key, Scalar):
                self._mistakes.at(key.place, "a key must be text")
            elif key.kind == "merge":
                self._mistakes.at(key.place, "tables are not merged (<<); write the keys out")
            elif key.text in first:
                line = first[key.text].line
                self._mistakes.at(key.place, f"{key.text!r} is there twice, first on line {line}")
            else:
                first[key.text] = key.place
                pairs.append((key, value))
        return Mapping(done.place, tuple(pairs))

    @staticmethod
    def _refuse_tag(tag: str | None, place: Place) -> None:
        if tag is not None:
            raise _StopError(place, f"tags such as {tag} are not read; leave it out")
