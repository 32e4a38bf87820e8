"""Reads one framed untagged response into its type. It must not know commands or states.

A response that can not be read raises ParseError, and nothing else is ever raised. What is
read well but not known is Unknown: servers may send anything (RFC 9051 section 2.2.2).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from vedette.imap.codes import read_capabilities, read_flags, split_code
from vedette.imap.fetch import read_fetch
from vedette.imap.framer import Frame
from vedette.imap.lexer import (
    INT63,
    Atom,
    ParseError,
    Value,
    display,
    is_nil,
    number,
    positive,
    read_values,
)
from vedette.imap.limits import Limits
from vedette.imap.responses import (
    Capability,
    Enabled,
    ESearch,
    Exists,
    Expunge,
    Flags,
    Id,
    Kind,
    ListItem,
    Namespace,
    NamespaceItem,
    Recent,
    Response,
    Search,
    Status,
    StatusItem,
    Unknown,
    Vanished,
)
from vedette.imap.sets import UidSet

_UNTAGGED = re.compile(rb"\* *+(?:([0-9]++) ++)?([A-Za-z][A-Za-z0-9.-]*+)(?: ++|\Z)")
_CODE_ALONE = re.compile(rb"\* *+\[")
# An unknown or malformed response is kept this long, for a person to look at.
RAW_LENGTH = 1_024


def read_response(frame: Frame, limits: Limits) -> Response:
    """Read an untagged response; the frame begins with ``*``. Raises ParseError."""
    text = frame.text
    head = _UNTAGGED.match(text)
    if head is None:
        if _CODE_ALONE.match(text):  # "* [COPYUID ...]" without OK
            return _status(Kind.OK, text.lstrip(b"* "))
        return Unknown(raw=text[:RAW_LENGTH])
    digits, word = head[1], head[2].upper()
    if digits is not None:
        return _numbered(digits, word, frame, head.end(), limits)
    kind = _KINDS.get(word)
    if kind is not None:
        return _status(kind, text[head.end() :])
    read = _READERS.get(word)
    if read is None:
        return Unknown(raw=text[:RAW_LENGTH])
    return read(frame, head.end(), limits)


def _numbered(digits: bytes, word: bytes, frame: Frame, at: int, limits: Limits) -> Response:
    value = number(digits)
    if value is None:
        raise ParseError("a number above 2^32")
    if word == b"EXISTS":
        return Exists(count=value)
    if word == b"FETCH":
        return read_fetch(value, read_values(frame.text, at, frame.literals, limits))
    if word == b"EXPUNGE":
        if not value:
            raise ParseError("EXPUNGE of message 0")
        return Expunge(seq=value)
    if word == b"RECENT":
        return Recent(count=value)
    return Unknown(raw=frame.text[:RAW_LENGTH])


def _status(kind: Kind, text: bytes) -> Status:
    code, words = split_code(text)
    return Status(kind=kind, code=code, text=words)


def _capability(frame: Frame, at: int, _limits: Limits) -> Capability:
    return Capability(names=read_capabilities(frame.text[at:]))


def _enabled(frame: Frame, at: int, _limits: Limits) -> Enabled:
    return Enabled(names=read_capabilities(frame.text[at:]))


def _flags(frame: Frame, at: int, limits: Limits) -> Flags:
    values = read_values(frame.text, at, frame.literals, limits)
    if not values:
        raise ParseError("FLAGS without a list")
    first = values[0]
    if isinstance(first, list):
        return Flags(names=read_flags([word for word in first if isinstance(word, bytes)]))
    if is_nil(first):
        return Flags(names=None)
    raise ParseError("FLAGS without a list")


def _vanished(frame: Frame, at: int, limits: Limits) -> Vanished:
    text = frame.text[at:].strip()
    earlier = text[:9].upper() == b"(EARLIER)"
    wire = text[9:].strip() if earlier else text
    return Vanished(uids=UidSet.parse(wire, items=limits.items), earlier=earlier)


def _list(frame: Frame, at: int, limits: Limits) -> ListItem:
    values = read_values(frame.text, at, frame.literals, limits)
    if len(values) < 3 or not isinstance(values[0], list):  # noqa: PLR2004 - attributes, delimiter, name
        raise ParseError("LIST without attributes, delimiter and name")
    delimiter, name = values[1], values[2]
    if not isinstance(delimiter, bytes) or not isinstance(name, bytes):
        raise ParseError("LIST without attributes, delimiter and name")
    old_name: bytes | None = None
    child_info: tuple[str, ...] = ()
    for key, value in _extended(values[3:]):
        if key == b"OLDNAME":
            inner = value[0] if isinstance(value, list) and value else value
            old_name = bytes(inner) if isinstance(inner, bytes) else None
        elif key == b"CHILDINFO" and isinstance(value, list):
            child_info = tuple(display(word).upper() for word in value if isinstance(word, bytes))
    return ListItem(
        name=bytes(name),
        delimiter=None if is_nil(delimiter) or not delimiter else bytes(delimiter),
        attributes=frozenset(
            display(word).lower()
            for word in values[0]
            if isinstance(word, bytes) and not is_nil(word)
        ),
        old_name=old_name,
        child_info=child_info,
    )


def _extended(values: list[Value]) -> list[tuple[bytes, Value]]:
    """Return the pairs of LIST's extended data: ``("OLDNAME" ("a"))`` (RFC 5258 section 6)."""
    data = values[0] if values and isinstance(values[0], list) else []
    return [
        (key.upper(), value)
        for key, value in zip(data[::2], data[1::2], strict=False)
        if isinstance(key, bytes)
    ]


