"""How a page hides text from its reader: styles, attributes and classes, each judged by itself.

It must not know the tree of the page, nor what becomes of what is hidden.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

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
# A style longer than this is seen once; 512 of them are 100 KB.
_USUAL_STYLE = 200


def may_hide(html: str) -> bool:
    """Return whether the page may hold hidden text; far cheaper than to build its tree."""
    # Names in HTML are ASCII, and bytes are lowered at a third of the cost of characters.
    page = html.encode("utf-8", "replace").lower()
    if b"<template" in page or (b" hidden" in page and _HIDDEN_ATTRIBUTE.search(page)):
        return True
    # The cells of a page share a handful of styles: each is judged once. A style
    # written with character references is left to the tree.
    if any(
        b"&" in style or hides(style.decode().strip("\"'"))
        for style in set(_STYLE_ATTRIBUTE.findall(page))
    ):
        return True
    return bool(b"<style" in page and hidden_classes(html))


def hidden_classes(html: str) -> frozenset[str]:
    """Return the classes that a plain rule of a style sheet hides.

    Rules of media queries count too: what is hidden on some screens is no credit.
    """
    found = set()
    for sheet in _STYLE.findall(html):
        for name, rules in _CLASS_RULE.findall(_COMMENT_MARKS.sub("", sheet)):
            if hides(rules):
                found.add(name)
    return frozenset(found)


def conceals(attributes: Mapping[str, str | None], classes: frozenset[str]) -> bool:
    """Tell whether an element with these attributes hides what is in it.

    ``classes`` are those that the style sheets of the page hide.
    """
    if not attributes:
        return False
    if "hidden" in attributes:
        return True
    if (style := attributes.get("style")) and hides(style):
        return True
    if classes and (names := attributes.get("class")):
        return any(name in classes for name in names.split())
    return False


def hides(style: str) -> bool:
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
