"""Address fields (RFC 5322 section 3.4), forgiving and linear.

Structure is read before encoded words are decoded, so that a name can not smuggle
in an address. Comments nest by a counter, not by recursion.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from vedette.mime import words
from vedette.mime.defects import Defect
from vedette.mime.message import Address

_TOKEN = re.compile(
    r'"[^"\\]*+(?:\\.?+[^"\\]*+)*"?|[(),;:]|<@[^<>"]*>|<[^<>,;"]*+>?|>|[^"(),;:<>]++', re.DOTALL
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_BARE = re.compile(r"[^\s@<>,;:\"()]+@[^\s@<>,;:\"()]+")
_SPACES = re.compile(r"\s+")
# One mailbox as nearly all are written, up to the comma behind it: an address, or a name,
# quoted or not, before an address in angle brackets. No comment, group, route or escape.
_WHOLE = re.compile(
    r' *+(?:"([^"\\]*+)" *+|([^"(),;:<>@\\]*+))<([^ "(),;:<>@\\]++@[^ "(),;:<>@\\]++)> *+(?:,|\Z)'
    r'| *+([^ "(),;:<>@\\?]++@[^ "(),;:<>@\\?]++) *+(?:,|\Z)'
)
# The longest address is 254 octets (RFC 5321 section 4.5.3.1.3, erratum 1690); more is text.
_LONGEST = 320


def parse(value: str, most: int, defects: set[Defect]) -> tuple[Address, ...]:
    """Return the mailboxes of an unfolded, undecoded field; groups are opened."""
    return _whole(value, most, defects) or _pieced(value, most, defects)


def _whole(value: str, most: int, defects: set[Defect]) -> tuple[Address, ...] | None:
    """Read a field of mailboxes without oddities, at a fifth of the cost; ``None`` for others."""
    if not (value.isascii() and value.isprintable()) or value.count(",") >= most:
        return None
    found: list[Address] = []
    at, end = 0, len(value)
    while at < end:
        match = _WHOLE.match(value, at)
        if match is None:
            return None
        quoted, plain, angle, bare = match.groups()
        address = angle or bare
        if len(address) > _LONGEST:
            return None
        name = " ".join((quoted or plain or "").split())
        if "=?" in name:
            name = words.clean(words.decode(name, defects))
        found.append(Address(name, address))
        at = match.end()
    return tuple(found)


def _pieced(value: str, most: int, defects: set[Defect]) -> tuple[Address, ...]:
    """Read a field of mailboxes piece by piece, whatever stands in it."""
    found: list[Address] = []
    for box in _boxes(value):
        if len(found) == most:
            defects.add(Defect.ADDRESSES_CUT)
            break
        if address := box.address(defects):
            found.append(address)
    return tuple(found)


class _Box:
    """The pieces of one mailbox while it is read."""

    __slots__ = ("angle", "comments", "pieces", "quoted")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.comments: list[str] = []
        self.angle: list[str] = []
        self.quoted = False

    def address(self, defects: set[Defect]) -> Address | None:
        name = words.clean(words.decode(" ".join("".join(self.pieces).split()), defects))
        comment = ""
        if self.comments:
            comment = words.clean(words.decode(" ".join(self.comments), defects))
        if self.angle:
            if len(self.angle) > 1:
                defects.add(Defect.ADDRESS_AMBIGUOUS)
            return Address(name or comment, _address(self.angle[-1]))
        text = "".join(self.pieces).strip()
        if not text:
            return None
        if not self.quoted and (match := _BARE.search(text)) and len(match[0]) <= _LONGEST:
            rest = (text[: match.start()] + text[match.end() :]).strip()
            return Address(words.clean(rest) or comment, _address(match[0]))
        domain = self.pieces[-1].strip()
        if self.quoted and domain.startswith("@") and len(domain) <= _LONGEST:
            # A quoted local part (RFC 5322 section 3.4.1) keeps its quotes.
            local = words.clean("".join(self.pieces[:-1]))
            return Address(comment, f'"{local}"{words.clean(domain)}'[:_LONGEST])
        return Address(name, "")


def _boxes(value: str) -> Iterator[_Box]:
    box = _Box()
    depth = 0
    last_group_end = value.rfind(";")
    for match in _TOKEN.finditer(value):
        piece = match[0]
        first = piece[0]
        if first == "(":
            depth += 1
        elif first == ")":
            depth = max(0, depth - 1)
        elif depth:
            box.comments.append(piece.strip())
        elif first in ",;":
            yield box
            box = _Box()
        elif first == ":":
            if match.start() < last_group_end and not box.angle:
                box = _Box()  # the name of a group
            else:
                box.pieces.append(piece)
        else:
            _take(box, piece)
    yield box


def _take(box: _Box, piece: str) -> None:
    if piece[0] == "<":
        inner = piece.strip("<> \t")
        if inner or not box.angle:
            box.angle.append(inner)
    elif piece[0] == '"':
        inner = piece[1:-1] if len(piece) > 1 and piece.endswith('"') else piece[1:]
        box.pieces.append(_ESCAPE.sub(r"\1", inner))
        box.quoted = True
    elif piece != ">":
        box.pieces.append(piece)


def _address(text: str) -> str:
    """Return the address itself: no route (RFC 5322 section 4.4), no space, no control."""
    if text.startswith("@") and ":" in text:
        text = text.rpartition(":")[2]
    if text[:7].lower() == "mailto:":
        text = text[7:]
    return _SPACES.sub("", words.clean(text))[:_LONGEST]
