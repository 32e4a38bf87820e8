"""The text of a page, node by node of its tree: right for any page, and slow.

Most pages are read from their tree written out (``written``); this is for the few that can not be.
It must not know how the tree was made.
"""

from __future__ import annotations

from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from vedette.mime.charset import safe
from vedette.mime.hiding import conceals
from vedette.mime.lines import Hidden, Lines
from vedette.mime.marks import ADDRESSES, BACKGROUNDS, Leading
from vedette.mime.stripped import plain_of

#: Elements that show no text, with all that is in them.
SILENT = frozenset(
    {"script", "style", "head", "title", "meta", "link", "object", "iframe", "svg", "math",
     "noframes", "select", "datalist", "audio", "video", "canvas", "base", "map"}
)  # fmt: skip

_LEADING = ", ".join((*ADDRESSES, *(f"{name}[background]" for name in BACKGROUNDS)))
# Elements between a link and a picture in it: a table in it makes five.
_NEAREST = 8


class Walk:
    """One pass over the tree, depth first, without recursion."""

    __slots__ = ("_pieces", "classes", "cut", "hidden", "limit", "nodes", "out")

    def __init__(self, limit: int, nodes: int, classes: frozenset[str]) -> None:
        self.out = Lines()
        self.hidden = Hidden(limit)
        self.limit = limit
        self.classes = classes
        self.nodes = nodes
        self.cut = False
        # Hidden text that may go on: a comment in it parts no word.
        self._pieces: list[str] = []

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
            elif tag != "-comment":
                self._end_piece()
            if tag[0:1] not in {"-", "!", "_"} and tag not in SILENT:
                begins = not hiding and self._hidden(node, tag)
                hiding = hiding or begins
                if not hiding:
                    self.out.open(tag, _alt(node) if tag == "img" else "")
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
        self._end_piece()
        self.cut = node is not None

    @property
    def visible(self) -> str:
        """The text that is shown."""
        return safe(self.out.text_of())

    def _close(self, tag: str, *, hiding: bool) -> None:
        self._end_piece()
        if not hiding:
            self.out.close(tag)

    def _text(self, node: LexborNode, *, hiding: bool) -> None:
        text = node.text_content or ""
        if not hiding:
            self.out.text(text)
        else:
            self._pieces.append(text)

    def _end_piece(self) -> None:
        if self._pieces:
            self.hidden.take("".join(self._pieces))
            self._pieces = []

    def _hidden(self, node: LexborNode, tag: str) -> bool:
        if tag == "template":
            # Its content is a document of its own, not among its children.
            self.hidden.take(plain_of(node.html or ""))
            return True
        return conceals(node.attributes, self.classes)


def _alt(node: LexborNode) -> str:
    return node.attributes.get("alt") or ""


def leading(tree: LexborHTMLParser, most: int) -> Iterator[Leading]:
    """Yield the elements that lead to something, at most so many, in order."""
    nodes = tree.css(_LEADING)[:most]
    named: dict[int, str] = {}
    for node in nodes:
        if node.tag == "img" and (alt := _alt(node)) and (link := _link_of(node)) is not None:
            named[link] = f"{named.get(link, '')} {alt}"
    for node in nodes:
        tag = node.tag or ""
        shown = node.text(deep=True) + named.get(node.mem_id, "") if tag == "a" else ""
        yield tag, node.attributes, shown


def bases(tree: LexborHTMLParser, most: int) -> Iterator[Leading]:
    """Yield the elements in the head of a page that lead to something, at most so many."""
    for node in tree.head.css("base")[:most] if tree.head is not None else ():
        yield "base", node.attributes, ""


def _link_of(picture: LexborNode) -> int | None:
    """Return what is the same for all pictures of a link; ``None`` for one that is in none."""
    above = picture.parent
    for _ in range(_NEAREST):
        if above is None:
            break
        if above.tag == "a":
            return above.mem_id
        above = above.parent
    return None
