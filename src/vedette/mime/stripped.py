"""The text of a page whose tags are removed and nothing else: for a page that no tree is made of.

It must not know why no tree is made.
"""

from __future__ import annotations

import re
from html import unescape

from vedette.mime.charset import safe
from vedette.mime.lines import SPACES

_TAG = re.compile(r"<[^<>]*+>?")
_BLOCK_TAG = re.compile(r"<(?:/?(?:p|div|tr|li|h[1-6]|table|blockquote)\b|br\b)", re.IGNORECASE)


def plain_of(html: str) -> str:
    """Return the text between the tags of a page, hidden or not."""
    text = _TAG.sub(" ", _BLOCK_TAG.sub(r"\n\g<0>", html))
    lines = (SPACES.sub(" ", line).strip() for line in unescape(text).split("\n"))
    return safe("\n".join(line for line in lines if line))
