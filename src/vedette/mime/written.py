"""The text of a page from its tree written out again, told from its tags in one go.

A tree written out (HTML, 13.3 "Serializing HTML fragments") has every element closed, every value
in quotation marks and no ``<`` within a value or a text, whatever the page was. So one expression
takes it apart, several times as fast as it is walked. What is not of that form, such as an
attribute whose name holds a quotation mark, is told (``UnusualError``), and the tree itself is
walked. It must not know how the tree was made.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from vedette.mime.charset import safe
from vedette.mime.hiding import conceals, hides
from vedette.mime.lines import BLOCKS, Hidden
from vedette.mime.tree import SILENT

_UNSEEN = re.compile(r"<!--[\s\S]*?-->|<style(?: [^<>]*)?>[\s\S]*?</style>")
# In their place: it parts no word, and stands in no page that is written out.
_GAP = "\x00"
_NAME = r"[^\s\"'<>/=\x00]+"
# Taken apart by it, a page is a text, the name of a tag (an end's with its stroke), its values,
# a text, and so on.
_TAG = re.compile(r"<(/?[^\s<>\x00]+)([^<>\x00]*)>")
_VALUES = re.compile(rf"(?: {_NAME}=\"[^\"]*\")*")
_ATTRIBUTE = re.compile(rf" ({_NAME})=\"([^\"]*)\"")
_STYLE = re.compile(r" style=\"([^\"]*)\"")
_CLASS = re.compile(r" class=\"([^\"]*)\"")
_ALT = re.compile(r" alt=\"([^\"]*)\"")
# Elements of which more is to know than how they break lines, or whose insides are no text.
_OTHERS = (SILENT - {"meta", "link", "base"}) | {
    "pre", "blockquote", "xmp", "noembed", "plaintext", "template", "noscript",
}  # fmt: skip
# Written without an end (HTML, 13.1.2 "Void elements", and those of long ago).
_VOID = frozenset(
    {"area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input",
     "keygen", "link", "meta", "param", "source", "track", "wbr"}
)  # fmt: skip
# What stands in the text for a break of one line, of two, and for "br".
_ONE, _TWO, _BR = "\x01", "\x02", "\x03"
_BREAK = re.compile(f"([{_ONE}-{_BR}]+)")
# The styles of a page that hide are sought one by one up to so many; a newsletter has one or two.
_MOST_SOUGHT = 8
# An ampersand last: what it was written for is no reference.
_WRITTEN = (
    ("&nbsp;", "\u00a0"), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&"),
)  # fmt: skip


def _marks() -> dict[str, str]:
    """Return what stands in the text for each tag that is more than nothing."""
    found = {"br": _BR, "td": " ", "th": " "}
    for name, breaks in BLOCKS.items():
        found[name] = found[f"/{name}"] = _TWO if breaks > 1 else _ONE
    return {**found, "li": f"{_ONE}- "}


_MARKS = _marks()


class UnusualError(Exception):
    """The tree can not be read as it is written out."""


class Written:
    """A page that is read from its tree written out; it says what ``tree.Walk`` says."""

    __slots__ = ("cut", "hidden", "visible")

    def __init__(self, written: str, limit: int, nodes: int, classes: frozenset[str]) -> None:
        """Read a body. Raises UnusualError where that can not be told from what is written."""
        self.hidden = Hidden(limit)
        page = written
        if _GAP in page or _ONE in page or _TWO in page or _BR in page:
            page = safe(page)
        if "<!--" in page or "<style" in page:
            page = _UNSEEN.sub(_GAP, page)
        # A node is a third of this: an element has two tags, and a text a tag beside it.
        pieces = _TAG.split(page)
        most = 2 * nodes * 3
        self.cut = len(pieces) > most
        del pieces[most | 1 :]
        texts, names, values = pieces[::3], pieces[1::3], pieces[2::3]
        if not (_OTHERS.isdisjoint(names) and all(map(_VALUES.fullmatch, set(values)))):
            raise UnusualError
        if "<" in "".join(texts):
            raise UnusualError
        marks = [_MARKS.get(name, "") for name in names]
        for place in [place for place, name in enumerate(names) if name == "img"]:
            alt = _ALT.search(values[place])
            marks[place] = alt[1] if alt is not None else ""
        self._hide(texts, names, marks, _hiding(page, values, classes))
        marks.append("")
        text = _joined([piece for pair in zip(texts, marks, strict=False) for piece in pair])
        self.cut = self.cut or len(text) > limit
        self.visible = text[:limit]

    def _hide(
        self, texts: list[str], names: list[str], marks: list[str], hiding: list[int]
    ) -> None:
        """Take the texts and marks of hidden elements out; the places of their tags are given."""
        reached = 0
        for start in hiding:
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
                    self.hidden.take(_plain(texts[place].replace(_GAP, "")))
                    texts[place] = ""
            reached = place


def _hiding(page: str, values: list[str], classes: frozenset[str]) -> list[int]:
    """Return the places of the tags that hide what is in their elements, in order."""
    found = [f' style="{each}"' for each in set(_STYLE.findall(page)) if hides(_plain(each))]
    if classes:
        named = set(_CLASS.findall(page))
        found += [f' class="{each}"' for each in named if _names_one(each, classes)]
    if ' hidden="' in page:
        found.append(' hidden="')
    if not found:
        return []
    sure = {each for each in set(values) if each and _conceals(each, found, classes)}
    return [place for place, each in enumerate(values) if each in sure]


def _names_one(written: str, classes: frozenset[str]) -> bool:
    return not classes.isdisjoint(_plain(written).split())


def _conceals(values: str, sought: Collection[str], classes: frozenset[str]) -> bool:
    if len(sought) <= _MOST_SOUGHT and not any(each in values for each in sought):
        return False
    attributes = {key: _plain(value) for key, value in _ATTRIBUTE.findall(values)}
    return conceals(attributes, classes)


def _joined(pieces: list[str]) -> str:
    """Return the text with its breaks as line ends, at most one empty line at a time."""
    text = "".join(pieces)
    for space in "\n\t\r\f":
        text = text.replace(space, " ")
    text = text.replace(_GAP, "")
    while "  " in text:
        text = text.replace("  ", " ")
    for mark in (_ONE, _TWO, _BR):
        text = text.replace(f" {mark}", mark).replace(f"{mark} ", mark)
    runs = _BREAK.split(text)
    runs[1::2] = [_broken(run) for run in runs[1::2]]
    return safe(_plain("".join(runs).strip(" \n")))


@lru_cache(maxsize=512)  # few are longer than five marks
def _broken(run: str) -> str:
    breaks = 0
    for mark in run:
        breaks = breaks + 1 if mark == _BR else max(breaks, 2 if mark == _TWO else 1)
    return "\n\n" if breaks > 1 else "\n"


def _plain(text: str) -> str:
    """Return what was written with the references that a tree is written out with."""
    if "&" not in text:
        return text
    for written, char in _WRITTEN:
        text = text.replace(written, char)
    return text
