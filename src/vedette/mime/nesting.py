"""How deep a page can nest at most, and how many elements of style stay open, by its tags alone.

An end lowers the count only where it closes the element that was begun last, for it can not but
do that; what an end that is out of place would close is left open. So a page may be deeper in the
count than in a tree and never the other way round, whatever its tags: of a tree that is made by
HTML 13.2.6, less what tables add by themselves, the rows and cells that nobody wrote.

It must not know what a page shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

STYLES = "b|big|code|em|font|i|s|small|strike|strong|tt|u"
_STYLE = frozenset(STYLES.encode().split(b"|"))
# As HTML 13.2.5.6 to 13.2.5.44 part it. Lookaheads let each name and value be parted in one way
# only, so that what is no tag is found out in linear time; the last group is where one is not.
_TOKEN = re.compile(
    rb"""<!--(?:-?>|.*?--!?>)
    | <(?:!(?!--)|\?|/(?![a-z]))[^>]*>
    | <(/?)([a-z][^\t\n\f\r />]*)
      (?: [\t\n\f\r /]
        | [^\t\n\f\r />][^\t\n\f\r />=]*(?![^\t\n\f\r />=])
          (?: [\t\n\f\r ]*=[\t\n\f\r ]*
              (?: "[^"]*" | '[^']*' | [^\t\n\f\r "'>][^\t\n\f\r >]*(?![^\t\n\f\r >]) | (?=>) )
            | (?![\t\n\f\r ]*=)
          )
      )*>
    | (<)[a-z/!?]""",
    re.DOTALL | re.VERBOSE,
)
_STYLING = re.compile(rf"<(?:{STYLES})[\s/>]".encode())
_EMPTY = frozenset(
    b"area|base|basefont|bgsound|br|col|embed|frame|hr|image|img|input|keygen|link|meta|param"
    b"|source|track|wbr|html|head|body".split(b"|")
)
# One of these closes its like, if that was begun last.
_ONE = frozenset(b"a|button|dd|dt|li|nobr|option|p|td|th|tr".split(b"|"))
# A row that begins or ends closes the cell in it (HTML 13.2.6.4.15).
_ROWS = ([b"tr", b"td"], [b"tr", b"th"])
# Tags in these are no tags (HTML 13.2.5.2 to 13.2.5.4).
_RAW = {
    name: re.compile(rb"</" + name + rb"[\t\n\f\r />]")
    for name in (b"script", b"style", b"textarea", b"title")
}
# Within these, tags are read in ways of their own: no end is sure to close anything any more.
_ODD = frozenset(
    b"frameset|iframe|math|noembed|noframes|noscript|plaintext|select|svg|template|xmp".split(b"|")
)


@dataclass(frozen=True, slots=True)
class Nesting:
    """What is counted of one page."""

    deepest: int
    copies: int
    """Elements of style that are open, summed over all tags."""


def nesting(page: bytes) -> Nesting:
    """Count the tags of a page, which is UTF-8 with its ASCII letters in lower case."""
    begun: list[bytes] = []
    deepest = copies = styles = told = 0
    for place, end, name in _tags(page):
        if not name:
            told = place
            break
        copies += styles
        if name == b"tr" and begun[-2:] in _ROWS:
            begun.pop()
        is_last = bool(begun) and begun[-1] == name
        if end:
            if is_last:
                begun.pop()
                styles -= name in _STYLE
        elif not (name in _EMPTY or (is_last and name in _ONE)):
            begun.append(name)
            styles += name in _STYLE
            deepest = max(deepest, len(begun))
    # What can not be told is taken for beginnings, all of it.
    tags = page.count(b"<", told)
    most = styles + len(_STYLING.findall(page, told))
    return Nesting(max(deepest, len(begun) + tags), copies + tags * most)


def _tags(page: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield place, stroke and name of each tag, at last the place where no more is to be told."""
    place: int | None = 0
    while place is not None:
        tokens = _TOKEN.finditer(page, place)
        place = None
        for token in tokens:
            name = token[2]
            if name is None and token[3] is None:
                continue  # a comment
            if name is None or (name in _ODD and not token[1]):
                yield token.start(), b"", b""
                return
            if name not in _RAW or token[1]:
                yield 0, token[1], name
                continue
            begin = token.end()
            end = _RAW[name].search(page, begin)
            if end is None or (name == b"script" and b"<!--" in page[begin : end.start()]):
                yield begin, b"", b""
                return
            place = end.start()
            break
    yield len(page), b"", b""
