"""The words of a field: raw octets and encoded words (RFC 2047) to clean text.

Linear on any input. It must not know which field it reads.
"""

from __future__ import annotations

import binascii
import re

from vedette.mime import charset, encoding
from vedette.mime.defects import Defect

# Possessive: no start is tried twice over the same characters. The text stops before
# the next "=?" so that a word without an end does not swallow the one behind it.
_WORD = re.compile(
    r"=\?([^?\s*]{1,40})(?:\*[^?\s]{0,20})?\?([bBqQ])\?"
    r"([^?=]*+(?:(?:=(?!\?(?!=))|\?(?!=))[^?=]*+)*)\?="
)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_BLANK = re.compile("[\t\n\v\f\r\x85\u2028\u2029]")


def text(value: str, defects: set[Defect]) -> str:
    """Return the characters of a field value whose octets stand as Latin-1.

    8-bit octets are read as UTF-8 (RFC 6532), else as Windows-1252. Encoded words stay.
    """
    if value.isascii():
        return value
    raw = value.encode("latin-1")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        defects.add(Defect.HEADER_8BIT)
        return raw.decode("cp1252", "replace")


def clean(value: str, defects: set[Defect] | None = None) -> str:
    """Return one line: controls that part words become a space, the others go."""
    if not value.isprintable():
        value = value.replace("\t", " ")
        if not value.isprintable() and _CONTROL.search(value):
            if defects is not None:
                defects.add(Defect.HEADER_CONTROL)
            value = _CONTROL.sub("", _BLANK.sub(" ", value))
    return value.strip()


def unstructured(value: str, defects: set[Defect]) -> str:
    """Return the clean, decoded text of a field such as Subject (see ``text``)."""
    return clean(decode(text(value, defects), defects), defects)


def decode(value: str, defects: set[Defect]) -> str:
    """Replace the encoded words of ``value``; a word that makes no sense stays as it is.

    Neighbours of one charset are joined as bytes before they are decoded, since
    many senders cut a character in two (against RFC 2047 section 5).
    """
    begins = value.count("=?")
    if not begins:
        return value
    if begins == 1 and (match := _WORD.search(value)):
        # One word, as in most fields that have any: nothing to be joined.
        found = _payload(match[2], match[3], defects)
        if found is not None:
            text = charset.decode(found, match[1].lower(), defects)
            return value[: match.start()] + text + value[match.end() :]
    return _joined(value, defects)


def _joined(value: str, defects: set[Defect]) -> str:
    out: list[str] = []
    pending = bytearray()
    pending_charset = ""
    at = 0
    for match in _WORD.finditer(value):
        between = value[at : match.start()]
        found = _payload(match[2], match[3], defects)
        if found is None:
            continue
        if pending_charset and (between.strip() or match[1].lower() != pending_charset):
            out.append(charset.decode(bytes(pending), pending_charset, defects))
            pending.clear()
            pending_charset = ""
            out.append(between if between.strip() else "")
        elif not pending_charset:
            out.append(between)
        pending += found
        pending_charset = match[1].lower()
        at = match.end()
    if pending_charset:
        out.append(charset.decode(bytes(pending), pending_charset, defects))
    if "=?" in value[at:]:
        defects.add(Defect.WORD)
    out.append(value[at:])
    return "".join(out)


def _payload(kind: str, body: str, defects: set[Defect]) -> bytes | None:
    try:
        raw = body.encode("ascii")
    except UnicodeEncodeError:
        defects.add(Defect.WORD)
        raw = body.encode("utf-8", "replace")
    if kind in "bB":
        problems: set[Defect] = set()
        found = encoding.base64(raw, problems)
        nothing = not found and bool(body.strip())
        if problems or nothing:
            defects.add(Defect.WORD)
        return None if nothing else found
    return binascii.a2b_qp(raw, header=True)
