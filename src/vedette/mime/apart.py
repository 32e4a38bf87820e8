"""A tree of HTML written out and taken apart: its texts, and its tags with what they mean.

A tree written out (HTML, 13.3 "Serializing HTML fragments") has every element closed, every value
in quotation marks and no ``<`` within a value or a text, whatever the page was. So it is taken
apart at the speed of C, and each of its tags is read once, however often it stands there: the
cells of a newsletter share a handful. What is not of that form, such as an attribute whose name
holds a quotation mark, is told (``UnusualError``). It must not know how the tree was made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from vedette.mime.charset import safe
from vedette.mime.hiding import hides
from vedette.mime.marks import ADDRESSES, BACKGROUNDS, SAID, Leading
from vedette.mime.tree import SILENT

_UNSEEN = re.compile(r"<!--[\s\S]*?-->|<style(?: [^<>]*)?>[\s\S]*?</style>")
#: In the place of what is not seen: it parts no word, and stands in no page that is written out.
GAP = "\x00"
#: Characters that have a meaning of their own in what is made of a page.
RESERVED = (GAP, "\x01", "\x02", "\x03")
_NAME = re.compile(r"/?[^\s<>\x00]+")
_KEY = re.compile(r" [^\s\"'<>/=\x00]+=")
# Elements of which more is to know than how they break lines, or whose insides are no text.
_OTHERS = (SILENT - {"meta", "link", "base"}) | {
    "pre", "blockquote", "xmp", "noembed", "plaintext", "template", "noscript",
}  # fmt: skip
# What is to know of elements that lead to something, and how it is written.
_WANTED = {
    name: tuple((key, f" {key}=") for key in (*keys, *(SAID if name == "img" else ())))
    for name, keys in (*ADDRESSES.items(), *((name, ("background",)) for name in BACKGROUNDS))
}
# An ampersand last: what it was written for is no reference.
_WRITTEN = (
    ("&nbsp;", "\u00a0"), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&"),
)  # fmt: skip
# Texts of one link that are looked at, and characters of more than a few of them: links in links
# would otherwise share them all. Links show 500 characters, each written with six at most.
_MOST_TEXTS = 500
_MOST_SHOWN = 6 * 500
_USUAL_TEXTS = 8


class UnusualError(Exception):
    """The tree can not be read as it is written out."""


class Apart:
    """The pieces of a page: a text, a tag, a text, and so on."""

    __slots__ = ("_attributes", "cut", "hiding", "names", "tags", "texts")

    def __init__(self, written: str, nodes: int, classes: frozenset[str]) -> None:
        """Take a page apart, up to twice ``nodes`` tags. Raises UnusualError.

        ``classes`` are those that its style sheets hide.
        """
        page = written
        if any(map(page.__contains__, RESERVED)):
            page = safe(page)
        if "<!--" in page or "<style" in page:
            page = _UNSEEN.sub(GAP, page)
        # Each "<" begins a piece; it is of a tag if each second piece begins so, and no other.
        pieces = page.replace("<", "><").split(">")
        if len(pieces) % 2 == 0 or page.count("<") != len(pieces) // 2:
            raise UnusualError
        # A node is half of this: an element has two tags, and a text a tag beside it.
        most = 2 * nodes * 2
        self.cut = len(pieces) > most
        del pieces[most | 1 :]
        self.texts, self.tags = pieces[::2], pieces[1::2]
        #: Of each tag its name, of an end with the stroke.
        self.names: dict[str, str] = {}
        #: The tags whose elements are not shown.
        self.hiding: set[str] = set()
        self._attributes: dict[str, dict[str, str]] = {}
        self._read(classes)

    def _read(self, classes: frozenset[str]) -> None:
        """Read each tag once."""
        keys: set[str] = set()
        for tag in set(self.tags):
            end = tag.find(" ")
            if end < 0:
                self.names[tag] = tag[1:]
                continue
            self.names[tag] = tag[1:end]
            # Name, value, name, value, and nothing; the first of a name counts, and stands alone.
            written = tag[end:].split('"')
            found = dict(zip(written[::2], written[1::2], strict=False))
            self._attributes[tag] = found
            keys.update(found)
            if written[-1] or GAP in tag or len(written) != 2 * len(found) + 1:
                raise UnusualError
            if _hides(found, classes):
                self.hiding.add(tag)
        if not all(map(_KEY.fullmatch, keys)):
            raise UnusualError
        names = set(self.names.values())
        if not (_OTHERS.isdisjoint(names) and all(map(_NAME.fullmatch, names))):
            raise UnusualError

    def attribute(self, tag: str, name: str) -> str:
        """Return an attribute of a tag as it is meant; empty where there is none."""
        found = self._attributes.get(tag)
        return plain(found.get(f" {name}=", "")) if found is not None else ""

    def pictures(self) -> Iterator[tuple[str, str]]:
        """Yield the tags of pictures, each with its alternative text as it is written."""
        for tag, found in self._attributes.items():
            if self.names[tag] == "img":
                yield tag, found.get(" alt=", "")

    def leading(self, most: int) -> Iterator[Leading]:
        """Yield the elements that lead to something, at most so many, in order."""
        sought = {tag for tag in self._attributes if self._leads(tag)}
        sought |= {tag for tag in ("<a", "</a") if tag in self.names}
        places = [place for place, tag in enumerate(self.tags) if tag in sought]
        shown = self._shown(places, most)
        for place in [place for place in places if self.tags[place] != "</a"][:most]:
            tag = self.tags[place]
            found = self._attributes.get(tag, {})
            name = self.names[tag]
            wanted = {key: plain(found[raw]) for key, raw in _WANTED[name] if raw in found}
            yield name, wanted, shown.get(place, "")

    def _leads(self, tag: str) -> bool:
        name = self.names[tag]
        return name in ADDRESSES or (
            name in BACKGROUNDS and " background=" in self._attributes[tag]
        )

    def _shown(self, places: list[int], most: int) -> dict[int, str]:
        """Return what links show, by their places: texts, then what pictures say of themselves."""
        shown: dict[int, str] = {}
        alts: dict[int, str] = {}
        opened: list[int] = []
        for place in places:
            name = self.names[self.tags[place]]
            if name == "a":
                opened.append(place)
            elif name == "/a" and opened:
                start = opened.pop()
                if len(shown) < most:
                    shown[start] = self._between(start, place) + alts.get(start, "")
            elif name == "img" and opened and (alt := self.attribute(self.tags[place], "alt")):
                before = alts.get(opened[-1], "")
                alts[opened[-1]] = f"{before} {alt}" if len(before) < _MOST_SHOWN else before
        return shown

    def _between(self, start: int, end: int) -> str:
        """Return the text between two tags, as much of it as a link may show."""
        texts = self.texts[start + 1 : min(end, start + _MOST_TEXTS) + 1]
        if len(texts) > _USUAL_TEXTS:
            whole, texts = texts, []
            room = _MOST_SHOWN
            for text in whole:
                texts.append(text[:room])
                room -= len(text)
                if room <= 0:
                    break
        return plain("".join(texts).replace(GAP, ""))


def _hides(found: Mapping[str, str], classes: frozenset[str]) -> bool:
    """Tell what ``hiding.conceals`` does, of attributes as they are written."""
    style = found.get(" style=")
    if style and hides(plain(style) if "&" in style else style):
        return True
    if " hidden=" in found:
        return True
    return bool(classes) and not classes.isdisjoint(plain(found.get(" class=", "")).split())


def plain(text: str) -> str:
    """Return what was written with the references that a tree is written out with."""
    if "&" not in text:
        return text
    for written, char in _WRITTEN:
        text = text.replace(written, char)
    return text
