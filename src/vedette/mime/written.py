"""The text of a page from its tree written out and taken apart, told from its tags in one go.

Several times as fast as the tree is walked. It must not know how the tree was made.
"""

from __future__ import annotations

from vedette.mime.apart import GAP, Apart, plain
from vedette.mime.charset import safe
from vedette.mime.lines import BLOCKS, Hidden

# Written without an end (HTML, 13.1.2 "Void elements", and those of long ago).
_VOID = frozenset(
    {"area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input",
     "keygen", "link", "meta", "param", "source", "track", "wbr"}
)  # fmt: skip
# What stands in the text for a break of one line, for an empty line, and for "br".
_ONE, _EMPTY, _BR = "\x01", "\x02", "\x03"
_TWO = f"{_ONE}{_EMPTY}{_ONE}"


def _marks() -> dict[str, str]:
    """Return what stands in the text for each tag that is more than nothing."""
    found = {"br": _BR, "td": " ", "th": " "}
    for name, breaks in BLOCKS.items():
        found[name] = found[f"/{name}"] = _TWO if breaks > 1 else _ONE
    return {**found, "li": f"{_ONE}- "}


_MARKS = _marks()


class Written:
    """The texts of a page that was taken apart; it says what ``tree.Walk`` says."""

    __slots__ = ("cut", "hidden", "visible")

    def __init__(self, page: Apart, limit: int) -> None:
        """Read a body."""
        self.hidden = Hidden(limit)
        mark_of = {tag: _MARKS.get(name, "") for tag, name in page.names.items()}
        mark_of.update(page.pictures())
        texts = page.texts
        marks = list(map(mark_of.__getitem__, page.tags))
        if page.hiding:
            texts = texts.copy()
            self._hide(page, texts, marks)
        pieces = [""] * (len(texts) + len(marks))
        pieces[::2] = texts
        pieces[1::2] = marks
        text = _joined("".join(pieces))
        self.cut = page.cut or len(text) > limit
        self.visible = text[:limit]

    def _hide(self, page: Apart, texts: list[str], marks: list[str]) -> None:
        """Take the texts and marks of hidden elements out."""
        names = list(map(page.names.__getitem__, page.tags))
        reached = 0
        for start in [place for place, tag in enumerate(page.tags) if tag in page.hiding]:
            if start < reached:
                continue
            place, depth = start, 0
            while place < len(names):
                marks[place] = ""
                if names[place] not in _VOID:
                    depth += -1 if names[place][0] == "/" else 1
                place += 1
                if depth <= 0:
                    break
                if place < len(texts):
                    self.hidden.take(plain(texts[place].replace(GAP, "")))
                    texts[place] = ""
            reached = place


def _joined(text: str) -> str:
    """Return the text with its breaks as line ends, at most one empty line at a time."""
    for space in "\n\t\r\f":
        text = text.replace(space, " ")
    text = text.replace(GAP, "")
    lines = [line for each in text.split(_ONE) if (line := each.strip(" "))]
    if _BR in text:
        lines = [part for line in lines for part in (_broken(line) if _BR in line else (line,))]
    text = "\n".join(lines)
    while "  " in text:
        text = text.replace("  ", " ")
    empty = f"{_EMPTY}\n{_EMPTY}"
    while empty in text:
        text = text.replace(empty, _EMPTY)
    text = text.replace(f"\n{_EMPTY}\n", "\n\n").strip(f" \n{_EMPTY}")
    return safe(plain(text))


def _broken(line: str) -> list[str]:
    """Return the lines of what elements "br" break, and an empty one where two breaks meet.

    A break at the end of a block is none of its own; one behind the end of a block is.
    """
    found: list[str] = []
    pieces = line.split(_BR)
    last = len(pieces) - 1
    for place, each in enumerate(pieces):
        if bare := each.strip(" "):
            found.append(bare)
        elif place < last and found[-1:] != [_EMPTY]:
            found.append(_EMPTY)
    return found
