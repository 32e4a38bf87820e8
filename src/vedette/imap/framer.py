"""Cuts the stream into responses: lines with their literals. It must not know what they mean.

Frame first, parse second: where a response ends is decided here and nowhere else, so that a
response that can not be read costs itself and not the stream. The frame itself is sacred: a
line or literal over its limit can not be skipped (what follows could be the body of a mail,
written to look like responses), so it ends the connection.

A line ends with LF; the CR before it is optional. ``{n}`` at the end of a line announces a
literal, but only where the grammar allows one (RFC 9051 section 9): tagged answers,
continuations and status responses end in free text, and text may well end in ``{3}``.

Bytes go in as they come; what comes out depends on the bytes alone, never on how they were
split. A large FETCH literal leaves in chunks of one fixed size for the same reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from vedette.imap.limits import Limits


class FrameError(Exception):
    """The stream can not be framed any more; the message says why, for a person."""


@dataclass(frozen=True, slots=True)
class Streamed:
    """Stands for a literal that was handed out in LiteralChunk events of this ``key``."""

    key: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LiteralChunk:
    """A piece of a large FETCH literal, before the Fetch event that it belongs to.

    Chunks of one ``key`` come in order; ``final`` marks the last. Responses never overlap:
    when a Fetch or Malformed event arrives, chunks that it does not name belong to nobody.
    """

    key: int
    data: bytes
    final: bool


class Frame(NamedTuple):
    """One response without its last line end.

    Each literal's octets are out of line: ``text`` holds its marker and one LF, the only
    place where an LF can stand.
    """

    text: bytes
    literals: tuple[bytes | Streamed, ...]


# The marker of a literal at the end of a line; literal8 and the non-synchronising form are
# a client's or a server's variants of it (RFC 7888, RFC 3516). Leading zeros are legal digits.
_MARKER = re.compile(rb"~?\{([0-9]++)\+?\}\Z")
# Text follows these words, so that a marker after them is text.
_TEXT_ONLY = re.compile(rb"(?!\*)|\* *+(?:\[|(?:OK|NO|BAD|BYE|PREAUTH)(?: |\Z))", re.IGNORECASE)
# Lists of UIDs are as long as the folder is large, and can not be written on several lines.
_LONG = re.compile(rb"\* (?:E?SEARCH|VANISHED) ", re.IGNORECASE)
# So many octets tell which response a line begins.
_PREFIX = 16
_FETCH = re.compile(rb"\* *+[0-9]++ ++FETCH ", re.IGNORECASE)
# 2^63 has 19 digits; a longer number is over every limit.
_DIGITS = 19


class _Response:
    """A response with literals that is not complete yet."""

    __slots__ = ("chunk", "kept", "left", "lines", "literals")

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.literals: list[bytes | Streamed] = []
        self.kept = 0
        self.left = -1  # octets that the last literal still lacks; -1 outside of one
        self.chunk = bytearray()


class Framer:
    """Feed it bytes, iterate over frames and chunks. An idle framer holds no buffer."""

    __slots__ = ("_key", "_limits", "_open", "_partial")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._partial: bytearray | None = None
        self._open: _Response | None = None
        self._key = 0

    @property
    def empty(self) -> bool:
        """True between responses, when no byte of an unfinished one is held."""
        return self._partial is None and self._open is None

    def feed(self, data: bytes | bytearray | memoryview) -> Iterator[Frame | LiteralChunk]:
        """Yield what the bytes complete. Raises FrameError where the frame is violated.

        The argument is not kept. Iterate to the end before the next call.
        """
        start = 0
        if self._open is not None and self._open.left > 0:
            # The bulk of a body is copied once, straight from the caller's view.
            start = min(self._open.left, len(data))
            yield from self._fill(self._open, memoryview(data)[:start])
        rest = bytes(memoryview(data)[start:]) if start or not isinstance(data, bytes) else data
        position = 0
        while position < len(rest):
            end = rest.find(b"\n", position)
            if end < 0:
                self._keep_partial(rest, position)
                return
            line = self._take_line(rest, position, end)
            position = end + 1
            response = self._open_literal(line) if line.endswith(b"}") else None
            if response is None:
                yield self._finish(line)
                continue
            end = min(position + response.left, len(rest))
            yield from self._fill(response, memoryview(rest)[position:end])
            position = end

    def _keep_partial(self, data: bytes, start: int) -> None:
        if self._partial is None:
            self._partial = bytearray()
        if len(self._partial) + len(data) - start > self._limits.line:
            self._check_long(
                bytes(self._partial[:_PREFIX]) + data[start : start + _PREFIX],
                len(self._partial) + len(data) - start,
            )
        self._partial += memoryview(data)[start:]

    def _take_line(self, data: bytes, start: int, end: int) -> bytes:
        line = data[start:end]
        if self._partial is not None:
            self._partial += line
            line = bytes(self._partial)
            self._partial = None
        if len(line) > self._limits.line:
            self._check_long(line, len(line))
        return line.removesuffix(b"\r")

    def _check_long(self, head: bytes, size: int) -> None:
        """Raise FrameError for a line over the limit, unless it is a list of UIDs."""
        if self._open is not None or not _LONG.match(head) or size > self._limits.response:
            raise FrameError(f"the server sent a line of more than {self._limits.line} octets")

    def _open_literal(self, line: bytes) -> _Response | None:
        """Begin the literal that the line announces; None where it announces none."""
        if self._open is None:
            line = line.lstrip(b"\0")
            if _TEXT_ONLY.match(line):
                return None
        marker = _MARKER.search(line)
        if marker is None:
            return None
        digits = marker[1].lstrip(b"0") or b"0"
        if len(digits) > _DIGITS or int(digits) > self._limits.literal:
            raise FrameError(
                f"the server announced a literal of more than {self._limits.literal} octets"
            )
        return self._begin(line, int(digits))

    def _begin(self, line: bytes, size: int) -> _Response:
        response = self._open = self._open or _Response()
        response.lines.append(line)
        response.kept += len(line)
        response.left = size
        if len(response.lines) > self._limits.literals:
            raise FrameError(f"one response holds more than {self._limits.literals} literals")
        over = response.kept + size > self._limits.response
        if (over or size > self._limits.stream_above) and _FETCH.match(response.lines[0]):
            self._key += 1
            response.literals.append(Streamed(self._key, size))
            over = response.kept > self._limits.response
        else:
            response.kept += size
            response.literals.append(b"")  # the place; the octets follow
        if over:
            raise FrameError(f"one response holds more than {self._limits.response} octets")
        return response

    def _fill(self, response: _Response, view: memoryview) -> Iterator[LiteralChunk]:
        """Take octets of the open literal; the view never holds more than it lacks."""
        response.left -= len(view)
        literal = response.literals[-1]
        if isinstance(literal, Streamed):
            yield from self._chunks(response, literal.key, view)
        elif response.left == 0 and not response.chunk:
            response.literals[-1] = bytes(view)
        else:
            response.chunk += view
            if response.left == 0:
                response.literals[-1] = bytes(response.chunk)
        if response.left == 0:
            response.left = -1
            response.chunk = bytearray()

    def _chunks(self, response: _Response, key: int, view: memoryview) -> Iterator[LiteralChunk]:
        size, held = self._limits.chunk, response.chunk
        while len(held) + len(view) >= size:
            cut = size - len(held)
            data = bytes(held) + view[:cut]
            held.clear()
            view = view[cut:]
            yield LiteralChunk(key=key, data=data, final=response.left == 0 and not view)
        held += view
        if response.left == 0 and held:
            yield LiteralChunk(key=key, data=bytes(held), final=True)

    def _finish(self, line: bytes) -> Frame:
        """Close the response; an empty line, sent by some servers between two, is one too."""
        response, self._open = self._open, None
        if response is None:
            if line[:1] == b"\0":
                line = line.lstrip(b"\0")  # padding with NUL was seen before tags
            return Frame(line, ())
        if response.kept + len(line) > self._limits.response:
            raise FrameError(f"one response holds more than {self._limits.response} octets")
        return Frame(b"\n".join([*response.lines, line]), tuple(response.literals))
