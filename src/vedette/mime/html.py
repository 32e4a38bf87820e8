"""HTML to text: what a reader sees, and apart from it what the sender hid.

The tree is built by lexbor. It takes quadratic time on deeply nested elements, on one element
with thousands of attributes, and on elements of style that are never closed, so all three are
counted first; such a page only has its tags removed. Nothing recurses. Nothing is ever fetched.

It must not know where the page comes from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate, chain, count, repeat
from operator import sub

from selectolax.lexbor import LexborHTMLParser, LexborNode

from vedette.mime.apart import Apart, UnusualError
from vedette.mime.hiding import hidden_classes
from vedette.mime.marks import Marks
from vedette.mime.nesting import STYLES, nesting
from vedette.mime.stripped import plain_of
from vedette.mime.tree import Walk, bases, leading
from vedette.mime.written import Written

_DATA_URI = re.compile(r"data:[\w/+.-]{1,80};base64,[A-Za-z0-9+/=\s]*+")
# Elements that the parser closes by itself are no depth, however many are open.
_NESTING = re.compile(
    r"<(/?)(?!(?:area|base|br|col|embed|hr|img|input|link|meta|source|wbr|p|li|td|th|tr|dd|dt"
    r"|option|tbody|thead|tfoot|html|body|head|o)\b)[a-z]",
    re.IGNORECASE,
)
# Newsletters nest some 60 elements; at 500 the tree still takes well under a millisecond.
_DEEPEST = 500
# Some 50 tags, ends among them, are in as many characters of a newsletter.
_STRETCH = 4 * 1024
# What the parser looks through, at each of its tags, are at most the elements open: 1 ns each. A
# newsletter of 113 KB stays under 1.4 million, so none is looked at more closely.
_MOST_STEPS = 16_000_000
# In octets of lower case: four times as fast as in characters of either.
_STYLING = re.compile(rf"<(/?)(?:{STYLES})[\s/>]".encode())
_EITHER = re.compile(rf"<(/?)(?:({STYLES})(?=[\s/>])|([a-z]))", re.IGNORECASE)
# Each is 0.3 us and 300 octets: 85 KB of HTML were made 10 million of them, in 3 GB.
_MOST_COPIES = 50_000
# As many where every end that may be one only by its looks is taken for none: 0.3 s and 300 MB, in a process of its own.
_MOST_DOUBTED = 1_000_000
# One tag: style attributes of real mail stay under 4 KB once inline images are taken out.
_LONGEST_TAG = 16 * 1024


@dataclass(frozen=True, slots=True)
class Page:
    """The text of a page; ``simplified`` says that only its tags were removed."""

    visible: str
    hidden: str
    simplified: bool
    cut: bool = False
    """There was more of the page than its limits let through."""


def read(html: str, limit: int, nodes: int, marks: Marks | None = None) -> Page:
    """Return visible and hidden text of ``html``, each about ``limit`` characters at most.

    At most ``nodes`` nodes of the tree are visited. ``marks`` takes links and pictures along.
    """
    if "data:" in html:
        html = _DATA_URI.sub("", html)
    if _too_deep(html):
        text = plain_of(html)
        if marks is not None:
            marks.simple(html)
        return Page(text[:limit], "", simplified=True, cut=len(text) > limit)
    tree = LexborHTMLParser(html)
    root = tree.body or tree.root
    if root is None:
        return Page("", "", simplified=False)
    found = _told(tree, root, limit, nodes, hidden_classes(html), marks)
    return Page(found.visible, found.hidden.text_of(), simplified=False, cut=found.cut)


def _told(
    tree: LexborHTMLParser,
    root: LexborNode,
    limit: int,
    nodes: int,
    classes: frozenset[str],
    marks: Marks | None,
) -> Written | Walk:
    try:
        page = Apart(root.html or "", nodes, classes)
    except UnusualError:
        if marks is not None:
            marks.gather(leading(tree, marks.most))
        walk = Walk(limit, nodes, classes)
        walk.run(root)
        return walk
    if marks is not None:
        marks.gather(chain(bases(tree, marks.most), page.leading(marks.most)))
    return Written(page, limit)


def _too_deep(html: str) -> bool:
    if _has_long_tag(html):
        return True
    # Octets, which are counted and searched faster; none of another character is a sign of ASCII.
    octets = html.encode("utf-8", "replace")
    if _may_be_deep(octets) and _depth(_NESTING.findall(html)) > _DEEPEST:
        return True
    tags = octets.count(b"<")
    if tags * tags <= _MOST_COPIES:
        return False
    octets = octets.lower()
    styling = _STYLING.findall(octets)
    if _depth(styling) * tags > _MOST_COPIES and _copies(html) > _MOST_COPIES:
        return True
    # Up to here every end was taken for one that closes something. Where the page is so large that
    # it matters, none is that is not sure to.
    doubted = styling.count(b"") * tags > _MOST_DOUBTED or (
        tags * tags > _MOST_STEPS and (tags - octets.count(b"</")) * tags > _MOST_STEPS
    )
    if not doubted:
        return False
    found = nesting(octets)
    return found.deepest * tags > _MOST_STEPS or found.copies > _MOST_DOUBTED


def _has_long_tag(html: str) -> bool:
    # In most pages a tag ends in each stretch of half as many characters, which is soon found out.
    half = _LONGEST_TAG // 2
    if all(html.find(">", place, place + half) >= 0 for place in range(0, len(html), half)):
        return False
    pieces = html.split(">")
    return max(map(len, pieces)) > _LONGEST_TAG and any(
        len(piece) - piece.find("<") > _LONGEST_TAG for piece in pieces if "<" in piece
    )


def _may_be_deep(page: bytes) -> bool:
    """Tell whether so many elements may be open at a time, what has no end counted as if it were.

    Stretch by stretch first, each taken for the worst that it can be, which does for most pages.
    """
    if page.count(b"<") < _DEEPEST:
        return False
    depth = lowest = most = 0
    for place in range(0, len(page), _STRETCH):
        ends = page.count(b"</", place, place + _STRETCH + 1)
        begins = page.count(b"<", place, place + _STRETCH) - ends
        lowest = min(lowest, depth - ends)
        most = max(most, depth + begins - lowest)
        depth += begins - ends
    if most < _DEEPEST:
        return False
    opened = accumulate(map(bytes.count, page.split(b"</"), repeat(b"<")))
    depths = list(map(sub, opened, count()))
    deepest: int = max(map(sub, depths, accumulate(depths, min, initial=0)))
    return deepest >= _DEEPEST


def _depth(ends: Iterable[str | bytes]) -> int:
    """Return the most elements that are open at a time, or more than are let be.

    ``ends`` are the strokes of the tags.
    """
    depth = deepest = 0
    for end in ends:
        if not end:
            depth += 1
            if depth > deepest:
                deepest = depth
                if deepest > _DEEPEST:
                    break
        elif depth:
            depth -= 1
    return deepest


def _copies(html: str) -> int:
    """Return how many elements the parser makes that are not written, were all ends what they seem.

    Elements of style that are open where a block ends are opened again in the next one (HTML,
    13.2.4.3 "reconstruct the active formatting elements").
    """
    copies = depth = 0
    for end, styles, _ in _EITHER.findall(html):
        if not styles:
            copies += depth
        elif not end:
            depth += 1
        elif depth:
            depth -= 1
    return copies
