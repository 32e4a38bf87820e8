"""HTML to text: what a reader sees, and apart from it what the sender hid.

The tree is built by lexbor. It takes quadratic time on deeply nested elements and
on one element with thousands of attributes, so both are counted first; such a
page only has its tags removed. Nothing recurses. Nothing is ever fetched.

It must not know where the page comes from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from html import unescape

from selectolax.lexbor import LexborHTMLParser, LexborNode

from vedette.mime.charset import safe
from vedette.mime.marks import Marks

_BLOCKS = {
    "p": 2, "blockquote": 1, "h1": 2, "h2": 2, "h3": 2, "h4": 2, "h5": 2, "h6": 2, "ul": 1,
    "ol": 1, "pre": 1, "table": 1, "tr": 1, "div": 1, "li": 1, "dl": 1, "dt": 1, "dd": 1,
    "center": 1, "form": 1, "fieldset": 1, "section": 1, "article": 1, "header": 1, "footer": 1,
    "main": 1, "nav": 1, "aside": 1, "address": 1, "figure": 1, "figcaption": 1, "caption": 1,
    "hr": 1, "body": 1, "details": 1, "summary": 1,
}  # fmt: skip
_SILENT = frozenset(
    {"script", "style", "head", "title", "meta", "link", "object", "iframe", "svg", "math",
     "noframes", "select", "datalist", "audio", "video", "canvas", "base", "map"}
)  # fmt: skip
_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|mso-hide\s*:\s*all"
    r"|font-size\s*:\s*(?:0|1px)(?![\d.]*[1-9])|opacity\s*:\s*0(?:\.0+)?\s*(?:[;!]|$)"
    r"|max-(?:height|width)\s*:\s*0(?![\d.]*[1-9])|text-indent\s*:\s*-\d{3,}"
    r"|(?:left|top)\s*:\s*-\d{3,}|(?<![-\w])color\s*:\s*transparent"
    r"|clip\s*:\s*rect\(\s*0[^)]{0,20}\)",
    re.IGNORECASE,
)
_COLOR = re.compile(r"(?<![-\w])(background(?:-color)?|color)\s*:\s*([#\w]{3,20})", re.IGNORECASE)
_STYLE_ATTRIBUTE = re.compile(rb"""style\s*=\s*("[^"]*+"|'[^']*+'|[^\s>]++)""")
_HIDDEN_ATTRIBUTE = re.compile(rb"[\s\"'/]hidden[\s=>/]")
_CLASS_RULE = re.compile(r"\.([A-Za-z][\w-]{0,63})\s*\{([^{}]{0,2000})\}")
_STYLE = re.compile(r"<style[^>]{0,500}>([^<]*+)", re.IGNORECASE)
_COMMENT_MARKS = re.compile(r"<!--|-->|/\*.{0,200}?\*/")
_DATA_URI = re.compile(r"data:[\w/+.-]{1,80};base64,[A-Za-z0-9+/=\s]*+")
# Elements that the parser closes by itself are no depth, however many are open.
_NESTING = re.compile(
    r"<(/?)(?!(?:area|base|br|col|embed|hr|img|input|link|meta|source|wbr|p|li|td|th|tr|dd|dt"
    r"|option|tbody|thead|tfoot|html|body|head|o)\b)[a-z]",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[^<>]*+>?")
_BLOCK_TAG = re.compile(r"<(?:/?(?:p|div|tr|li|h[1-6]|table|blockquote)\b|br\b)", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\r\n\f]+")
# Newsletters nest some 60 elements; at 500 the tree still takes well under a millisecond.
_DEEPEST = 500
# One tag: style attributes of real mail stay under 4 KB once inline images are taken out.
_LONGEST_TAG = 16 * 1024
# A style longer than this is seen once; 512 of them are 100 KB.
_USUAL_STYLE = 200
# The quote prefix of a line; deeper quoting adds nothing for a reader.
_DEEPEST_QUOTE = 10


@dataclass(frozen=True, slots=True)
class Page:
    """The text of a page; ``simplified`` says that only its tags were removed."""

    visible: str
    hidden: str
    simplified: bool
    cut: bool = False
    """There was more of the page than its limits let through."""


def may_hide(html: str) -> bool:
    """Return whether the page may hold hidden text; far cheaper than to build its tree."""
    # Names in HTML are ASCII, and bytes are lowered at a third of the cost of characters.
    page = html.encode("utf-8", "replace").lower()
    if b"<template" in page or (b" hidden" in page and _HIDDEN_ATTRIBUTE.search(page)):
        return True
    # The cells of a page share a handful of styles: each is judged once. A style
    # written with character references is left to the tree.
    if any(
        b"&" in style or _hides(style.decode().strip("\"'"))
        for style in set(_STYLE_ATTRIBUTE.findall(page))
    ):
        return True
    return bool(b"<style" in page and _hidden_classes(html))


def read(html: str, limit: int, nodes: int, marks: Marks | None = None) -> Page:
    """Return visible and hidden text of ``html``, each about ``limit`` characters at most.

    At most ``nodes`` nodes of the tree are visited. ``marks`` takes links and pictures along.
    """
    if "data:" in html:
        html = _DATA_URI.sub("", html)
    if _too_deep(html):
        text = _stripped(html)
        if marks is not None:
            marks.simple(html)
        return Page(text[:limit], "", simplified=True, cut=len(text) > limit)
    tree = LexborHTMLParser(html)
    root = tree.body or tree.root
    if root is None:
        return Page("", "", simplified=False)
    walk = _Walk(limit, nodes, _hidden_classes(html), marks)
    walk.run(root)
    if marks is not None:
        marks.aside(html, tree)
    return Page(safe(walk.out.text_of()), "\n".join(walk.hidden), simplified=False, cut=walk.cut)


def _too_deep(html: str) -> bool:
    pieces = html.split(">")
    # Most pages have no such piece at all, which is found out at the speed of C.
    if max(map(len, pieces)) > _LONGEST_TAG and any(
        len(piece) - piece.find("<") > _LONGEST_TAG for piece in pieces if "<" in piece
    ):
        return True
    depth = 0
    for closing in _NESTING.findall(html):
        if not closing:
            depth += 1
            if depth > _DEEPEST:
                return True
        elif depth:
            depth -= 1
    return False


def _stripped(html: str) -> str:
    text = _TAG.sub(" ", _BLOCK_TAG.sub(r"\n\g<0>", html))
    lines = (_SPACES.sub(" ", line).strip() for line in unescape(text).split("\n"))
    return safe("\n".join(line for line in lines if line))


def _hidden_classes(html: str) -> frozenset[str]:
    """Return the classes that a plain rule of a style sheet hides.

    Rules of media queries count too: what is hidden on some screens is no credit.
    """
    found = set()
    for sheet in _STYLE.findall(html):
        for name, rules in _CLASS_RULE.findall(_COMMENT_MARKS.sub("", sheet)):
            if _hides(rules):
                found.add(name)
    return frozenset(found)


def _hides(style: str) -> bool:
    """Judge a style; the short ones are remembered, since most mail comes from few designs."""
    return _judged(style) if len(style) <= _USUAL_STYLE else _judge(style)


@lru_cache(maxsize=512)
def _judged(style: str) -> bool:
    return _judge(style)


def _judge(style: str) -> bool:
    if _HIDING.search(style):
        return True
    colors = {
        name.lower().removesuffix("-color"): value.lower() for name, value in _COLOR.findall(style)
    }
    return "background" in colors and colors.get("color") == colors["background"]


class _Walk:
    """One pass over the tree, depth first, without recursion."""

    __slots__ = (
        "classes", "cut", "hidden", "hidden_room", "limit", "marks", "nodes", "out", "styles",
    )  # fmt: skip

    def __init__(
        self, limit: int, nodes: int, classes: frozenset[str], marks: Marks | None
    ) -> None:
        self.marks = marks
        self.out = _Lines()
        self.hidden: list[str] = []
        self.hidden_room = limit
        self.limit = limit
        self.classes = classes
        self.nodes = nodes
        self.cut = False
        self.styles: dict[str, bool] = {}

    def run(self, root: LexborNode) -> None:
        """Walk from ``root``; the stack holds open elements and whether each began hiding."""
        stack: list[tuple[LexborNode, str, bool]] = []
        hiding = self._hidden(root, root.tag or "")
        node = root.first_child
        while node is not None and self.out.size < self.limit and self.nodes > 0:
            self.nodes -= 1
            tag = node.tag or ""
            begins = False
            child = None
            if tag == "-text":
                self._text(node, hiding=hiding)
            elif tag[0:1] not in {"-", "!", "_"} and tag not in _SILENT:
                begins = not hiding and self._hidden(node, tag)
                hiding = hiding or begins
                if self.marks is not None:
                    self.marks.open(tag, node, len(self.out.parts))
                if not hiding:
                    self.out.open(tag, node)
                child = node.first_child
                if child is None:
                    self._close(tag, hiding=hiding)
                    hiding = hiding and not begins
            if child is not None:
                stack.append((node, tag, begins))
                node = child
                continue
            follower = node.next
            while follower is None and stack:
                node, tag, begins = stack.pop()
                self._close(tag, hiding=hiding)
                hiding = hiding and not begins
                follower = node.next
            node = follower
        self.cut = node is not None

    def _close(self, tag: str, *, hiding: bool) -> None:
        if self.marks is not None and tag == "a":
            self.marks.close(self.out.parts)
        if not hiding:
            self.out.close(tag)

    def _text(self, node: LexborNode, *, hiding: bool) -> None:
        text = node.text_content or ""
        if not hiding:
            self.out.text(text)
        else:
            self._hide(text)

    def _hide(self, text: str) -> None:
        if self.hidden_room > 0 and (text := safe(_SPACES.sub(" ", text)).strip()):
            self.hidden.append(text[: self.hidden_room])
            self.hidden_room -= len(text) + 1

    def _hidden(self, node: LexborNode, tag: str) -> bool:
        if tag == "template":
            # Its content is a document of its own, not among its children.
            self._hide(_stripped(node.html or ""))
            return True
        attributes = node.attributes
        if not attributes:
            return False
        if "hidden" in attributes:
            return True
        if (style := attributes.get("style")) and self._style_hides(style):
            return True
        if self.classes and (names := attributes.get("class")):
            return any(name in self.classes for name in names.split())
        return False

    def _style_hides(self, style: str) -> bool:
        """Judge a style once; the cells of one newsletter share a handful."""
        known = self.styles.get(style)
        if known is None:
            known = self.styles[style] = _hides(style)
        return known


class _Lines:
    """Text as lines: collapses spaces, breaks at blocks, marks quotes with ``> ``."""

    __slots__ = ("breaks", "last_quotes", "parts", "pre", "quotes", "size", "space")

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.breaks = 0
        self.space = False
        self.quotes = 0
        self.last_quotes = 0
        self.pre = 0
        self.size = 0

    def text(self, text: str) -> None:
        if self.pre:
            for number, line in enumerate(text.split("\n")):
                if number:
                    self.breaks += 1
                if line:
                    self._put(line)
            return
        line = text
        if "  " in text or not text.isprintable():
            # Else every space is a single one, and stays.
            line = _SPACES.sub(" ", text)
        if line == " ":
            self.space = True
            return
        if line:
            self.space = self.space or line[0] == " "
            self._put(line.strip(" "))
            self.space = line[-1] == " "

    def open(self, tag: str, node: LexborNode) -> None:
        if tag == "br":
            self.breaks += 1
            self.space = False
        elif tag == "img":
            if alt := node.attributes.get("alt"):
                self.text(alt)
        elif tag in {"td", "th"}:
            self.space = True
        elif tag in _BLOCKS:
            self.breaks = max(self.breaks, _BLOCKS[tag])
            self.space = False
            if tag == "blockquote":
                self.quotes += 1
            elif tag == "pre":
                self.pre += 1
            elif tag == "li":
                self._put("- ")

    def close(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.breaks = max(self.breaks, _BLOCKS[tag])
            self.space = False
            if tag == "blockquote":
                self.quotes -= 1
            elif tag == "pre":
                self.pre -= 1

    def _put(self, line: str) -> None:
        if self.breaks or not self.parts:
            prefix = "> " * min(self.quotes, _DEEPEST_QUOTE)
            if self.parts:
                # More than one empty line says no more than one.
                between = "> " * min(self.quotes, self.last_quotes, _DEEPEST_QUOTE)
                blank = "\n" + between.rstrip()
                self.parts.append(blank * (min(self.breaks, 2) - 1) + "\n")
            self.parts.append(prefix)
            self.last_quotes = self.quotes
            self.breaks = 0
        elif self.space:
            self.parts.append(" ")
        self.space = False
        self.parts.append(line)
        self.size += len(line) + 1

    def text_of(self) -> str:
        return "".join(self.parts)
