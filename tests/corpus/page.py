"""A letter as HTML, from a bare page to a newsletter of a marketing tool with its noise of style.

The two splits use different skeletons, as different tools would; within a split, ham and
gambling share them, so that no guard learns the label from the markup. It must not know MIME.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from random import Random

from tests.corpus import grammar
from tests.corpus.family import Block, Layout, Letter, Shape, Split

_TAGS = {Shape.HEADING: "h1", Shape.PARAGRAPH: "p", Shape.ITEM: "li", Shape.QUOTE: "blockquote"}
_SMALLEST, _LARGEST = 4_000, 46_000
"""Characters of style in a newsletter: with its text 5 to 50 KB, as newsletters have."""


def page(letter: Letter, rng: Random) -> str:
    """Return the HTML of a letter."""
    inner = "\n".join(_block(block, letter, rng) for block in letter.blocks)
    if letter.layout is not Layout.NEWSLETTER:
        footer = f"<p>{escape(letter.footer)}</p>" if letter.footer else ""
        return f"<html><body>\n{inner}\n{footer}</body></html>\n"
    skeletons = _DEVELOP if letter.split is Split.DEVELOP else _HELD_OUT
    return rng.choice(skeletons)(letter, inner, rng)


def _text(block: Block, letter: Letter) -> str:
    if letter.raw_html:
        return grammar.plain(block.text)
    return grammar.HOT.sub(r"<b>\1</b>", escape(block.text, quote=False))


def _block(block: Block, letter: Letter, rng: Random) -> str:
    text = _text(block, letter)
    if block.shape is Shape.BUTTON:
        look = rng.choice(["color:#fff;background:#0a58ca", "padding:14px 28px", "color:#1a73e8"])
        return f'<a href="{_attribute(block.target)}" style="{look}">{text}</a>'
    if block.shape is Shape.IMAGE:
        alt = block.text if letter.raw_html else escape(grammar.plain(block.text))
        source = f"https://{letter.host}/img/{rng.randrange(10**6)}/{block.target}"
        return f'<img src="{source}" width="600" alt="{alt}">'
    if block.shape is Shape.ROW:
        cells = "".join(f"<td>{cell.strip()}</td>" for cell in text.split("|"))
        return f"<table><tr>{cells}</tr></table>"
    tag = _TAGS[block.shape]
    return f"<{tag}>{text}</{tag}>"


def _attribute(url: str) -> str:
    """Return a URL for an attribute; one that is written in entities already stays as it is."""
    return url if url.startswith("&#") else escape(url)


def _style(rng: Random, selector: Callable[[int], str]) -> str:
    """Return rules of style, as many characters as drawn between the bounds, small ones often."""
    room = int(_SMALLEST + (_LARGEST - _SMALLEST) * rng.random() ** 3)
    rules: list[str] = []
    while room > 0:
        rule = (
            f"{selector(len(rules))} {{ padding: {rng.randrange(40)}px {rng.randrange(40)}px; "
            f"font: {rng.randrange(11, 40)}px/1.{rng.randrange(2, 9)} Arial, sans-serif; "
            f"color: #{rng.randrange(16**6):06x} !important; max-width: {rng.randrange(100, 640)}px }}"
        )
        rules.append(rule)
        room -= len(rule)
    return "\n".join(rules)


def _preheader(letter: Letter) -> str:
    """Return the hidden first line that clients show beside the subject, and its padding."""
    first = next((block.text for block in letter.blocks if block.shape is Shape.PARAGRAPH), "")
    return escape(grammar.plain(first)[:90]) if not letter.raw_html else ""


def _nested_tables(letter: Letter, inner: str, rng: Random) -> str:
    style = _style(rng, lambda n: f".mso-{n} td.cell{n % 7}")
    return (
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN">\n<html><head>'
        f'<meta charset="utf-8"><title>{escape(grammar.plain(letter.subject))}</title>'
        f"<style>{style}</style></head><body>"
        f'<div style="display:none;max-height:0;overflow:hidden">{_preheader(letter)}'
        f"{'&#847;&zwnj;&nbsp;' * 40}</div>"
        '<table width="100%" cellpadding="0"><tr><td align="center"><table width="600">'
        f"<tr><td>\n{inner}\n</td></tr><tr><td><small>{escape(letter.footer)}</small></td></tr>"
        f'</table></td></tr></table><img src="https://{letter.host}/o/{rng.randrange(10**9)}.gif" '
        'width="1" height="1" alt=""></body></html>\n'
    )


def _conditional(letter: Letter, inner: str, rng: Random) -> str:
    style = _style(rng, lambda n: f"@media (max-width:{480 + n}px) {{ .col-{n} }} .c{n}")
    return (
        "<!doctype html><html><head><!--[if mso]><xml><o:OfficeDocumentSettings/></xml>"
        f"<![endif]--><style>{style}</style></head><body>{inner}"
        f"<div class='foot'>{escape(letter.footer)}</div></body></html>\n"
    )


def _sections(letter: Letter, inner: str, rng: Random) -> str:
    style = _style(rng, lambda n: f"div.mj-column-per-{n}, #outlook a.s{n}")
    parts = inner.split("\n")
    body = "\n".join(
        f"<div class='sec-{n}' style='margin:0 auto'>{part}</div>" for n, part in enumerate(parts)
    )
    return (
        f"<html lang='{letter.language}'><head><style type='text/css'>{style}</style></head>"
        f"<body style='word-spacing:normal'><div role='article'>"
        f"<span style='font-size:0;opacity:0;mso-hide:all'>{_preheader(letter)}</span>{body}"
        f"</div><footer>{escape(letter.footer)}</footer></body></html>\n"
    )


def _inline(letter: Letter, inner: str, rng: Random) -> str:
    style = _style(rng, lambda n: f"u + .body .gmail-fix-{n}")
    return (
        f"<html><head><title></title><style>{style}</style></head><body class='body'>"
        f"<center><!-- content:start -->{inner}<!-- content:end --></center>"
        f"<p style='font-size:11px;color:#888'>{escape(letter.footer)}</p></body></html>\n"
    )


_DEVELOP = (_nested_tables, _conditional)
_HELD_OUT = (_sections, _inline)
