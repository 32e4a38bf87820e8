r"""One header: its fields by offset, bounded, with every oddity noted.

A field ends at a line feed that no space or tab follows. A bare CR ends nothing:
readers that split there see a field that the sender of ``Subject: a\rBcc: b``
put in. It must not know what the fields mean, but for their names.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import lru_cache

from vedette.mime.defects import Defect
from vedette.mime.limits import Limits

_FIELD = re.compile(rb"([!-9;-~]++)[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*)(?:\n|\Z)")
_END = re.compile(rb"\r*+(?:\n|\Z)")
_EMPTY_LINE = re.compile(rb"\n\r*+\n")
_LINE = re.compile(rb"[^\n]*+(?:\n|\Z)")
# The line that a mailbox file puts above a message; "From : a@b" is a field.
_ENVELOPE = re.compile(rb">?From [ \t]*+[^:\s]")
# A line that is no field is passed over when one of these follows; else the body began.
_KNOWN = re.compile(
    rb"(?:from|to|cc|subject|date|message-id|mime-version|content-[a-z-]+|received|reply-to"
    rb"|return-path|sender|references|in-reply-to|dkim-signature|x-[a-z-]+)[ \t]*+:",
    re.IGNORECASE,
)
# Proxies and mailbox formats add one such line; more than a few is a body.
_MOST_JUNK = 5
# Past the budget of a header these are still read, each cut to one line's worth, so that a
# flood of other fields hides neither the sender nor the structure.
_ESSENTIAL = frozenset(
    {
        "from", "to", "subject", "date", "message-id", "content-type", "return-path",
        "content-transfer-encoding", "content-disposition", "in-reply-to", "auto-submitted",
    }
)  # fmt: skip
# The longest line that mail may have (RFC 5322 section 2.1.1), rounded up.
_ESSENTIAL_BYTES = 1024
# A header of printable ASCII, with CRLF and no oddity, is read as a whole: most are. That
# takes half the time; one above this size is an oddity itself.
_PLAIN_BYTES = 16 * 1024
# The header of a part with text has some 80 octets; one with a file name is seen once.
_USUAL_BYTES = 120
_PRINTABLE = bytes([*b"\t\n\r", *range(0x20, 0x7F)])
# A boundary has at most 70 characters (RFC 2046 section 5.1.1); some senders use 200.
_LONGEST_DELIMITER = 1024


@dataclass(slots=True)
class Header:
    """The fields of one entity and where its body starts."""

    start: int
    body: int = 0
    ended: bool = False
    """An empty line was seen: there is a body, if only an empty one."""
    fields: list[tuple[str, str]] = field(default_factory=list)
    """Name as written and value, unfolded; its octets stand as Latin-1 (see ``words.text``)."""
    first: dict[str, str] = field(default_factory=dict)
    """Lower-case name to the value of its first field."""
    repeated: set[str] = field(default_factory=set)
    """Lower-case names of the fields that stand more than once."""
    plain: bool = False
    """Every value is printable ASCII, but for tabs: nothing has to be cleaned."""

    def all(self, name: str) -> list[str]:
        """Return the values of every field of this lower-case name, in order."""
        if name not in self.first:
            return []
        if name not in self.repeated:
            return [self.first[name]]
        return [value for written, value in self.fields if written.lower() == name]


def scan(
    raw: bytes,
    start: int,
    limits: Limits,
    defects: set[Defect],
    delimiters: Collection[bytes] = (),
) -> Header:
    """Read the header that starts at ``start``; ``delimiters`` end it as they end a part."""
    return _scan_plain(raw, start, limits, delimiters) or _scan_any(
        raw, start, limits, defects, delimiters
    )


def _scan_plain(
    raw: bytes, start: int, limits: Limits, delimiters: Collection[bytes]
) -> Header | None:
    """Read a header in which nothing is odd; ``None`` where anything may be."""
    most = min(_PLAIN_BYTES, limits.field_bytes, limits.header_bytes)
    end = raw.find(b"\r\n\r\n", start, start + most)
    if end < 0:
        return None
    block = raw[start:end]
    usual = _usual(block) if len(block) <= _USUAL_BYTES else _fields(block)
    if usual is None or len(usual) > limits.headers or (delimiters and b"--" in block):
        return None
    header = Header(start, end + 4, ended=True, fields=list(usual), plain=True)
    first = header.first
    for name, value in usual:
        key = name.lower()
        if key in first:
            header.repeated.add(key)
        else:
            first[key] = value
    return header


@lru_cache(maxsize=128)  # the headers of parts with text are the same few in all mail
def _usual(block: bytes) -> list[tuple[str, str]] | None:
    return _fields(block)


def _fields(block: bytes) -> list[tuple[str, str]] | None:
    """Return the fields of a header in which nothing is odd; ``None`` where anything may be."""
    if block.translate(None, _PRINTABLE):
        return None
    text = block.decode("ascii").replace("\r\n ", " ").replace("\r\n\t", "\t")
    lines = text.split("\r\n")
    if not text.count("\n") == text.count("\r") == len(lines) - 1:
        return None  # a CR or an LF stands alone
    fields = []
    names = ""
    for line in lines:
        name, colon, value = line.partition(":")
        if not (colon and name):
            return None
        names += name
        fields.append((name, value.strip()))
    # A line with a blank before its colon is no field, or an odd one.
    return None if " " in names or "\t" in names else fields


def _scan_any(
    raw: bytes, start: int, limits: Limits, defects: set[Defect], delimiters: Collection[bytes]
) -> Header:
    """Read a header field by field, whatever stands in it."""
    header = Header(start)
    at = _past_envelope(raw, start)
    budget = limits.header_bytes
    junk = 0
    count = 0
    while True:
        match = _FIELD.match(raw, at)
        if match is not None and not _is_delimiter(raw, at, delimiters):
            count += 1
            if count > limits.headers:
                defects.add(Defect.HEADER_CUT)
                at = _skip(raw, at, header)
                break
            budget -= _keep(header, raw, match, budget, limits, defects)
            at = match.end()
            continue
        if end := _END.match(raw, at):
            header.ended = end.end() > at
            at = end.end()
            break
        line = _LINE.match(raw, at)
        if (
            line is None
            or junk == _MOST_JUNK
            or _is_delimiter(raw, at, delimiters)
            or not _KNOWN.match(raw, line.end())
        ):
            defects.add(Defect.HEADER_UNENDED if header.fields else Defect.HEADER_MISSING)
            break
        junk += 1
        defects.add(Defect.HEADER_JUNK)
        at = line.end()
    header.body = at
    return header


def _past_envelope(raw: bytes, start: int) -> int:
    """Pass over what mailbox formats and broken relays put before the first field."""
    if raw.startswith(b"\xef\xbb\xbf", start):
        start += 3
    if _ENVELOPE.match(raw, start):
        end = raw.find(b"\n", start, start + _LONGEST_DELIMITER)
        if end >= 0:
            return end + 1
    return start


def _is_delimiter(raw: bytes, at: int, delimiters: Collection[bytes]) -> bool:
    if not delimiters or not raw.startswith(b"--", at):
        return False
    token = line_token(raw, at)
    return token in delimiters or (token.endswith(b"--") and token[:-2] in delimiters)


def line_token(raw: bytes, at: int) -> bytes:
    """Return the line at ``at`` without its padding and end; empty if too long to be a delimiter."""
    end = raw.find(b"\n", at, at + _LONGEST_DELIMITER)
    if end < 0:
        if at + _LONGEST_DELIMITER < len(raw):
            return b""
        end = len(raw)
    return raw[at:end].rstrip(b" \t\r")


def _keep(
    header: Header,
    raw: bytes,
    match: re.Match[bytes],
    budget: int,
    limits: Limits,
    defects: set[Defect],
) -> int:
    """Store one field as far as the budget goes; return what it cost."""
    name = match[1].decode("ascii")
    key = name.lower()
    begin, end = match.span(2)
    room = min(limits.field_bytes, budget)
    if end - begin > room:
        defects.add(Defect.HEADER_CUT)
        if room < _ESSENTIAL_BYTES and key in _ESSENTIAL and key not in header.first:
            room = _ESSENTIAL_BYTES
        if room <= 0:
            return 0
        end = min(end, begin + room)
    value = raw[begin:end].decode("latin-1").strip(" \t\r\n")
    if "\n" in value:
        value = value.replace("\r\n", "").replace("\n", "")
    header.fields.append((name, value))
    if key in header.first:
        header.repeated.add(key)
    else:
        header.first[key] = value
    return end - begin + len(name)


def _skip(raw: bytes, at: int, header: Header) -> int:
    """Return where the body starts when no more fields are to be read."""
    match = _EMPTY_LINE.search(raw, max(header.start, at - 1))
    if match is None:
        return len(raw)
    header.ended = True
    return match.end()
