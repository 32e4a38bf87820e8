"""What a page makes a tree do is known before one is made, whatever its tags."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from vedette.mime import html
from vedette.mime.nesting import nesting

ROOM = 100_000
# What a table adds to its own element: a group of rows, a row, a cell.
UNWRITTEN = 4

NAMES = (
    "div", "p", "a", "b", "font", "table", "tr", "td", "caption", "span", "li", "dd", "h1", "button",
    "object", "form", "option", "zz", "o:p", "p-x",
)  # fmt: skip
TAGS = [f"<{stroke}{name}>" for name in NAMES for stroke in ("", "/")]
ODD = [
    "x", "<!--</div>-->", "<br title='</div>'>", '<i a=b="c">', '<b ="x>', "<svg>", "<select>",
    "<template>", "<frameset>", "</", "<textarea></div></textarea>", "<![CDATA[", "]]>", "</ x>",
    "<DIV>", "</Div\u00a0>", "<a b='>'>", "-->", "<lin\u212a>",
]  # fmt: skip


def made(page: str) -> tuple[int, int]:
    """Return the depth of the tree of a page, and the number of its nodes."""
    node = LexborHTMLParser(page).root
    deepest = depth = count = 0
    while node is not None:
        count += 1
        deepest = max(deepest, depth)
        if node.child is not None:
            node, depth = node.child, depth + 1
            continue
        while node is not None and node.next is None:
            node, depth = node.parent, depth - 1
        node = node.next if node is not None else None
    return deepest, count


def strewn(tags: list[str]) -> st.SearchStrategy[str]:
    """Return pages of a few short patterns, each many times over, and all of that again."""
    pattern = st.tuples(
        st.lists(st.sampled_from(tags), min_size=1, max_size=7), st.integers(1, 60)
    ).map(lambda drawn: "".join(drawn[0]) * drawn[1])
    return st.tuples(st.lists(pattern, min_size=1, max_size=4), st.integers(1, 6)).map(
        lambda drawn: "".join(drawn[0]) * drawn[1]
    )


@given(strewn(TAGS))
def test_no_tree_is_deeper_than_its_tags_were_counted(page: str) -> None:
    """An end closes nothing in the count that it might not close in the tree."""
    deepest, nodes = made(page)
    found = nesting(page.encode().lower())

    assert deepest <= UNWRITTEN * (found.deepest + 1)
    assert nodes <= UNWRITTEN * page.count("<") + found.copies + UNWRITTEN


@given(strewn(TAGS + ODD))
def test_what_only_looks_like_a_tag_makes_no_tree_deeper(page: str) -> None:
    """Comments, values and elements with ways of their own hide no beginning."""
    assert made(page)[0] <= UNWRITTEN * (nesting(page.encode().lower()).deepest + 1)


# Trees of so many tags take a while.
@settings(max_examples=30)
@given(st.lists(st.sampled_from(TAGS), min_size=1, max_size=6), st.integers(0, 2))
def test_ten_thousand_tags_make_no_deep_tree(pattern: list[str], more: int) -> None:
    """The tree is shallow, or there is none: tags times depth is what the parser works."""
    page = "".join(pattern) * ((10_000 << more) // len(pattern))
    if html._too_deep(page):
        return
    deepest, nodes = made(page)

    assert deepest * page.count("<") <= UNWRITTEN * html._MOST_STEPS + page.count("<") * UNWRITTEN
    assert nodes <= UNWRITTEN * page.count("<") + html._MOST_DOUBTED


@pytest.mark.parametrize(
    "page",
    [
        "<div></p>" * 20_000,
        "<div></td>" * 20_000,
        "<div></br>" * 20_000,
        "<div></zz>" * 20_000,
        "<DIV></P>" * 20_000,
        "<a></p><div>" * 15_000,
        "<svg></x>" * 20_000,
        "<o></p>" * 20_000,
        "<p-x></p>" * 20_000,
        "<li><dd>" * 20_000,
        "<br title='</div>'><div>" * 10_000,
        "<br title=x></div>y><div><!--</div>-->" * 5_000 + "<div><!--</div>-->" * 10_000,
        "<form><div></form>" * 10_000,
        ("<span>" * 400 + "<div>" + "</span>" * 400) * 45,
        ("<div>" * 400 + "<object>" + "</div>" * 400) * 45,
    ],
)
def test_ends_of_nothing_close_nothing(page: str) -> None:
    """Trees of these are ten thousand deep, and took up to a second and a half."""
    assert html.read(page, ROOM, 30_000).simplified


@pytest.mark.parametrize("end", ["</b>", "<!--</font>-->", "<br title='</font>'>", "</p>"])
def test_ends_of_nothing_close_no_element_of_style(end: str) -> None:
    """Each of them is opened again in each paragraph: four million elements."""
    page = "".join(f"<font a{n}>{end}" for n in range(400)) + "<p>x" * 10_000

    assert html.read(page, ROOM, 30_000).simplified


def test_a_large_page_of_honest_tags_is_read_as_it_looks() -> None:
    """A long report of rows, links and words in bold is no attack, however long."""
    row = "<tr><td>one<td align=right><a href='x'><b>two</b></a><br></tr><p>x<p>"
    page = html.read(f"<!-- x --><table>{row * 3_000}</table>", 262_144, 30_000)

    assert not page.simplified
