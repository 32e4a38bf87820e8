"""A message as its token: its octets are made when they are asked for, and never kept.

It must not know folders or UIDs. Equal letters have equal octets, at every moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import formatdate
from typing import Final

#: A body is this line again and again; its last two octets are a line end too.
LINE: Final = b"Every message of the simulation has lines such as this one....\r\n"
_END: Final = b"\r\n"
#: Who writes, unless it is somebody else.
SENDER: Final = "sender@example.org"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """``size`` octets in all, or as many as the header needs; ``date`` in epoch seconds.

    ``serial`` is the server's own name of it, the same wherever a copy lies. Of a letter that
    ``is_spoilt`` the server has its facts wrong. ``words`` are ASCII, and the first of the text.
    """

    token: str
    to: str
    size: int
    date: float
    serial: int
    is_spoilt: bool = False
    sender: str = SENDER
    words: str = ""

    @property
    def header(self) -> bytes:
        """The header, with the empty line that ends it."""
        return (
            f"Date: {formatdate(self.date)}\r\n"
            f"From: Sender <{self.sender}>\r\n"
            f"To: {self.to}@example.org\r\n"
            f"Subject: {self.token}\r\n"
            f"Message-ID: <{self.token}@sim.example.org>\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "\r\n"
        ).encode("ascii")

    @property
    def length(self) -> int:
        """RFC822.SIZE."""
        return len(self.header) + self._body_length(self.header)

    def octets(self) -> bytes:
        """Return all of it."""
        header = self.header
        length = self._body_length(header)
        return header + self._body(0, length, length)

    def text(self) -> bytes:
        """Return the body."""
        length = self._body_length(self.header)
        return self._body(0, length, length)

    def part(self, origin: int, length: int) -> bytes:
        """Return ``length`` octets from ``origin``, fewer at the end; the rest is not made."""
        header = self.header
        body = self._body_length(header)
        total = len(header) + body
        end = min(origin + length, total)
        if origin >= end:
            return b""
        head = header[origin:end]
        return head + self._body(max(0, origin - len(header)), max(0, end - len(header)), body)

    @property
    def _first(self) -> bytes:
        return f"{self.words}\r\n".encode("ascii") if self.words else b""

    def _body_length(self, header: bytes) -> int:
        return max(len(self._first) + len(_END), self.size - len(header))

    def _body(self, start: int, end: int, total: int) -> bytes:
        first = self._first
        skip = len(first)
        return first[start:end] + _body(max(0, start - skip), max(0, end - skip), total - skip)


def _body(start: int, end: int, total: int) -> bytes:
    """Return the octets from ``start`` to ``end`` of a body of ``total``."""
    if start >= end:
        return b""
    lead = start % len(LINE)
    count = (lead + end - start) // len(LINE) + 1
    octets = (LINE * count)[lead : lead + end - start]
    wrong = end - (total - len(_END))
    if wrong > 0:
        kept = max(0, len(octets) - wrong)
        octets = octets[:kept] + _END[max(0, len(_END) - (total - start)) :][: len(octets) - kept]
    return octets
