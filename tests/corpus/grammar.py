"""Templates: ``{one|other|}`` draws an alternative, nested as needed; ``<slot>`` is filled later.

A body is a sequence of lines. ``# `` opens a heading, ``- `` an item, ``| `` a row of a table,
``> `` a quotation, ``[[words -> target]]`` is a button and ``![[alternative -> target]]`` an image;
other lines join to paragraphs, which an empty line ends. ``*words*`` marks what an author of spam
would disguise. It must not know any language or family.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

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


def expand(template: str, pick: Callable[[int], int]) -> str:
    """Draw each alternative of the template; ``pick(n)`` gives a number below n."""
    out: list[str] = []
    at = 0
    while at < len(template):
        if template[at] == "{":
            choices, at = _choices(template, at + 1)
            out.append(expand(choices[pick(len(choices))], pick))
        elif template[at] == "}":
            raise TemplateError(f"unbalanced brace: {template[max(0, at - 40) : at + 1]!r}")
        else:
            out.append(template[at])
            at += 1
    return "".join(out)


def ways(template: str) -> int:
    """Return in how many ways the template can be drawn."""
    total = 1
    at = 0
    while at < len(template):
        if template[at] == "{":
            choices, at = _choices(template, at + 1)
            total *= sum(ways(choice) for choice in choices)
        else:
            at += 1
    return total


def alternatives(template: str) -> Iterator[str]:
    """Yield the texts of all choices, one after another: what the template can say."""
    for piece in re.split(r"[{|}\n]", template):
        if piece.strip():
            yield piece


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


def _choices(template: str, at: int) -> tuple[list[str], int]:
    """Return the alternatives of the group opened before ``at``, and where it ends."""
    depth = 1
    start = at
    found: list[str] = []
    while at < len(template):
        sign = template[at]
        if sign == "{":
            depth += 1
        elif sign == "}":
            depth -= 1
        if (sign == "|" and depth == 1) or (sign == "}" and depth == 0):
            found.append(template[start:at])
            start = at + 1
        at += 1
        if depth == 0:
            return found, at
    raise TemplateError(f"brace without an end: {template[start : start + 40]!r}")
