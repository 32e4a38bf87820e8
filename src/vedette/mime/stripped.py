"""The text of a page whose tags are removed and nothing else: for a page that no tree is made of.

It must not know why no tree is made.
"""

from __future__ import annotations

import re
from html import unescape

from vedette.mime.charset import safe

_TAG = re.compile(r"<[^<>]*>?")
# In front of each of these a line ends.
_BLOCK = re.compile(r"(?=<(?:/?(?:p|div|tr|li|h[1-6]|table|blockquote)\b|br\b))", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t\r\f]{2,}|[\t\r\f]")
_ENDS = re.compile(r" ?\n[ \n]*")


def plain_of(html: str) -> str:
    """Return the text between the tags of a page, hidden or not."""
    text = unescape(_TAG.sub(" ", _BLOCK.sub("\n", html)))
    return safe(_ENDS.sub("\n", _BLANKS.sub(" ", text)).strip(" \n"))
