r"""FETCH: what can be asked of a message, and the answer (RFC 3501 sections 6.4.5 and 7.4.2).

ENVELOPE, BODYSTRUCTURE and parts by number are not served: who asks for them is told so,
never given something that only looks right. It must not know mailboxes or sequence numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from vedette.demo.arguments import Arguments, BadSyntaxError, date_time
from vedette.demo.mailbox import Mail


class NotServedError(Exception):
    """The item is a right one, and this server does not have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    r"""A part of the octets. ``label`` is what the answer calls it.

    ``names`` are header fields to take, or to leave out when ``without``. ``partial`` is
    (origin, length) in octets. ``peek`` leaves ``\Seen`` alone.
    """

    label: str
    part: str = ""
    names: tuple[bytes, ...] | None = None
    without: bool = False
    partial: tuple[int, int] | None = None
    peek: bool = False


Item = str | Section

_FAST: Final = ("FLAGS", "INTERNALDATE", "RFC822.SIZE")
_PLAIN: Final = frozenset({"UID", *_FAST})
_WHOLE: Final = {
    "RFC822": Section(label="RFC822"),
    "RFC822.HEADER": Section(label="RFC822.HEADER", part="HEADER", peek=True),
    "RFC822.TEXT": Section(label="RFC822.TEXT", part="TEXT"),
}
_ABSENT: Final = frozenset({"ENVELOPE", "BODYSTRUCTURE", "BODY", "ALL", "FULL"})
_PARTS: Final = ("HEADER.FIELDS.NOT", "HEADER.FIELDS", "HEADER", "TEXT")
# The items of a FETCH are told apart before ``[``, which an atom may hold.
_NAME: Final = re.compile(rb"[A-Za-z0-9.]++")
# A field of a header, with its continuation lines.
_FIELD: Final = re.compile(rb"([^:\r\n]*+)[^\n]*+\n(?:[ \t][^\n]*+\n)*")


def read_items(words: Arguments) -> list[Item]:
    """Read what a FETCH asks for. Raises BadSyntaxError, or NotServedError at its end."""
    if words.sees(b"("):
        nested = words.parenthesised(lambda: _item(words))
        items = [item for each in nested for item in each]
    else:
        items = _item(words, macros=True)
    words.end()
    absent = next((item for item in items if item in _ABSENT), None)
    if absent is not None:
        raise NotServedError(f"{absent} is not served here")
    return items


def sets_seen(items: list[Item]) -> bool:
    r"""Whether the answer counts as reading (RFC 3501 section 6.4.5, BODY[] sets \Seen)."""
    return any(isinstance(item, Section) and not item.peek for item in items)


def render(mail: Mail, items: list[Item], *, flags: str) -> bytes:
    """Return the list of an untagged FETCH, parentheses included."""
    found = [_rendered(mail, item, flags) for item in items]
    return b"(" + b" ".join(found) + b")"


def header_of(octets: bytes) -> bytes:
    """Return the header with the empty line that ends it, where there is one."""
    if octets.startswith((b"\r\n", b"\n")):
        return octets[: octets.index(b"\n") + 1]
    ends = [end + len(mark) for mark in (b"\r\n\r\n", b"\n\n") if (end := octets.find(mark)) >= 0]
    return octets[: min(ends)] if ends else octets


def fields_of(header: bytes) -> list[tuple[bytes, bytes]]:
    """Return the fields of a header: the name in lower case, and all octets of the field."""
    return [(found[1].strip().lower(), found[0]) for found in _FIELD.finditer(header) if found[1]]


def _item(words: Arguments, *, macros: bool = False) -> list[Item]:
    name = words.match(_NAME, "an item of FETCH").upper()
    if name in {"BODY", "BODY.PEEK"} and words.sees(b"["):
        return [_section(words, peek=name == "BODY.PEEK")]
    if name == "FAST" and macros:
        return list(_FAST)
    if name in _PLAIN or (name in _ABSENT and (macros or name not in {"ALL", "FULL"})):
        return [name]
    if name in _WHOLE:
        return [_WHOLE[name]]
    raise BadSyntaxError(f"{name} is no item of FETCH")


def _section(words: Arguments, *, peek: bool) -> Section:
    words.expect(b"[")
    part, names = "", None
    if not words.sees(b"]"):
        if words.digit():
            raise NotServedError("parts by number are not served here")
        part = words.match(_NAME, "a section").upper()
        if part not in _PARTS:
            raise BadSyntaxError(f"{part} is no section of a message")
        if part.startswith("HEADER.FIELDS"):
            words.space()
            names = tuple(words.parenthesised(words.astring))
    words.expect(b"]")
    label = part if names is None else f"{part} ({' '.join(map(_field_name, names))})"
    partial = None
    if words.skip(b"<"):
        origin = words.number()
        words.expect(b".")
        partial = (origin, words.number(least=1))
        words.expect(b">")
    return Section(
        label=f"BODY[{label}]" if partial is None else f"BODY[{label}]<{partial[0]}>",
        part=part.partition(".")[0],
        names=None if names is None else tuple(name.lower() for name in names),
        without=part == "HEADER.FIELDS.NOT",
        partial=partial,
        peek=peek,
    )


def _field_name(name: bytes) -> str:
    # RFC 5322 section 2.2: printable ASCII without the colon. Others match no field.
    if not name or any(octet < 0x21 or octet > 0x7E or octet == 0x3A for octet in name):  # noqa: PLR2004 - the ASCII of the line above
        raise BadSyntaxError("expected the name of a header field")
    text = name.decode("ascii")
    return text if not set(text) & set('(){}%*"\\]') else f'"{text}"'


def _rendered(mail: Mail, item: Item, flags: str) -> bytes:
    match item:
        case Section():
            octets = _octets(mail.octets, item)
            return b"%b {%d}\r\n%b" % (item.label.encode(), len(octets), octets)
        case "UID":
            return b"UID %d" % mail.uid
        case "FLAGS":
            return f"FLAGS {flags}".encode()
        case "INTERNALDATE":
            return f'INTERNALDATE "{date_time(mail.date)}"'.encode()
        case _:
            return b"RFC822.SIZE %d" % len(mail.octets)


def _octets(octets: bytes, section: Section) -> bytes:
    if section.part:
        header = header_of(octets)
        octets = octets[len(header) :] if section.part == "TEXT" else header
    if section.names is not None:
        wanted = set(section.names)
        chosen = [
            field for name, field in fields_of(octets) if (name in wanted) is not section.without
        ]
        # The empty line is part of the answer (RFC 3501 section 6.4.5).
        octets = b"".join(chosen) + b"\r\n"
    if section.partial is not None:
        origin, length = section.partial
        octets = octets[origin : origin + length]
    return octets
