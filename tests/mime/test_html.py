"""HTML becomes what a reader sees; what the sender hid is kept apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from tests.mime.letter import multipart, typed
from vedette import mime
from vedette.mime import Defect, html
from vedette.mime.apart import Apart, UnusualError
from vedette.mime.hiding import hidden_classes
from vedette.mime.tree import Walk
from vedette.mime.written import Written

ROOM = 100_000


def visible(page: str) -> str:
    return html.read(page, ROOM, ROOM).visible


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("One<br>Two<br><br>Three", "One\nTwo\n\nThree"),
        ("<div>One</div><div>Two</div>", "One\nTwo"),
        ("<ul><li>One<li>Two</ul>", "- One\n- Two"),
        ("<table><tr><td>A</td><td>B</td></tr><tr><td>C</td></tr></table>", "A B\nC"),
        ("<b>bo</b>ld   and\n <i>thin</i>", "bold and thin"),
        ("a&nbsp;b &lt;c&gt; &amp;amp;", "a\u00a0b <c> &amp;"),
        ("<pre>a  b\n  c</pre>", "a  b\n  c"),
        ('<img src="x" alt="Logo"> text', "Logo text"),
        ("<script>x()</script><style>y</style>Text<!-- no -->", "Text"),
        ("<title>No</title><p>Yes", "Yes"),
        (
            "<p>Re</p><blockquote>Q1<blockquote>Q2</blockquote></blockquote>Own",
            "Re\n\n> Q1\n> > Q2\nOwn",
        ),
        ('<a href="x" title="a>b">link</a>', "link"),
        ("<noscript>shown</noscript>", "shown"),
        ("", ""),
    ],
)
def test_a_page_reads_as_it_looks(page: str, text: str) -> None:
    """Blocks are lines, spaces collapse, quotes get marks."""
    assert visible(page) == text


@pytest.mark.parametrize(
    "hidden",
    [
        '<div style="display:none">secret</div>',
        '<div style="DISPLAY : NONE !important">secret</div>',
        '<span style="visibility:hidden">secret</span>',
        '<span style="font-size:0">secret</span>',
        '<span style="font-size:0px;color:red">secret</span>',
        '<span style="font-size:1px">secret</span>',
        '<span style="opacity:0">secret</span>',
        '<div style="max-height:0;overflow:hidden">secret</div>',
        '<div style="mso-hide:all">secret</div>',
        '<div style="text-indent:-9999px">secret</div>',
        '<div style="position:absolute;left:-5000px">secret</div>',
        '<p style="color:#FFF;background-color:#fff">secret</p>',
        '<p style="color:transparent">secret</p>',
        "<p hidden>secret</p>",
        "<template>secret</template>",
        "<style>.pre{display:none}</style><p class='a pre'>secret</p>",
        '<div style="display:&#110;one">secret</div>',
        '<div style="display:none"><p>se</p><p>cret</p></div>',
    ],
)
def test_a_way_to_hide_text_is_known(hidden: str) -> None:
    """The words are told, apart from the text, also beside a plain part."""
    page = f"<p>Before</p>{hidden}<p>After</p>"
    alone = mime.read(typed("text/html", page)).text
    beside = mime.read(
        multipart("\nplain", f"Content-Type: text/html\n\n{page}", kind="alternative")
    )

    assert (alone.plain or "").split() == ["Before", "After"]
    assert "".join(alone.hidden.split()) == "secret"
    assert "".join(beside.text.hidden.split()) == "secret"


@pytest.mark.parametrize(
    "shown",
    [
        '<p style="font-size:10px">shown</p>',
        '<p style="font-size:0.9em">shown</p>',
        '<p style="opacity:0.9">shown</p>',
        '<p style="max-height:0.5em">shown</p>',
        '<p style="text-decoration:none;border:none">shown</p>',
        '<p style="color:#fff;background:#000">shown</p>',
        '<p style="background-color:#fff;border-color:#fff;color:#000">shown</p>',
        '<p aria-hidden="true">shown</p>',
        '<p style="border-collapse:collapse;margin-left:-5px">shown</p>',
        '<p title="hidden">shown</p>',
    ],
)
def test_what_only_looks_like_hiding_is_shown(shown: str) -> None:
    """False hiding would take words from honest senders."""
    page = html.read(shown, ROOM, ROOM)

    assert (page.visible, page.hidden) == ("shown", "")


@pytest.mark.parametrize(
    "page",
    ["<div>" * 20_000 + "deep", "<div>" * 5000 + "deep" + "</div>" * 5000,
     "<p " + " ".join(f"a{n}=1" for n in range(20_000)) + ">deep"],
    ids=["open", "closed", "attributes"],
)  # fmt: skip
def test_a_page_too_deep_for_a_tree_loses_only_its_tags(page: str) -> None:
    """Lexbor takes quadratic time on these: no tree is built."""
    found = html.read(page, ROOM, ROOM)

    assert found.simplified
    assert found.visible.endswith("deep")


@pytest.mark.parametrize(
    "before",
    [
        "",
        "x" * 4_095,
        "<" * 9 + "x" * 4_080,
        "</p>" * 3_000,
        "<p></p>" * 900,
        "ä" * 4_093,
        "</div>" * 700,
    ],
)
@pytest.mark.parametrize("between", ["", "x" * 50, "<b></b>"])
def test_a_deep_page_makes_no_tree_wherever_it_is_deep(before: str, between: str) -> None:
    """What is counted stretch by stretch is no less than what is open."""
    assert html.read(f"{before}{f'<div>{between}' * 520}deep", ROOM, ROOM).simplified
    assert not html.read(f"{before}{f'<div>{between}</div>' * 520}flat", ROOM, ROOM).simplified


def test_a_simplified_page_is_told() -> None:
    """Hidden text is not known apart there."""
    message = mime.read(typed("text/html", "<div>" * 20_000 + "deep"))

    assert Defect.HTML in message.defects


def test_an_inline_image_of_any_size_is_no_long_tag() -> None:
    """Its data is taken out before tags are measured."""
    page = f'<p>Look <img alt="here" src="data:image/png;base64,{"A" * 200_000}"></p>'

    assert html.read(page, ROOM, ROOM) == html.Page("Look here", "", simplified=False)


def test_a_page_of_more_nodes_than_the_limit_is_cut() -> None:
    """What was visited is there."""
    found = html.read("<p>x" * 1000, ROOM, 100)

    assert found.cut
    assert 0 < found.visible.count("x") <= 100


def test_the_page_names_its_charset_where_the_part_does_not() -> None:
    """Its meta element is believed then, and only then."""
    body = '<meta charset="windows-1251"><p>Привет</p>'
    data = typed("text/html", "X").replace(b"X", body.encode("cp1251"))

    assert mime.read(data).text.plain == "Привет"


def test_a_mail_of_html_alone_has_its_visible_text_as_plain_text() -> None:
    """Whoever reads text never has to read HTML."""
    message = mime.read(typed("text/html", "<p>Yes.</p><blockquote>Shall I?</blockquote>"))

    assert message.text.plain == "Yes.\n\n> Shall I?"
    assert message.text.reply == "Yes."


@pytest.mark.parametrize("before", ["", "</p>" * 30_000], ids=["at once", "after ends of nothing"])
def test_elements_of_style_that_are_never_closed_make_no_tree(before: str) -> None:
    """Lexbor opens all of them again in every block: 85 KB became ten million elements in 3 GB."""
    page = before + "".join(f"<font a{n}>" for n in range(400)) + "<p>x" * 10_000

    assert html.read(page, ROOM, ROOM).simplified


@pytest.mark.parametrize(
    "page",
    [
        '<div><p style="color:red">One<br>two <b>three</b>&amp;<i>fo</i>ur</p>\n<br><br>x<td>y</div>',
        "<ul><li>One</li><li>Two</li></ul>a&nbsp;b &lt;c&gt; &quot;d&quot;",
        '<p>a<span style="display:none">b<p>c</p>d</span>e<div hidden>f<img alt="g"></div>h',
        "<style>.x{display:none}</style><b class='y x'>a</b><b class='xy'>b</b><!-- <b> -->c",
        '<table><tr><td>a</td><td>b</td></tr></table><img alt="&quot;c&quot;" src="d">e\x01f',
        "<center>a<hr>b</center>  <h1> c </h1><a href='x'>d</a><o:p></o:p>",
    ],
)
def test_a_page_is_read_alike_however_it_is_read(page: str) -> None:
    """Told from its tags as they are written out, and node by node."""
    root = LexborHTMLParser(page).body
    assert root is not None
    classes = hidden_classes(page)
    walk = Walk(ROOM, ROOM, classes)
    walk.run(root)

    found = Written(Apart(root.html or "", ROOM, classes), ROOM)

    assert (found.visible, found.hidden.text_of()) == (walk.visible, walk.hidden.text_of())


@pytest.mark.parametrize(
    "page",
    [
        "<p>a<div <!-- x>b</div><i -->c</i>",
        "<p>a<b q<r=1>b</b>",
        """<p>a<div x"=" style=" style="display:none">b</div>""",
        "<p>a<pre>b\n c</pre><script>d<!--</script>-->",
        "<p>a<svg><style><p>b</style></svg>",
    ],
)
def test_a_page_that_is_not_written_out_as_others_is_walked(page: str) -> None:
    """What only looks like a comment, a tag or a value misleads nobody."""
    root = LexborHTMLParser(page).body
    assert root is not None

    with pytest.raises(UnusualError):
        Apart(root.html or "", ROOM, frozenset())


@given(
    st.lists(
        st.sampled_from(
            ["<p>", "</p>", "<b>", "</b>", "<br>", "<div style='display:none'>", "</div>", "<td>", " ",
             "a", "b&amp;", "\n", "<li>", "<!-- x -->", "<img alt='z'>", "<table>", "</table>",
             "<a href='y'>", "</a>", "<span hidden>", "</span>", "<h1>", "&nbsp;"]
        ),
        max_size=30,
    )
)  # fmt: skip
def test_no_page_is_read_in_two_ways(pieces: list[str]) -> None:
    """But for spaces at the ends of lines."""
    root = LexborHTMLParser("".join(pieces)).body
    assert root is not None
    walk = Walk(ROOM, ROOM, frozenset())
    walk.run(root)

    found = Written(Apart(root.html or "", ROOM, frozenset()), ROOM)

    assert found.visible.replace(" \n", "\n").split() == walk.visible.replace(" \n", "\n").split()
    assert found.hidden.text_of() == walk.hidden.text_of()
