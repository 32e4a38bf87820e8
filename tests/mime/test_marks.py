"""What the HTML of a message shows, for those who ask for it: text, links and pictures."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from tests.mime.letter import letter, multipart, typed
from vedette import mime
from vedette.mime import Limits, Link, Shown, tree
from vedette.mime.apart import Apart, UnusualError
from vedette.mime.marks import Marks

BOTH = multipart(
    "Content-Type: text/plain\n\nHello",
    'Content-Type: text/html\n\n<p>Offer</p><a href="https://a.example/?x=1&amp;y=2">Go</a>',
    kind="alternative",
)


def shown(html: str, limits: Limits | None = None) -> Shown:
    """Return what a page shows."""
    found = mime.read(typed("text/html", html), shown=True, limits=limits or Limits()).text.shown
    assert found is not None
    return found


def test_nothing_is_told_that_was_not_asked_for() -> None:
    """Who has no use for it does not pay for it."""
    assert mime.read(BOTH).text.shown is None


def test_a_message_without_html_shows_none() -> None:
    """Its plain text is all that there is."""
    assert mime.read(letter(), shown=True).text.shown is None


def test_the_html_is_told_beside_the_plain_text() -> None:
    """The one may say what the other does not."""
    text = mime.read(BOTH, shown=True).text

    assert text.plain == "Hello"
    assert text.shown == Shown(
        visible="Offer\n\nGo", links=(Link("https://a.example/?x=1&y=2", "Go"),)
    )


def test_a_text_that_is_of_the_html_is_told_once() -> None:
    """It is the plain text then."""
    text = mime.read(typed("text/html", "<p>Offer</p>"), shown=True).text

    assert text.plain == "Offer"
    assert text.shown == Shown()


def test_asking_changes_nothing_else() -> None:
    """The rest of the message is the same."""
    plain = mime.read(BOTH)
    asked = mime.read(BOTH, shown=True)

    assert (asked.text.plain, asked.text.html, asked.text.reply, asked.text.hidden) == (
        plain.text.plain, plain.text.html, plain.text.reply, plain.text.hidden,
    )  # fmt: skip
    assert asked.defects == plain.defects


@pytest.mark.parametrize(
    ("html", "links"),
    [
        ('<a href="https://a.example">one <b>two</b>\n three</a>', [("https://a.example", "one two three")]),
        ('<a href=https://a.example><img src=https://b.example/x.png alt="Win"></a>',
         [("https://a.example", "Win"), ("https://b.example/x.png", "")]),
        ('<a href=" https://a.ex\nample ">x</a>', [("https://a.ex\nample", "x")]),
        ('<A HREF="https://a.example">x', [("https://a.example", "x")]),
        ('<div style="display:none"><a href="https://a.example">x</a></div>', [("https://a.example", "x")]),
        ('<form action="https://a.example"><button formaction="https://b.example">Go</button></form>',
         [("https://a.example", ""), ("https://b.example", "")]),
        ('<map><area href="https://a.example"></map>', [("https://a.example", "")]),
        ('<svg><a xlink:href="https://a.example">x</a></svg>', [("https://a.example", "x")]),
        ('<table background="https://a.example/x.png"><td background="https://b.example/y.png">x</table>',
         [("https://a.example/x.png", ""), ("https://b.example/y.png", "")]),
        ('<a href="#top">x</a><img src="cid:1"><img src="data:image/png;base64,AAAA">', []),
        ('<a name="x">x</a><a href="">y</a><a>z</a>', []),
        ('<!-- <a href="https://a.example">x</a> -->', []),
    ],
)  # fmt: skip
def test_the_links_of_a_page_are_told_as_written(html: str, links: list[tuple[str, str]]) -> None:
    """With what they show, which may name another host."""
    assert shown(html).links == tuple(Link(*each) for each in links)


def test_a_base_is_a_link() -> None:
    """All links of the page begin with it."""
    page = (
        '<html><head><base href="https://a.example/"></head><body><a href="x">x</a></body></html>'
    )

    assert {link.target for link in shown(page).links} == {"https://a.example/", "x"}


def test_pictures_say_what_they_show() -> None:
    """Alternative text and title, each once."""
    page = shown('<img alt="100 Freispiele" title="Bonus"><img alt="Bonus"><img alt=""><img>')

    assert page.alts == ("100 Freispiele", "Bonus")


def test_letters_around_a_comment_are_one_word() -> None:
    """A comment shows nothing, and parts no word."""
    assert mime.read(typed("text/html", "<p>ca<!-- x -->sino")).text.plain == "casino"


def test_a_page_gives_a_bounded_number_of_links() -> None:
    """And of characters of each."""
    limits = Limits(links=3, link_text=4)
    page = shown('<a href="https://a.example">123456</a><img alt="123456">' * 9, limits)

    assert page.links == (Link("https://a.example", "1234"),) * 3
    assert page.alts == ("1234",)


def test_a_page_too_deep_for_a_tree_gives_its_links() -> None:
    """Its tags are removed, its addresses kept."""
    deep = "<div>" * 600 + "<a href='https://a.example/?x&amp;y'>x</a><img src=https://b.example/i>"

    assert [link.target for link in shown(deep).links] == [
        "https://a.example/?x&y", "https://b.example/i",
    ]  # fmt: skip


def test_links_within_links_have_an_end() -> None:
    """Tables may hold a link within a link: no text is told more than once for each."""
    page = shown("<a href='https://a.example'><table><tr><td>x" * 150)

    assert 0 < len(page.links) <= Limits().links


def test_what_is_shown_crosses_a_process_boundary() -> None:
    """As the rest of the message does."""
    message = mime.read(BOTH, shown=True)

    assert mime.from_wire(json.loads(json.dumps(mime.to_wire(message)))) == message


TAGS = [
    "<a href='https://a.example/?x=1&amp;y=2'>", "<a>", "</a>", "<img src='b/free-spins.png' alt='c &lt;'>",
    "<img title=d>", "<table background='e.jpg'>", "<td>", "</table>", "<p style='display:none'>", "</p>",
    "<form action=f>", "<input src=g.png>", "<base href=h>", "<b>", "</b>", " i ", "j &amp; k", "<!-- l -->",
    "<a x=' href=' href='m&quot;'>", "<area href='n'>", "<body background=o>", "<a xlink:href=p>", "<br>",
]  # fmt: skip


@given(st.lists(st.sampled_from(TAGS), max_size=25))
def test_links_are_told_alike_however_a_page_is_read(pieces: list[str]) -> None:
    """From its tags as they are written out, and node by node."""
    page = LexborHTMLParser("".join(pieces))
    assert page.body is not None
    walked, told = Marks(Limits()), Marks(Limits())
    walked.gather(tree.leading(page, walked.most))

    told.gather(tree.bases(page, told.most))
    told.gather(Apart(page.body.html or "", 1000, frozenset()).leading(told.most))

    assert set(told.links) == set(walked.links)
    assert len(told.links) == len(walked.links)
    assert told.alts == walked.alts


@pytest.mark.parametrize(
    "page",
    [
        "<a href='https://a.example'><table><tr><td>x" * 120 + "y" * 100_000,
        "<a href=x>" + "<img src=z.png alt='aaaaaaaa'>" * 6_000,
        "<a href=x><table><tr><td>" * 120 + "<b></b>z" * 10_000,
    ],
    ids=["text in links in links", "pictures in a link", "texts in links in links"],
)
def test_what_links_share_is_not_told_for_each(page: str) -> None:
    """Of a link no more is put together than it may show."""
    body = LexborHTMLParser(page).body
    assert body is not None

    shown = [text for _, _, text in Apart(body.html or "", 30_000, frozenset()).leading(1000)]

    assert any(shown)
    assert sum(map(len, shown)) < 120 * 8_000


def test_a_comment_within_a_value_is_no_part_of_a_tag() -> None:
    """Such a page is walked."""
    with pytest.raises(UnusualError):
        Apart('<body><a href="<!-- x -->">y</a></body>', 1000, frozenset())
