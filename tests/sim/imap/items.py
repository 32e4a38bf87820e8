r"""FETCH: what can be asked of a message, and the answer (RFC 9051 sections 6.4.5 and 7.5.2).

Every message is one text, so its part 1 is its body. It must not know sequence numbers,
sessions or folders, nor ever keep octets.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Final

from tests.sim.imap.folder import Mail
from tests.sim.imap.letter import Letter
from tests.sim.imap.view import flags_of
from vedette.demo.arguments import Arguments, BadSyntaxError, date_time

_NAME: Final = re.compile(rb"[A-Za-z0-9.\-]+")
_NUMBERED: Final = re.compile(rb"1(?:\.(?:MIME|mime))?")
_PARTS: Final = ("HEADER.FIELDS.NOT", "HEADER.FIELDS", "HEADER", "TEXT")
_FAST: Final = ("FLAGS", "INTERNALDATE", "RFC822.SIZE")
_ALL: Final = (*_FAST, "ENVELOPE")
_MACROS: Final = {"FAST": _FAST, "ALL": _ALL, "FULL": (*_ALL, "BODY")}
_PLAIN: Final = frozenset(
    {"UID", "ENVELOPE", "BODY", "BODYSTRUCTURE", "MODSEQ", "EMAILID", "THREADID", *_FAST}
)
_GMAIL: Final = frozenset({"X-GM-MSGID", "X-GM-THRID", "X-GM-LABELS"})
#: The least that X-GM-MSGID is, so that it looks as large as Gmail's.
GMAIL_BASE: Final = 1_700_000_000_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    r"""Octets of a message. ``peek`` leaves ``\Seen`` alone; ``partial`` is origin and length."""

    label: str
    part: str = ""
    names: tuple[bytes, ...] = ()
    partial: tuple[int, int] | None = None
    peek: bool = False


Item = str | Section

#: What servers were seen to say in place of a fact (P3, P5).
_SPOILT: Final = {
    "INTERNALDATE": "NIL",
    "RFC822.SIZE": "-1",
    "THREADID": "NIL",
    "X-GM-LABELS": "NIL",
}

_WHOLE: Final = {
    "RFC822": Section(label="RFC822"),
    "RFC822.HEADER": Section(label="RFC822.HEADER", part="HEADER", peek=True),
    "RFC822.TEXT": Section(label="RFC822.TEXT", part="TEXT"),
}


def read_items(words: Arguments) -> list[Item]:
    """Read what a FETCH, or a MessageNew of NOTIFY, asks for. Raises BadSyntaxError."""
    if words.sees(b"("):
        nested = words.parenthesised(lambda: _item(words))
        return [item for each in nested for item in each]
    return _item(words, macros=True)


def sets_seen(items: list[Item]) -> bool:
    r"""Whether the answer counts as reading (RFC 9051 section 6.4.5, BODY[] sets \Seen)."""
    return any(isinstance(item, Section) and not item.peek for item in items)


def render(mail: Mail, items: list[Item], *, whole: bool = False) -> bytes:
    """Return the list of an untagged FETCH, parentheses included.

    ``whole`` ignores what part of a body was asked for.
    """
    return b"(" + b" ".join(_rendered(mail, item, whole=whole) for item in items) + b")"


def render_gone(uid: int, items: list[Item]) -> bytes:
    """Return that list for a message that is gone: NIL is all there is of it."""
    nothing = [f" {item.label} NIL" for item in items if isinstance(item, Section)]
    return f"(UID {uid}{''.join(nothing)})".encode()


def _item(words: Arguments, *, macros: bool = False) -> list[Item]:
    name = words.match(_NAME, "an item of FETCH").upper()
    if name in {"BODY", "BODY.PEEK"} and words.sees(b"["):
        return [_section(words, peek=name == "BODY.PEEK")]
    if macros and name in _MACROS:
        return list(_MACROS[name])
    if name in _PLAIN or name in _GMAIL:
        return [name]
    if name in _WHOLE:
        return [_WHOLE[name]]
    raise BadSyntaxError(f"{name[:20]} is no item of FETCH")


def _section(words: Arguments, *, peek: bool) -> Section:
    words.expect(b"[")
    part = label = ""
    names: tuple[bytes, ...] = ()
    if words.digit():
        label = words.match(_NUMBERED, "the one part that there is").upper()
        part = "MIME" if label.endswith("MIME") else "TEXT"
    elif not words.sees(b"]"):
        label = part = words.match(_NAME, "a section").upper()
        if part not in _PARTS:
            raise BadSyntaxError(f"{part[:20]} is no section of a message")
        if part.startswith("HEADER.FIELDS"):
            words.space()
            names = tuple(words.parenthesised(words.astring))
            label = f"{part} ({' '.join(_field_name(name) for name in names)})"
    words.expect(b"]")
    partial = None
    if words.skip(b"<"):
        origin = words.number()
        words.expect(b".")
        partial = (origin, words.number(least=1))
        words.expect(b">")
    return Section(
        label=f"BODY[{label}]",
        part=part,
        names=tuple(name.lower() for name in names),
        partial=partial,
        peek=peek,
    )


def _field_name(name: bytes) -> str:
    if not name or any(not 0x21 <= octet <= 0x7E or octet in b':(){}%*"\\]' for octet in name):
        raise BadSyntaxError("expected the name of a header field")
    return name.decode("ascii")


def _rendered(mail: Mail, item: Item, *, whole: bool) -> bytes:
    if isinstance(item, Section):
        partial = None if whole else item.partial
        octets = _octets(mail.letter, item, partial)
        origin = "" if partial is None else f"<{partial[0]}>"
        return f"{item.label}{origin} {{{len(octets)}}}\r\n".encode() + octets
    return _fact(mail, item).encode()


def _fact(mail: Mail, item: str) -> str:
    letter = mail.letter
    if letter.is_spoilt and item in _SPOILT:
        return f"{item} {_SPOILT[item]}"
    facts: dict[str, Callable[[], str]] = {
        "UID": lambda: str(mail.uid),
        "FLAGS": lambda: flags_of(mail),
        "INTERNALDATE": lambda: f'"{date_time(mail.internal_date)}"',
        "RFC822.SIZE": lambda: str(letter.length),
        "MODSEQ": lambda: f"({mail.modseq})",
        "EMAILID": lambda: f"(M{letter.serial:08d})",
        "THREADID": lambda: f"(T{letter.serial:08d})",
        "X-GM-MSGID": lambda: str(GMAIL_BASE + letter.serial),
        "X-GM-THRID": lambda: str(GMAIL_BASE + letter.serial),
        "X-GM-LABELS": lambda: _labels(mail),
        "ENVELOPE": lambda: _envelope(letter),
        "BODY": lambda: _structure(letter),
        "BODYSTRUCTURE": lambda: _structure(letter),
    }
    return f"{item} {facts[item]()}"


def _labels(mail: Mail) -> str:
    own = "".join(f' "{label}"' for label in mail.labels)
    return f'("\\\\Inbox"{own})'


def _envelope(letter: Letter) -> str:
    name, _, host = letter.sender.partition("@")
    sender = f'(("Sender" NIL "{name}" "{host}"))'
    to = f'((NIL NIL "{letter.to}" "example.org"))'
    ident = f'"<{letter.token}@sim.example.org>"'
    date = formatdate(letter.date)
    return f'("{date}" "{letter.token}" {sender} {sender} {sender} {to} NIL NIL NIL {ident})'


def _structure(letter: Letter) -> str:
    text = letter.text()
    lines = text.count(b"\n")
    return f'("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "7BIT" {len(text)} {lines})'


def _octets(letter: Letter, section: Section, partial: tuple[int, int] | None) -> bytes:
    if not section.part:
        return letter.octets() if partial is None else letter.part(*partial)
    if section.part == "TEXT":
        octets = letter.text()
    elif section.part == "HEADER":
        octets = letter.header
    elif section.part == "MIME":
        octets = b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
    else:
        without = section.part == "HEADER.FIELDS.NOT"
        octets = _fields(letter.header, section.names, without=without)
    if partial is not None:
        origin, length = partial
        octets = octets[origin : origin + length]
    return octets


def _fields(header: bytes, names: tuple[bytes, ...], *, without: bool) -> bytes:
    lines = header.removesuffix(b"\r\n").splitlines(keepends=True)
    chosen = [line for line in lines if (line.partition(b":")[0].lower() in names) is not without]
    # The empty line is part of the answer (RFC 9051 section 6.4.5).
    return b"".join(chosen) + b"\r\n"
