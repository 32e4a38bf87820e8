"""Attachments: safe file names and sizes, without decoding a body.

It must not know the text of the message: no scan of the HTML decides what is inline.
"""

from __future__ import annotations

import re

from vedette.mime import encoding, words
from vedette.mime.defects import Defect
from vedette.mime.message import Attachment
from vedette.mime.structure import Part

_FORBIDDEN = re.compile(r'[<>:"|?*]')
# Marks that turn the direction of text make "exe.gpj" look like "gpj.exe".
_BIDI = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
# The longest file name of common file systems, in bytes.
_LONGEST = 255
_LONGEST_EXTENSION = 20


def describe(part: Part, raw: bytes, defects: set[Defect]) -> Attachment:
    """Return what an event tells of a part that is not the text."""
    content_id = None
    if found := part.header.first.get("content-id"):
        content_id = words.clean(words.text(found, defects)).strip("<>") or None
    return Attachment(
        id=part.path or "1",
        filename=filename(part),
        content_type=part.content_type,
        size=encoding.size(raw, part.header.body, part.end, part.encoding),
        content_id=content_id,
        inline=part.disposition != "attachment"
        and (part.disposition == "inline" or content_id is not None),
        truncated=part.cut,
        encoding=part.encoding,
        span=(part.header.body, part.end),
    )


def filename(part: Part) -> str | None:
    """Return a safe name from Content-Disposition, else from Content-Type."""
    given = part.disposition_parameters.get("filename") or part.parameters.get("name")
    return safe_name(given) if given else None


def safe_name(given: str) -> str | None:
    """Return a name that is one file in one folder on any system; ``None`` if none is left.

    RFC 2183 section 2.3 warns of folders in names, and leaves the rest to us.
    """
    name = _BIDI.sub("", words.clean(given))
    name = re.split(r"[/\\]", name)[-1]
    name = _FORBIDDEN.sub("_", name).strip(" ").rstrip(". ").lstrip(".")
    if not name:
        return None
    if _DEVICES.fullmatch(name):
        name = f"_{name}"
    return _shortened(name)


def _shortened(name: str) -> str:
    if len(name.encode("utf-8")) <= _LONGEST:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension.encode("utf-8")) > _LONGEST_EXTENSION:
        stem, dot, extension = name, "", ""
    room = _LONGEST - len((dot + extension).encode("utf-8"))
    return stem.encode("utf-8")[:room].decode("utf-8", "ignore") + dot + extension
