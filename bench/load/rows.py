"""What FETCH answers: each list of items is read once, and rows are made by filling a pattern.

Must not know: connections.
"""

from __future__ import annotations

import re
from functools import lru_cache

from bench.load.books import Books
from bench.load.mail import Mill

_ITEM = re.compile(
    rb"BODY(?:\.PEEK)?\[(?P<section>[^\]]*)\](?:<(?P<origin>[0-9]+)(?:\.(?P<length>[0-9]+))?>)?"
    rb"|(?P<word>[A-Z0-9.-]+)",
    re.IGNORECASE,
)
_DATE = b'"20-Nov-2026 10:00:00 +0000"'
_ENVELOPE = (
    b'("Fri, 20 Nov 2026 10:00:00 +0000" "order" (("Load" NIL "load" "bench.example"))'
    b' (("Load" NIL "load" "bench.example")) (("Load" NIL "load" "bench.example"))'
    b' ((NIL NIL "user" "bench.example")) NIL NIL NIL "<1@bench.example>")'
)
_STRUCTURE = (
    b'(("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "8BIT" 2000 27)'
    b'("TEXT" "HTML" ("CHARSET" "utf-8") NIL NIL "QUOTED-PRINTABLE" 5000 70) "ALTERNATIVE")'
)
_MACROS = {
    b"ALL": b"FLAGS INTERNALDATE RFC822.SIZE ENVELOPE",
    b"FAST": b"FLAGS INTERNALDATE RFC822.SIZE",
    b"FULL": b"FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE",
}
_FIXED = {
    b"FLAGS": b"FLAGS ()",
    b"INTERNALDATE": b"INTERNALDATE " + _DATE,
    b"ENVELOPE": b"ENVELOPE " + _ENVELOPE,
    b"BODYSTRUCTURE": b"BODYSTRUCTURE " + _STRUCTURE,
    b"BODY": b"BODY " + _STRUCTURE,
}


class Items:
    """A list of items as the client wrote it, read once. ``by_uid`` adds the UID (RFC 9051, 6.4.9)."""

    __slots__ = ("_head", "_numbers", "_octets", "wants_octets")

    def __init__(self, text: bytes, *, by_uid: bool) -> None:
        text = _MACROS.get(text.strip(b"() ").upper(), text)
        words = list(_ITEM.finditer(text))
        names = [(match["word"] or b"").upper() for match in words]
        head = [b"UID %d"] if by_uid or b"UID" in names else []
        self._numbers = "u" if head else ""
        for name in names:
            if name == b"RFC822.SIZE":
                head.append(b"RFC822.SIZE %d")
                self._numbers += "s"
            elif name in _FIXED:
                head.append(_FIXED[name])
        self._head = b"* %d FETCH (" + b" ".join(head)
        self._octets = [
            found
            for match, name in zip(words, names, strict=True)
            if (found := _octets(match, name)) is not None
        ]
        self.wants_octets = bool(self._octets)

    def row(self, mailbox: int, uid: int, books: Books, mill: Mill, usual: int) -> bytes:
        """Return the row of a message; ``usual`` is the size of those that were there before."""
        sent, size = books.facts(mailbox, uid)
        size = size or usual
        numbers = [uid if kind == "u" else size for kind in self._numbers]
        head = self._head % (uid, *numbers)
        if not self._octets:
            return head + b")\r\n"
        message = mill.message(mailbox, uid, sent, size)
        pieces = [head]
        for name, section, origin, length in self._octets:
            data = message if section == b"" else _section(message, section, mill)
            if length:
                data = data[origin : origin + length]
            pieces += (b" ", name, b" {%d}\r\n" % len(data), data)
        pieces.append(b")\r\n")
        return b"".join(pieces)


@lru_cache(maxsize=256)
def items(text: bytes, *, by_uid: bool) -> Items:
    """Return the items of a text."""
    return Items(text, by_uid=by_uid)


def _octets(match: re.Match[bytes], name: bytes) -> tuple[bytes, bytes, int, int] | None:
    """Return (name in the answer, section, origin, length) of an item that has octets."""
    if name == b"RFC822":
        return b"RFC822", b"", 0, 0
    if name == b"RFC822.HEADER":
        return b"RFC822.HEADER", b"HEADER", 0, 0
    if name:
        return None
    section, origin = match["section"].upper(), match["origin"]
    shown = b"BODY[%b]" % section + (b"<%b>" % origin if origin is not None else b"")
    return shown, section, int(origin or 0), int(match["length"] or 0)


def _section(message: bytes, section: bytes, mill: Mill) -> bytes:
    header = mill.header(message)
    if section.startswith(b"HEADER"):
        return header
    return message[len(header) :]
