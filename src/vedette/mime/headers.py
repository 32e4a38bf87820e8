r"""One header: its fields by offset, bounded, with every oddity noted.

A field ends at a line feed that no space or tab follows. A bare CR ends nothing:
readers that split there see a field that the sender of ``Subject: a\rBcc: b``
put in. It must not know what the fields mean, but for their names.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

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
        b"from", b"to", b"subject", b"date", b"message-id", b"content-type", b"return-path",
        b"content-transfer-encoding", b"content-disposition", b"in-reply-to", b"auto-submitted",
    }
)  # fmt: skip
# The longest line that mail may have (RFC 5322 section 2.1.1), rounded up.
_ESSENTIAL_BYTES = 1024
# A boundary has at most 70 characters (RFC 2046 section 5.1.1); some senders use 200.
_LONGEST_DELIMITER = 1024


@dataclass(slots=True)
class Header:
    """The fields of one entity and where its body starts."""

    start: int
    body: int = 0
    ended: bool = False
    """An empty line was seen: there is a body, if only an empty one."""
    fields: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Name as written and raw value, still folded."""
    first: dict[bytes, bytes] = field(default_factory=dict)
    """Lower-case name to the value of its first field."""
    repeated: set[bytes] = field(default_factory=set)
    """Lower-case names of the fields that stand more than once."""

    def all(self, name: bytes) -> list[bytes]:
        """Return the raw values of every field of this lower-case name, in order."""
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
    name = match[1]
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
    value = raw[begin:end].strip(b" \t\r\n")
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
