"""Links and pictures of a page, taken along while its text is read.

A link is told as it is written: nothing is resolved, decoded or fetched. It must not know what
anybody makes of it.
"""

from __future__ import annotations

import re
from html import unescape

from selectolax.lexbor import LexborHTMLParser, LexborNode

from vedette.mime.charset import safe
from vedette.mime.limits import Limits
from vedette.mime.message import Link

# Where elements that are walked keep an address.
_ADDRESSES = {
    "a": "href", "img": "src", "form": "action", "button": "formaction", "input": "src",
    "body": "background", "table": "background", "td": "background",
}  # fmt: skip
_BACKGROUNDS = frozenset({"body", "table", "td"})
# Elements whose insides hold no text and are not walked, but may hold a link.
_ASIDE = re.compile(r"<(?:area|base|svg|iframe|embed)[\s/>]", re.IGNORECASE)
_ASIDE_SELECTOR = "area[href], base[href], svg a, iframe[src], embed[src]"
_SIMPLE = re.compile(
    r"""\s(?:href|src|action)\s{0,20}=\s{0,20}("[^"]{0,8000}|'[^']{0,8000}|[^\s"'>]{1,8000})""",
    re.IGNORECASE,
)
# Pieces of text within one link; a button has two or three.
_MOST_PIECES = 64
# Spaces in front of an address are dropped by browsers, as are tabs and line ends within.
_NO_PLACE = ("cid:", "data:", "tel:", "sms:", "#", "about:")


class Marks:
    """What is collected of one page, within ``limits``."""

    __slots__ = ("_alts", "_backgrounds", "_links", "_open", "_room", "_text_room")

    def __init__(self, html: str, limits: Limits) -> None:
        self._links: list[Link] = []
        self._alts: list[str] = []
        self._open: list[tuple[str, int]] = []
        self._room = limits.links
        self._text_room = limits.link_text
        self._backgrounds = "background=" in html

    def open(self, tag: str, node: LexborNode, place: int) -> None:
        """Take what an element has; ``place`` is how many pieces of text stand before it."""
        key = _ADDRESSES.get(tag)
        if key is None or (tag in _BACKGROUNDS and not self._backgrounds):
            return
        attributes = node.attributes
        target = attributes.get(key) or ""
        if tag == "a":
            # Closed by its end, with the text that came between.
            self._open.append((target, place))
            return
        self._add(target, "")
        if tag == "img":
            for text in (attributes.get("alt"), attributes.get("title")):
                if text and len(self._alts) < self._room:
                    self._alts.append(safe(text[: self._text_room]).strip())

    def close(self, pieces: list[str]) -> None:
        """End the innermost link; ``pieces`` is the text of the page so far."""
        if self._open:
            target, place = self._open.pop()
            shown = "".join(pieces[place : place + _MOST_PIECES])
            self._add(target, " ".join(shown[: self._text_room].split()))

    def aside(self, html: str, tree: LexborHTMLParser) -> None:
        """Take the links of elements that are not walked."""
        if _ASIDE.search(html):
            for node in tree.css(_ASIDE_SELECTOR)[: self._room]:
                attributes = node.attributes
                for key in ("href", "src", "xlink:href"):
                    self._add(attributes.get(key) or "", "")

    def simple(self, html: str) -> None:
        """Take the links of a page of which no tree is made."""
        for found in _SIMPLE.finditer(html):
            if len(self._links) >= self._room:
                return
            self._add(unescape(found[1].strip("\"'")), "")

    @property
    def links(self) -> tuple[Link, ...]:
        """The links in the order of their ends."""
        return tuple(self._links)

    @property
    def alts(self) -> tuple[str, ...]:
        """What pictures say of themselves."""
        return tuple(dict.fromkeys(text for text in self._alts if text))

    def _add(self, target: str, text: str) -> None:
        target = safe(target[:_LONGEST]).strip()
        if target and len(self._links) < self._room and not target.lower().startswith(_NO_PLACE):
            self._links.append(Link(target, text))


# Browsers take no longer address from a page; Safelinks in Safelinks stay under 4,000.
_LONGEST = 8_192
