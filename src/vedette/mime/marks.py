"""Links and pictures of a page.

A link is told as it is written: nothing is resolved, decoded or fetched. It must not know what
anybody makes of it.
"""

from __future__ import annotations

import re
from html import unescape

from selectolax.lexbor import LexborHTMLParser, LexborNode

from vedette.mime import pictures
from vedette.mime.charset import safe
from vedette.mime.limits import Limits
from vedette.mime.message import Link

# Where elements keep an address.
_ADDRESSES = {
    "a": ("href", "xlink:href"), "img": ("src",), "form": ("action",), "button": ("formaction",),
    "input": ("src",), "area": ("href",), "base": ("href",), "iframe": ("src",), "embed": ("src",),
}  # fmt: skip
_SELECTOR = ", ".join(_ADDRESSES)
# Those of pictures, of which the name of the file tells something too.
_PICTURES = frozenset({"img", "input", "body", "table", "td"})
_BACKGROUNDS = ", body[background], table[background], td[background]"
# Elements between a link and a picture in it are one or two.
_NEAREST = 3
_SIMPLE = re.compile(
    r"""\s(?:href|src|action)\s{0,20}=\s{0,20}("[^"]{0,8000}|'[^']{0,8000}|[^\s"'>]{1,8000})""",
    re.IGNORECASE,
)
# Spaces in front of an address are dropped by browsers, as are tabs and line ends within.
_NO_PLACE = ("cid:", "data:", "tel:", "sms:", "#", "about:")


class Marks:
    """What is collected of one page, within ``limits``."""

    __slots__ = ("_alts", "_limits", "_links", "_pictures")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._links: list[Link] = []
        self._alts: list[str] = []
        self._pictures: dict[str, None] = {}

    def gather(self, html: str, tree: LexborHTMLParser) -> None:
        """Take the links and pictures of a page: what is hidden, too."""
        selector = _SELECTOR + (_BACKGROUNDS if "background=" in html else "")
        nodes = tree.css(selector)[: 2 * self._limits.links]
        named = self._pictured(nodes)
        for node in nodes:
            tag = node.tag or ""
            attributes = node.attributes
            if tag != "a":
                for key in _ADDRESSES.get(tag, ("background",)):
                    target = attributes.get(key)
                    self._add(target, "")
                    if target and tag in _PICTURES and len(self._pictures) < self._limits.links:
                        self._pictures.setdefault(target[:_LONGEST])
                continue
            for key in _ADDRESSES["a"]:
                if target := attributes.get(key):
                    text = node.text(deep=True) + named.get(node.mem_id, "")
                    self._add(target, " ".join(text[: self._limits.link_text].split()))

    def _pictured(self, nodes: list[LexborNode]) -> dict[int, str]:
        """Take what pictures say of themselves; return it by the links that they stand in."""
        found: dict[int, str] = {}
        for node in nodes:
            if node.tag != "img":
                continue
            attributes = node.attributes
            alt = attributes.get("alt")
            for text in (alt, attributes.get("title")):
                if text and len(self._alts) < self._limits.links:
                    self._alts.append(safe(text[: self._limits.link_text]).strip())
            above = node.parent
            for _ in range(_NEAREST if alt else 0):
                if above is None:
                    break
                if above.tag == "a":
                    found[above.mem_id] = f"{found.get(above.mem_id, '')} {alt}"
                    break
                above = above.parent
        return found

    def simple(self, html: str) -> None:
        """Take the links of a page of which no tree is made."""
        for found in _SIMPLE.finditer(html):
            if len(self._links) >= self._limits.links:
                return
            self._add(unescape(found[1].strip("\"'")), "")

    @property
    def links(self) -> tuple[Link, ...]:
        """The links in the order of the page."""
        return tuple(self._links)

    @property
    def alts(self) -> tuple[str, ...]:
        """What pictures say of themselves, and the names of their files as words."""
        names = (
            pictures.name(target)[: self._limits.link_text]
            for target in self._pictures
            if not target[:6].strip().lower().startswith(_NO_PLACE)
        )
        return tuple(dict.fromkeys(text for text in (*self._alts, *names) if text))

    def _add(self, target: str | None, text: str) -> None:
        if not target or len(self._links) >= self._limits.links:
            return
        target = target[:_LONGEST]
        target = (target if target.isprintable() else safe(target)).strip()
        if target and not target[:6].lower().startswith(_NO_PLACE):
            self._links.append(Link(target, text))


# Browsers take no longer address from a page; Safelinks in Safelinks stay under 4,000.
_LONGEST = 8_192
