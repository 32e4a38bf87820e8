"""The tree of parts, as offsets into the message: nothing is copied.

One pass finds every line that starts with two hyphens and looks it up among the
delimiters that are open, the way RFC 2046 section 5.1.2 asks: an outer delimiter
ends all parts inside. The whole line is compared, so ``--B10`` is not ``--B1``.
Nothing recurses, and every count has a bound.

It must not know what the parts say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from vedette.mime import encoding, headers, parameters, words
from vedette.mime.defects import Defect
from vedette.mime.headers import Header
from vedette.mime.limits import Limits

_MESSAGE = frozenset({"message/rfc822", "message/global", "message/news"})
_IDENTITY = frozenset({"", "7bit", "8bit", "binary"})
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")
_FIRST_LINE = re.compile(rb"(?:\r?\n){0,3}(--[^\s][^\r\n]{0,200})\r?\n")


@dataclass(slots=True, eq=False)
class Part:
    """One entity: a leaf, a multipart with children, or a message with one child."""

    path: str
    """IMAP part path; empty for the message itself when it is a multipart."""
    header: Header
    content_type: str
    parameters: Mapping[str, str]
    encoding: str
    disposition: str = ""
    disposition_parameters: Mapping[str, str] = field(default_factory=dict)
    end: int = 0
    """One past the last byte of the body; ``header.body`` is the first."""
    cut: bool = False
    """The bytes at hand ended before the part did."""
    children: list[Part] = field(default_factory=list)

    @property
    def is_multipart(self) -> bool:
        """Whether this is a multipart whose parts were found."""
        return bool(self.children) and self.content_type.startswith("multipart/")

    @property
    def is_message(self) -> bool:
        """Whether this is an attached message that was opened."""
        return bool(self.children) and self.content_type in _MESSAGE

    def body(self, raw: bytes) -> bytes:
        """Return the encoded body."""
        return raw[self.header.body : self.end]

    def head(self, raw: bytes, most: int) -> bytes:
        """Return the first ``most`` bytes of the encoded body; the rest is not copied."""
        return raw[self.header.body : min(self.end, self.header.body + most)]

    def tail(self, raw: bytes, most: int) -> bytes:
        """Return the last ``most`` bytes of the encoded body; the rest is not copied."""
        return raw[max(self.header.body, self.end - most) : self.end]


def walk(
    raw: bytes, *, limits: Limits, defects: set[Defect], header: Header, partial: bool = False
) -> Part:
    """Return the root of the tree; ``header`` is the message's own, already read."""
    return _Walker(raw, limits, defects, partial=partial).run(header)


