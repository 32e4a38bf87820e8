"""Templates: ``{one|other|}`` draws an alternative, nested as needed; ``<slot>`` is filled later.

A body is a sequence of lines. ``# `` opens a heading, ``- `` an item, ``| `` a row of a table,
``> `` a quotation, ``[[words -> target]]`` is a button and ``![[alternative -> target]]`` an image;
other lines join to paragraphs, which an empty line ends. ``*words*`` marks what an author of spam
would disguise. It must not know any language or family.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from tests.corpus.family import Block, Shape

SLOT = re.compile(r"<([a-z_]+)>")
HOT = re.compile(r"\*([^*\n]+)\*")
_BUTTON = re.compile(r"(!?)\[\[(.+?) -> (\S+)\]\]")
_PREFIXES = {
    "# ": Shape.HEADING,
    "- ": Shape.ITEM,
    "| ": Shape.ROW,
    "> ": Shape.QUOTE,
}


class TemplateError(ValueError):
    """A template that cannot be read: unbalanced braces, an unknown slot."""


@dataclass(frozen=True, slots=True)
class Group:
    """Alternatives of which one is drawn."""

    choices: tuple[Sequence, ...]


@dataclass(frozen=True, slots=True)
class Sequence:
    """Texts and groups, one behind the other."""

    parts: tuple[str | Group, ...]


def expand(template: str, pick: Callable[[int], int]) -> str:
    """Draw each alternative of the template; ``pick(n)`` gives a number below n."""
    return "".join(_drawn(_read(template), pick))


def ways(template: str) -> int:
    """Return in how many ways the template can be drawn."""
    return _ways(_read(template))


def fill(text: str, slot: Callable[[str], str]) -> str:
    """Put what ``slot`` returns for each name into its place."""
    return SLOT.sub(lambda found: slot(found[1]), text)


def plain(text: str) -> str:
    """Return the text without the marks of what would be disguised."""
    return HOT.sub(r"\1", text)


def blocks(body: str) -> tuple[Block, ...]:
    """Return the blocks of a drawn body."""
    found: list[Block] = []
    lines: list[str] = []

    def close() -> None:
        if lines:
            found.append(Block(shape=Shape.PARAGRAPH, text=" ".join(lines)))
            lines.clear()

    for line in body.strip().splitlines():
        stripped = line.strip()
        shape = _PREFIXES.get(stripped[:2])
        button = _BUTTON.fullmatch(stripped)
        if not stripped:
            close()
        elif button:
            close()
            kind = Shape.IMAGE if button[1] else Shape.BUTTON
            found.append(Block(shape=kind, text=button[2], target=button[3]))
        elif shape:
            close()
            found.append(Block(shape=shape, text=stripped[2:]))
        else:
            lines.append(stripped)
    close()
    return tuple(found)


@cache
def _read(template: str) -> Sequence:
    """Read a template once; families are drawn from many times."""
    sequence, at = _sequence(template, 0, inside=False)
    if at != len(template):
        raise TemplateError(f"unbalanced brace: {template[max(0, at - 40) : at + 1]!r}")
    return sequence


def _sequence(template: str, at: int, *, inside: bool) -> tuple[Sequence, int]:
    """Read texts and groups up to the sign that ends them; return them, and where that stands."""
    found: list[str | Group] = []
    stops = "{|}" if inside else "{}"
    start = at
    while at < len(template) and (template[at] == "{" or template[at] not in stops):
        if template[at] != "{":
            at += 1
            continue
        found.append(template[start:at])
        group, at = _group(template, at + 1)
        found.append(group)
        start = at
    found.append(template[start:at])
    return Sequence(tuple(found)), at


def _group(template: str, at: int) -> tuple[Group, int]:
    """Read the alternatives after an opening brace; return them, and where the text goes on."""
    opened = at
    found: list[Sequence] = []
    while at < len(template):
        sequence, at = _sequence(template, at, inside=True)
        found.append(sequence)
        if template[at : at + 1] == "}":
            return Group(tuple(found)), at + 1
        at += 1
    raise TemplateError(f"brace without an end: {template[opened : opened + 40]!r}")


def _drawn(sequence: Sequence, pick: Callable[[int], int]) -> Iterator[str]:
    for part in sequence.parts:
        if isinstance(part, str):
            yield part
        else:
            yield from _drawn(part.choices[pick(len(part.choices))], pick)


def _ways(sequence: Sequence) -> int:
    groups = (part for part in sequence.parts if isinstance(part, Group))
    return math.prod(sum(_ways(choice) for choice in group.choices) for group in groups)
