"""Links and pictures of a page.

A link is told as it is written: nothing is resolved, decoded or fetched. It must not know how the
page is read, nor what anybody makes of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import unescape
from typing import TypeAlias

from vedette.mime import pictures
from vedette.mime.charset import safe
from vedette.mime.limits import Limits
from vedette.mime.message import Link

#: An element that may lead somewhere: its name, its attributes, and of a link what it shows.
Leading: TypeAlias = tuple[str, Mapping[str, str | None], str]

#: Where elements keep an address.
ADDRESSES = {
    "a": ("href", "xlink:href"), "img": ("src",), "form": ("action",), "button": ("formaction",),
    "input": ("src",), "area": ("href",), "base": ("href",), "iframe": ("src",), "embed": ("src",),
}  # fmt: skip
#: What pictures say of themselves.
SAID = ("alt", "title")
#: Elements that may have a picture behind them.
BACKGROUNDS = ("body", "table", "td")
# Those of pictures, of which the name of the file tells something too.
_PICTURES = frozenset({"img", "input", *BACKGROUNDS})
_SIMPLE = re.compile(
    r"""\s(?:href|src|action)\s{0,20}=\s{0,20}("[^"]{0,8000}|'[^']{0,8000}|[^\s"'>]{1,8000})""",
    re.IGNORECASE,
)
# Spaces in front of an address are dropped by browsers, as are tabs and line ends within.
_NO_PLACE = ("cid:", "data:", "tel:", "sms:", "#", "about:")
# Browsers take no longer address from a page; Safelinks in Safelinks stay under 4,000.
_LONGEST = 8_192


class Marks:
    """What is collected of one page, within ``limits``."""

    __slots__ = ("_alts", "_limits", "_links", "_pictures")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._links: list[Link] = []
        self._alts: list[str] = []
        self._pictures: dict[str, None] = {}

    @property
    def most(self) -> int:
        """How many elements are looked at: some of them lead nowhere."""
        return 2 * self._limits.links

    def gather(self, elements: Iterable[Leading]) -> None:
        """Take the links and pictures of a page, in its order: what is hidden, too."""
        longest = self._limits.link_text
        for tag, attributes, shown in elements:
            if tag == "img":
                for key in SAID:
                    self._say(attributes.get(key))
            for key in ADDRESSES.get(tag, ("background",)):
                if target := attributes.get(key):
                    self._add(target, " ".join(shown[:longest].split()) if shown else "")
                    if tag in _PICTURES and len(self._pictures) < self._limits.links:
                        self._pictures.setdefault(target[:_LONGEST])

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
            if not _is_no_place(target.lstrip())
        )
        return tuple(dict.fromkeys(text for text in (*self._alts, *names) if text))

    def _say(self, text: str | None) -> None:
        if text and len(self._alts) < self._limits.links:
            self._alts.append(safe(text[: self._limits.link_text]).strip())

    def _add(self, target: str, text: str) -> None:
        if len(self._links) >= self._limits.links:
            return
        if len(target) > _LONGEST:
            target = target[:_LONGEST]
        target = (target if target.isprintable() else safe(target)).strip()
        if target.startswith("http") or (target and not _is_no_place(target)):
            self._links.append(Link(target, text))


def _is_no_place(target: str) -> bool:
    return target[:6].lower().startswith(_NO_PLACE)
