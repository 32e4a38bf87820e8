"""From octets to commands: lines, and literals in them (RFC 3501 section 4.3, RFC 7888).

Frame first, parse second: a command that can not be understood costs itself. What
can not be framed any more, or is too long to be kept, ends the conversation. It must
not know what a command means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

#: Octets in one line (RFC 7162 section 4 asks for 8,192 at least), and in all lines of a command.
MAX_LINE: Final = 64 * 1024
#: Octets in one literal, and in all literals of a command: APPENDLIMIT (RFC 7889).
MAX_LITERAL: Final = 1024 * 1024

# RFC 7888 section 3; no leading zeros are needed, and ten digits are over every limit.
_MARKER: Final = re.compile(rb"\{([0-9]{1,20}+)(\+?)\}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command as it was sent: after each literal's marker stands one LF in ``text``."""

    text: bytes
    literals: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proceed:
    """The client waits for a continuation request before it sends its literal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A command that was dropped before its literal was sent; ``text`` begins with its tag."""

    text: bytes
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The stream can not be followed any further; the conversation ends."""

    reason: str


class Intake:
    """Feed it octets, then take what they complete. An idle one holds an empty buffer."""

    __slots__ = ("_buffer", "_kept", "_left", "_lines", "_literals", "_seen")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._seen = 0  # octets of the buffer that hold no LF
        self._lines: list[bytes] = []
        self._literals: list[bytes] = []
        self._kept = 0
        self._left = -1  # octets of the literal that is being read; -1 outside of one

    def feed(self, data: bytes) -> None:
        """Add octets from the socket."""
        self._buffer += data

    def line(self) -> bytes | Broken | None:
        """Take one line that is no command (DONE, an answer to a challenge)."""
        return self._line()

    def command(self, max_literal: int) -> Command | Proceed | Refused | Broken | None:
        """Take the next step towards a command; None when more octets are needed."""
        while True:
            if self._left >= 0:
                if len(self._buffer) < self._left:
                    return None
                self._literals.append(bytes(self._buffer[: self._left]))
                self._cut(self._left)
                self._left = -1
            line = self._line()
            if not isinstance(line, bytes):
                return line
            self._lines.append(line)
            self._kept += len(line)
            if self._kept > MAX_LINE:
                return Broken(reason=f"a command of more than {MAX_LINE} octets")
            marker = _MARKER.search(line)
            if marker is None:
                return self._whole()
            step = self._announced(int(marker[1]), free=bool(marker[2]), limit=max_literal)
            if step is not None:
                return step

    def _announced(self, size: int, *, free: bool, limit: int) -> Proceed | Refused | Broken | None:
        if size + sum(map(len, self._literals)) <= limit:
            self._left = size
            return None if free else Proceed()
        if free:
            # It is on its way already, and reading it all is what the limit forbids
            # (RFC 7888 section 4: the server may close).
            return Broken(reason=f"a literal of more than {limit} octets")
        command = self._whole()
        return Refused(text=command.text, reason=f"a command's literals hold {limit} octets")

    def _whole(self) -> Command:
        command = Command(text=b"\n".join(self._lines), literals=tuple(self._literals))
        self._lines, self._literals, self._kept = [], [], 0
        return command

    def _line(self) -> bytes | Broken | None:
        """Take a line without its CRLF."""
        end = self._buffer.find(b"\n", self._seen)
        if end < 0:
            self._seen = len(self._buffer)
            if self._seen > MAX_LINE:
                return Broken(reason=f"a line of more than {MAX_LINE} octets")
            return None
        if end > MAX_LINE:
            return Broken(reason=f"a line of more than {MAX_LINE} octets")
        line = bytes(self._buffer[:end])
        self._cut(end + 1)
        # A lone LF is no line end (RFC 3501 section 2.2): the CR put here is no character of
        # any argument, so the grammar refuses the command and names its tag.
        return line[:-1] if line.endswith(b"\r") else line + b"\r"

    def _cut(self, count: int) -> None:
        del self._buffer[:count]
        self._seen = 0