class _Walker:
    """The state of the one pass: the stack of open parts and their delimiters."""

    __slots__ = ("active", "closed", "count", "defects", "limits", "partial", "raw", "stack")

    def __init__(self, raw: bytes, limits: Limits, defects: set[Defect], *, partial: bool) -> None:
        self.raw = raw
        self.limits = limits
        self.defects = defects
        self.partial = partial
        self.stack: list[tuple[Part, bytes]] = []
        self.active: dict[bytes, int] = {}
        self.closed: set[int] = set()
        self.count = 0

    def run(self, header: Header) -> Part:
        raw = self.raw
        root = self._open(header, None)
        at = self.stack[-1][0].header.body
        looked = 0
        while self.active:
            line = at if at == 0 or raw[at - 1] == ord("\n") else -1
            if line < 0 or not raw.startswith(b"--", line):
                line = raw.find(b"\n--", max(0, at - 1)) + 1
                if line == 0:
                    break
            looked += 1
            if looked > self.limits.delimiters or self.count > self.limits.parts:
                self.defects.add(Defect.PARTS)
                self._pop(0, line)
                break
            at = self._line(line)
        self._finish()
        return root

    def _line(self, line: int) -> int:
        """Take one line that starts with two hyphens; return where to look next."""
        token = headers.line_token(self.raw, line)
        after = line + max(2, len(token))
        level = self.active.get(token)
        closing = False
        if level is None and token.endswith(b"--"):
            level = self.active.get(token[:-2])
            closing = level is not None
        if level is None:
            return after
        start = self.raw.find(b"\n", after)
        start = len(self.raw) if start < 0 else start + 1
        self._pop(level + 1, line)
        parent, delimiter = self.stack[level]
        if closing:
            self.closed.add(id(parent))
            del self.active[delimiter]
            return start
        if self.count >= self.limits.parts:
            self.count += 1
            return start
        found = headers.scan(self.raw, start, self.limits, self.defects, self.active)
        self._open(found, parent)
        return self.stack[-1][0].header.body

    def _open(self, header: Header, parent: Part | None) -> Part:
        """Push the entity of ``header``, and the messages it directly holds."""
        first = part = self._push(header, parent)
        while part.content_type in _MESSAGE and part.encoding in _IDENTITY:
            if len(self.stack) >= self.limits.depth or self.count >= self.limits.parts:
                self.defects.add(Defect.DEPTH)
                break
            inner = headers.scan(self.raw, part.header.body, self.limits, self.defects, self.active)
            part = self._push(inner, part)
        return first

    def _push(self, header: Header, parent: Part | None) -> Part:
        part = _part(header, parent, self.defects)
        self.count += 1
        delimiter = b""
        if part.content_type.startswith("multipart/"):
            delimiter = self._delimiter(part)
            if delimiter:
                self.active[delimiter] = len(self.stack)
        part.path = _path(part, parent)
        if parent is not None:
            parent.children.append(part)
        self.stack.append((part, delimiter))
        return part

    def _delimiter(self, part: Part) -> bytes:
        """Return the delimiter that opens the children; empty if they are not looked for."""
        if len(self.stack) >= self.limits.depth:
            self.defects.add(Defect.DEPTH)
            return b""
        boundary = part.parameters.get("boundary", "").rstrip()
        if boundary:
            delimiter = b"--" + boundary.encode("utf-8", "replace")
        else:
            self.defects.add(Defect.BOUNDARY_MISSING)
            match = _FIRST_LINE.match(self.raw, part.header.body)
            delimiter = match[1].rstrip() if match else b""
        if delimiter in self.active:
            self.defects.add(Defect.BOUNDARY_REPEATED)
            return b""
        return delimiter

    def _pop(self, level: int, line: int) -> None:
        """Close the open parts from ``level`` up; they end before the line end before ``line``."""
        end = line
        if end and self.raw[end - 1] == ord("\n"):
            end -= 2 if self.raw[max(0, end - 2) : end - 1] == b"\r" else 1
        while len(self.stack) > level:
            part, delimiter = self.stack.pop()
            part.end = max(part.header.body, end)
            if delimiter and self.active.pop(delimiter, None) is not None:
                self._unclosed(part)

    def _finish(self) -> None:
        for part, delimiter in self.stack:
            part.end = len(self.raw)
            part.cut = self.partial
            if delimiter and delimiter in self.active:
                self._unclosed(part)

    def _unclosed(self, part: Part) -> None:
        if self.partial:
            return
        self.defects.add(Defect.BOUNDARY_UNCLOSED if part.children else Defect.BOUNDARY_MISSING)


def _part(header: Header, parent: Part | None, defects: set[Defect]) -> Part:
    digest = parent is not None and parent.content_type == "multipart/digest"
    default = "message/rfc822" if digest else "text/plain"
    kind = default
    values: Mapping[str, str] = {}
    if raw := header.first.get("content-type"):
        kind, values = parameters.parse(words.text(raw, defects), defects)
        if not _TYPE.fullmatch(kind):
            # RFC 2045 section 5.2: what can not be read is plain text.
            kind = "text/plain" if kind in {"", "text"} else "application/octet-stream"
    part = Part("", header, kind, values, "")
    if raw := header.first.get("content-transfer-encoding"):
        part.encoding = encoding.name(words.text(raw, defects))
    if raw := header.first.get("content-disposition"):
        part.disposition, part.disposition_parameters = parameters.parse(
            words.text(raw, defects), defects
        )
    return part


def _path(part: Part, parent: Part | None) -> str:
    """Return the number IMAP gives: 1 for the only part of a message, none for its multipart."""
    if parent is None or parent.content_type in _MESSAGE:
        prefix = parent.path if parent is not None else ""
        if part.content_type.startswith("multipart/"):
            return prefix
        return f"{prefix}.1" if prefix else "1"
    number = len(parent.children) + 1
    return f"{parent.path}.{number}" if parent.path else str(number)
