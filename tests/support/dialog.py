r"""Dialogs: what a server and the client say to each other, as a text that a person can read.

::

    # I4: mail that arrives between DONE and its answer is announced by nobody.
    #
    # Why this happens, and what must come of it, in a few lines.

    Given: folders INBOX, Junk           what holds before the first word
    (as in idles)                        the words of chapters/idles.imap
    (120 s pass)                         the server says nothing meanwhile
    C: DONE                              what the client has to say next
    C: a UID SEARCH UID 3:*              ``a`` is our name for the client's tag
    S: * SEARCH 3                        what the server says then
    S: a OK done
    C: b UID FETCH 3 …                   ``…`` stands for any words
    S: * 3 FETCH (UID 3 BODY[]<0> {mail 3})
    S: b OK done
    Expect: received 3                   what holds now; see ``expectation``

Stage directions stand in parentheses; ``player`` knows them. ``{mail 3}`` is a small
message as a literal, ``{mail 3 of 70000}`` one of that size, ``{header 3}`` its header and
``{text …}`` a literal of one's own. ``\xff`` is an octet. This module only reads the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum, unique
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "dialogs"

_ENTRY = re.compile(r"[ACGIMPSV]\d{1,2}")
_HEAD = re.compile(r"# (?P<entries>[ACGIMPSV]\d{1,2}(?:, [ACGIMPSV]\d{1,2})*): (?P<title>.+\.)")
_LITERAL = re.compile(
    rb"\{(?P<kind>mail|header) (?P<number>\d+)(?: of (?P<size>\d+))?\}|\{text (?P<text>[^}]*)\}"
)
_OCTET = re.compile(rb"\\x([0-9a-f]{2})")


@unique
class Kind(StrEnum):
    """What a line of a dialog is."""

    SERVER = "S"
    CLIENT = "C"
    GIVEN = "Given"
    EXPECT = "Expect"
    STAGE = "stage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line, and where it stands."""

    kind: Kind
    text: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialog:
    """A dialog: the catalogue entries that it shows, what it says of them, and its lines."""

    name: str
    entries: tuple[str, ...]
    title: str
    lines: tuple[Line, ...]


def dialogs() -> list[Path]:
    """Return the files of all dialogs."""
    return sorted(FOLDER.glob("*.imap"))


def read(path: Path) -> Dialog:
    """Read a dialog. Its first line names the entries and the symptom."""
    first = path.read_text().split("\n", 1)[0]
    head = _HEAD.fullmatch(first)
    assert head is not None, f"{path.name} has to begin like '# I4: what breaks.'"
    entries = tuple(_ENTRY.findall(head["entries"]))
    assert path.stem.split("-")[0] == entries[0].lower(), f"{path.name} is about {entries[0]}"
    return Dialog(name=path.stem, entries=entries, title=head["title"], lines=tuple(_lines(path)))


def _lines(path: Path) -> list[Line]:
    lines: list[Line] = []
    for number, text in enumerate(path.read_text().split("\n"), start=1):
        place = f"{path.name}:{number}"
        if not text.strip() or text.startswith("#"):
            continue
        if text.startswith("(as in "):
            lines += _lines(FOLDER / "chapters" / f"{text[7:-1]}.imap")
        elif text.startswith("("):
            assert text.endswith(")"), f"{place}: a stage direction ends in ')'"
            lines.append(Line(kind=Kind.STAGE, text=text[1:-1], place=place))
        else:
            kind, colon, rest = text.partition(": ")
            assert colon, f"{place}: a line is 'S: …', 'C: …', 'Given: …', 'Expect: …' or '(…)'"
            lines.append(Line(kind=Kind(kind), text=rest, place=place))
    return lines


def octets(text: str) -> bytes:
    """Return what a line stands for on the wire, without its CRLF."""
    data = _OCTET.sub(lambda found: bytes.fromhex(found[1].decode()), text.encode())
    return _LITERAL.sub(_literal, data)


def mail(number: int, size: int | None = None) -> bytes:
    """Return message ``number`` of all dialogs, padded to ``size`` octets."""
    body = header(number) + b"Hello %d\r\n" % number
    return body if size is None else body.ljust(size, b".")


def header(number: int) -> bytes:
    """Return the header of a message of the dialogs."""
    return (
        b"From: Ann <ann@example.org>\r\n"
        b"To: Joe <joe@example.org>\r\n"
        b"Subject: Mail %d\r\n"
        b"Message-ID: <%d@example.org>\r\n"
        b"Date: Tue, 14 Nov 2023 22:00:00 +0000\r\n\r\n" % (number, number)
    )


def _literal(found: re.Match[bytes]) -> bytes:
    if found["text"] is not None:
        data = found["text"].replace(b"\\r", b"\r").replace(b"\\n", b"\n")
    elif found["kind"] == b"header":
        data = header(int(found["number"]))
    else:
        size = found["size"]
        data = mail(int(found["number"]), None if size is None else int(size))
    return b"{%d}\r\n%b" % (len(data), data)
