"""Fields of the form ``value; name=value``: Content-Type and Content-Disposition.

RFC 2045 section 5.1 with the extensions of RFC 2231, and what senders make of
them: missing quotes, split and doubly encoded names. Linear on any input.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from vedette.mime import charset, words
from vedette.mime.defects import Defect

_PARAMETER = re.compile(
    r'[;\s]*+([^\s=;"]++)\s*+=\s*+(?:"([^"\\]*+(?:\\.?+[^"\\]*+)*)"?|([^;]*+))', re.DOTALL
)
_ESCAPE = re.compile(r'\\(["\\])')
_SEGMENT = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?")
# A field has a handful of parameters; a name split by RFC 2231 has some more.
_MOST = 200
_NAMES = frozenset({"name", "filename"})
# "text/plain; charset=utf-8; format=flowed" has 41 characters.
_LONGEST_USUAL = 64


def parse(value: str, defects: set[Defect]) -> tuple[str, Mapping[str, str]]:
    """Return the value in lower case and its parameters, names in lower case.

    Of a parameter given twice the first counts; an extended one (RFC 2231) beats a
    plain one.
    """
    if len(value) <= _LONGEST_USUAL and "charset" in value and not ("*" in value or "=?" in value):
        return _usual(value)
    return _parse(value, defects)


@lru_cache(maxsize=256)  # the types of texts, of which a mailbox sees some twenty
def _usual(value: str) -> tuple[str, Mapping[str, str]]:
    """Read a field in which nothing is encoded, and so nothing is a defect."""
    return _parse(value, set())


def _parse(value: str, defects: set[Defect]) -> tuple[str, Mapping[str, str]]:
    head, semicolon, _rest = value.partition(";")
    kind = head.partition("(")[0].strip().strip('"').lower()
    if not semicolon:
        return kind, {}
    plain: dict[str, str] = {}
    segments: dict[str, dict[int, tuple[str, bool]]] = {}
    at = len(head)
    for _ in range(_MOST):
        match = _PARAMETER.match(value, at)
        if match is None:
            at = value.find(";", at + 1)
            if at < 0:
                break
            continue
        at = match.end()
        name = match[1].lower()
        content = _content(name, match[2], match[3])
        if "*" not in name:
            plain.setdefault(name, content)
        elif segment := _SEGMENT.fullmatch(name):
            index = int(segment[2]) if segment[2] else 0
            segments.setdefault(segment[1], {}).setdefault(index, (content, bool(segment[3])))
    for name, pieces in segments.items():
        plain[name] = _join(pieces, defects)
    return kind, {
        name: words.decode(content, defects) if name in _NAMES else content
        for name, content in plain.items()
    }


def _content(name: str, quoted: str | None, bare: str) -> str:
    if quoted is not None:
        return _ESCAPE.sub(r"\1", quoted) if "\\" in quoted else quoted
    # A comment may follow a token; a file name with a bracket is more common there.
    content = bare if name.rstrip("*0123456789") in _NAMES else bare.partition("(")[0]
    return content.strip().strip('"')


def _join(pieces: Mapping[int, tuple[str, bool]], defects: set[Defect]) -> str:
    """Join the continuations of one parameter (RFC 2231 section 3) and decode it."""
    name = ""
    whole = bytearray()
    for count, index in enumerate(sorted(pieces)):
        content, extended = pieces[index]
        if extended and count == 0 and content.count("'") >= 2:  # noqa: PLR2004 -- charset'language'text
            name, _language, content = content.split("'", 2)
        raw = content.encode("utf-8", "replace")
        whole += unquote_to_bytes(raw) if extended else raw
    return charset.decode(bytes(whole), name or "utf-8", defects)