def _status_item(frame: Frame, at: int, limits: Limits) -> StatusItem:
    values = read_values(frame.text, at, frame.literals, limits)
    if len(values) < 2 or not isinstance(values[-1], list):  # noqa: PLR2004 - name and numbers
        raise ParseError("STATUS without a name and a list")
    words = [word for word in values[:-1] if isinstance(word, bytes)]
    if len(words) != len(values) - 1:
        raise ParseError("STATUS without a name")
    name = b" ".join(words)  # more than one where spaces were not quoted, seen at Exchange
    pairs = values[-1]
    found = {
        key.upper(): value
        for key, value in zip(pairs[::2], pairs[1::2], strict=False)
        if isinstance(key, bytes)
    }
    identity = found.get(b"MAILBOXID")
    if isinstance(identity, list):
        identity = identity[0] if identity else None
    return StatusItem(
        name=name,
        messages=number(found.get(b"MESSAGES")),
        uid_next=positive(found.get(b"UIDNEXT")),
        uid_validity=positive(found.get(b"UIDVALIDITY")),
        unseen=number(found.get(b"UNSEEN")),
        highest_modseq=positive(found.get(b"HIGHESTMODSEQ"), INT63),
        size=number(found.get(b"SIZE"), INT63),
        mailbox_id=display(identity)
        if isinstance(identity, bytes) and not is_nil(identity)
        else None,
    )


def _search(frame: Frame, at: int, limits: Limits) -> Search:
    text, _, rest = frame.text[at:].partition(b"(")
    words = text.split()
    if len(words) > limits.items:
        raise ParseError(f"more than {limits.items} values")
    numbers = [value for word in words if (value := positive(word)) is not None]
    if len(numbers) != len(words):
        raise ParseError("SEARCH with what is not a number")
    pair = rest.partition(b")")[0].split()
    named = len(pair) == 2 and pair[0].upper() == b"MODSEQ"  # noqa: PLR2004 - "MODSEQ 7"
    return Search(numbers=tuple(numbers), modseq=positive(pair[1], INT63) if named else None)


def _esearch(frame: Frame, at: int, limits: Limits) -> ESearch:
    values = read_values(frame.text, at, frame.literals, limits)
    tag: str | None = None
    if values and isinstance(values[0], list):
        match values.pop(0):
            case [bytes(key), bytes(own)] if key.upper() == b"TAG":
                tag = display(own)
            case _:
                pass
    uid = bool(values) and isinstance(values[0], Atom) and values[0].upper() == b"UID"
    found = {
        key.upper(): value
        for key, value in zip(values[uid::2], values[uid + 1 :: 2], strict=False)
        if isinstance(key, bytes)
    }
    every = found.get(b"ALL")
    return ESearch(
        tag=tag,
        uid=uid,
        min=positive(found.get(b"MIN")),
        max=positive(found.get(b"MAX")),
        count=number(found.get(b"COUNT")),
        all=UidSet.parse(every, items=limits.items) if isinstance(every, bytes) else None,
        modseq=positive(found.get(b"MODSEQ"), INT63),
    )


def _namespace(frame: Frame, at: int, limits: Limits) -> Namespace:
    values = read_values(frame.text, at, frame.literals, limits)
    groups = [_namespaces(value) for value in values[:3]]
    groups += [()] * (3 - len(groups))
    return Namespace(personal=groups[0], other=groups[1], shared=groups[2])


def _namespaces(value: Value) -> tuple[NamespaceItem, ...]:
    found = []
    for item in value if isinstance(value, list) else []:
        match item:
            case [bytes(prefix), bytes(delimiter), *_]:
                flat = is_nil(delimiter) or not delimiter
                found.append(
                    NamespaceItem(
                        prefix=b"" if is_nil(prefix) else bytes(prefix),
                        delimiter=None if flat else bytes(delimiter),
                    )
                )
            case _:
                raise ParseError("a namespace without prefix and delimiter")
    return tuple(found)


def _id(frame: Frame, at: int, limits: Limits) -> Id:
    values = read_values(frame.text, at, frame.literals, limits)
    pairs = values[0] if values and isinstance(values[0], list) else []
    return Id(
        fields=tuple(
            (display(key), None if is_nil(value) else display(value))
            for key, value in zip(pairs[::2], pairs[1::2], strict=False)
            if isinstance(key, bytes) and isinstance(value, bytes)
        )
    )


_KINDS = {kind.value.encode(): kind for kind in Kind}
_READERS: dict[bytes, Callable[[Frame, int, Limits], Response]] = {
    b"CAPABILITY": _capability,
    b"ENABLED": _enabled,
    b"FLAGS": _flags,
    b"VANISHED": _vanished,
    b"LIST": _list,
    b"LSUB": _list,
    b"STATUS": _status_item,
    b"SEARCH": _search,
    b"ESEARCH": _esearch,
    b"NAMESPACE": _namespace,
    b"ID": _id,
}
