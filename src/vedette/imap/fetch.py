"""The FETCH response: what a server tells of one message. It must not know what was asked.

A bad value costs its field and nothing else: the tree has already been framed by its
parentheses, so the next item is found whatever the value was. Items that are not known here
are skipped. RFC 9051 section 7.5.2, RFC 7162 (MODSEQ), RFC 8474 (EMAILID, THREADID),
RFC 8514 (SAVEDATE), RFC 8970 (PREVIEW), X-GM-EXT-1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import Any, TypeAlias, Union

from vedette.imap.codes import read_flags
from vedette.imap.framer import Streamed
from vedette.imap.lexer import (
    INT63,
    UINT64,
    Atom,
    ParseError,
    Value,
    display,
    is_nil,
    number,
    positive,
)

Tree: TypeAlias = Union[bytes, "tuple[Tree, ...]", None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of a message's octets.

    ``name`` is what stands in the brackets, upper case: ``b""`` for the whole message,
    ``b"HEADER"``, ``b"1.2.MIME"``. ``origin`` is set in the answer to a partial request.
    ``data`` is None for NIL: the server has no such octets (any more), which is not "empty".
    """

    name: bytes
    origin: int | None = None
    data: bytes | Streamed | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """What one FETCH response says. Each field is None where it was absent or unreadable.

    ``seq`` is 0 from servers that do not know it; nothing should depend on it. ``size`` is
    in octets. ``internal_date`` is as the server wrote it (see ``dates.read_date_time``).
    ``gm_labels`` are wire names. ``body_structure`` is advisory: servers get it wrong.
    ``defects`` names the items whose value could not be read.
    """

    seq: int
    uid: int | None = None
    flags: frozenset[str] | None = None
    internal_date: str | None = None
    size: int | None = None
    modseq: int | None = None
    email_id: str | None = None
    thread_id: str | None = None
    gm_message_id: int | None = None
    gm_thread_id: int | None = None
    gm_labels: tuple[bytes, ...] | None = None
    preview: str | None = None
    save_date: str | None = None
    sections: tuple[Section, ...] = ()
    body_structure: Tree = None
    defects: tuple[str, ...] = ()

    def section(self, name: bytes) -> Section | None:
        """Return the section of this name (upper case), if the response has it."""
        for section in self.sections:
            if section.name == name:
                return section
        return None

    def merged(self, later: Fetch) -> Fetch:
        """Join two responses about the same message; ``later`` wins where both speak."""
        values: dict[str, Any] = {}
        for each in fields(self):
            mine, theirs = getattr(self, each.name), getattr(later, each.name)
            values[each.name] = mine if theirs is None else theirs
        kept = {(section.name, section.origin): section for section in self.sections}
        kept.update({(section.name, section.origin): section for section in later.sections})
        values["sections"] = tuple(kept.values())
        values["defects"] = self.defects + later.defects
        return Fetch(**values)


_SECTION = re.compile(rb"BODY(?:\.PEEK)?\[(.*)\](?:<([0-9]++)(?:\.[0-9]++)?>)?", re.DOTALL)
# Whole-message items of RFC 3501, by the section that they stand for.
_OLD_SECTIONS = {b"RFC822": b"", b"RFC822.HEADER": b"HEADER", b"RFC822.TEXT": b"TEXT"}
_FLAGS, _UID = b"FLAGS", b"UID"


def read_fetch(seq: int, values: list[Value]) -> Fetch:
    """Read a FETCH response from its tree. Raises ParseError when it holds no list of items."""
    if not values or not isinstance(values[0], list):
        raise ParseError("FETCH without a list of items")
    items = values[0]
    found: dict[str, Any] = {}
    sections: list[Section] = []
    defects: list[str] = []
    index, count = 0, len(items)
    while index < count:
        item = items[index]
        index += 1
        if not isinstance(item, Atom):
            defects.append("value without a name")
            continue
        name = item.upper()
        value = items[index] if index < count else None
        if value is None or (isinstance(value, Atom) and value.upper() in _READERS):
            defects.append(display(name))  # an item without a value; the next item stands here
            continue
        index += 1
        if not _read_item(name, value, found, sections):
            defects.append(display(name))
    return Fetch(seq=seq, sections=tuple(sections), defects=tuple(defects), **found)


def _read_item(name: bytes, value: Value, found: dict[str, Any], sections: list[Section]) -> bool:
    """Read one item into its field; False when its value can not be read."""
    known = _READERS.get(name)
    if known is not None:
        key, read = known
        if is_nil(value):
            return True
        result = read(value)
        if result is not None:
            found[key] = result
        return result is not None
    old = _OLD_SECTIONS.get(name)
    shape = _SECTION.fullmatch(name) if old is None else None
    if old is None and shape is None:
        return True
    data = None if is_nil(value) else value
    if isinstance(data, (list, Atom)):
        return False
    sections.append(
        Section(
            name=shape[1] if shape is not None else old or b"",
            origin=number(shape[2]) if shape is not None else None,
            data=data,
        )
    )
    return True


def _flags(value: Value) -> frozenset[str] | None:
    if not isinstance(value, list):
        return None
    return read_flags([word for word in value if isinstance(word, bytes)])


def _size(value: Value) -> int | None:
    return number(value, INT63)


def _modseq(value: Value) -> int | None:
    return positive(_only(value), INT63)


def _only(value: Value) -> Value | None:
    """Return the one value of ``(value)``, or the value itself where the list was left out."""
    if isinstance(value, list):
        return value[0] if len(value) == 1 else None
    return value


def _text(value: Value) -> str | None:
    return display(value) if isinstance(value, bytes) else None


def _object_id(value: Value) -> str | None:
    inner = _only(value)
    if inner is None or is_nil(inner) or not isinstance(inner, bytes):
        return None
    return display(inner) or None


def _gm_number(value: Value) -> int | None:
    return positive(value, UINT64)


def _labels(value: Value) -> tuple[bytes, ...] | None:
    if not isinstance(value, list):
        return None
    return tuple(bytes(label) for label in value if isinstance(label, bytes) and not is_nil(label))


def _tree(value: Value) -> Tree:
    """Freeze a tree; its depth is bounded by the lexer, and so is this recursion."""
    if isinstance(value, list):
        return tuple(_tree(inner) for inner in value)
    if isinstance(value, Streamed) or is_nil(value):
        return None
    return bytes(value)


_READERS: dict[bytes, tuple[str, Any]] = {
    _UID: ("uid", positive),
    _FLAGS: ("flags", _flags),
    b"INTERNALDATE": ("internal_date", _text),
    b"RFC822.SIZE": ("size", _size),
    b"MODSEQ": ("modseq", _modseq),
    b"EMAILID": ("email_id", _object_id),
    b"THREADID": ("thread_id", _object_id),
    b"X-GM-MSGID": ("gm_message_id", _gm_number),
    b"X-GM-THRID": ("gm_thread_id", _gm_number),
    b"X-GM-LABELS": ("gm_labels", _labels),
    b"PREVIEW": ("preview", _text),
    b"SAVEDATE": ("save_date", _text),
    b"BODYSTRUCTURE": ("body_structure", _tree),
}
