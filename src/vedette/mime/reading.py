"""Bytes of a message to a ``Message``: the one way in, and it never raises.

Each step has its own module; here is only their order. It must not know mailboxes,
accounts or events.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from vedette.mime import (
    attachments,
    authentication,
    automatic,
    body,
    calendar,
    charset,
    content,
    encoding,
    envelope,
    headers,
    opaque,
    structure,
)
from vedette.mime.content import Scope
from vedette.mime.defects import Defect
from vedette.mime.limits import Depth, Limits
from vedette.mime.message import CalendarEvent, Message, Nested
from vedette.mime.structure import Part

_DEFAULT = Limits()


def read(
    raw: bytes | memoryview,
    *,
    limits: Limits = _DEFAULT,
    trusted_authserv: Collection[str] = (),
    depth: Depth = Depth.TEXT,
    partial: bool = False,
    size: int | None = None,
    shown: bool = False,
) -> Message:
    """Read one message. Never raises, whatever the bytes; what was wrong is in ``defects``.

    ``partial`` says that ``raw`` is only the beginning; ``size`` is then the size of
    the whole, in bytes. ``trusted_authserv`` names the servers whose
    Authentication-Results are believed. ``shown`` asks for ``Text.shown``, which costs
    a tree of the HTML where there is plain text too.
    """
    data = bytes(raw)
    if size is not None and size > len(data):
        partial = True
    try:
        return _read(data, limits, trusted_authserv, depth, partial=partial, shown=shown)
    except Exception:  # noqa: BLE001 -- one unread message must not stop the mailbox: it is told as such
        return _rescue(data, limits)


def read_header(
    raw: bytes | memoryview,
    *,
    limits: Limits = _DEFAULT,
    trusted_authserv: Collection[str] = (),
) -> Message:
    """Read a header alone, as ``read`` does at ``Depth.METADATA``. Never raises."""
    return read(raw, limits=limits, trusted_authserv=trusted_authserv, depth=Depth.METADATA)


def attachment_bytes(
    raw: bytes | memoryview, part: str, *, limits: Limits = _DEFAULT
) -> bytes | None:
    """Return the decoded bytes of the part with this id; ``None`` if there is none."""
    data = bytes(raw)
    ignored: set[Defect] = set()
    header = headers.scan(data, 0, limits, ignored)
    stack = [structure.walk(data, limits=limits, defects=ignored, header=header)]
    while stack:
        found = stack.pop()
        if (found.path or "1") == part and not found.is_multipart:
            return encoding.decode(found.body(data), found.encoding, ignored)
        stack.extend(found.children)
    return None


def _rescue(data: bytes, limits: Limits) -> Message:
    """Return what the fields say of a message whose body could not be read."""
    head = data[: limits.header_bytes]
    try:
        found = _read(head, limits, (), Depth.METADATA, partial=False)
    except Exception:  # noqa: BLE001 -- the last resort: the bytes themselves are told
        return Message(raw_header=head, defects=(Defect.INTERNAL.value,))
    return replace(found, defects=tuple(sorted({*found.defects, Defect.INTERNAL.value})))


def _read(
    raw: bytes,
    limits: Limits,
    trusted: Collection[str],
    depth: Depth,
    *,
    partial: bool,
    shown: bool = False,
) -> Message:
    defects: set[Defect] = {Defect.PARTIAL} if partial else set()
    if not raw:
        defects.add(Defect.EMPTY)
    header = headers.scan(raw, 0, limits, defects)
    envelope.recode(header, defects)
    message = envelope.read(raw, header, limits, defects)
    found_out = authentication.read(header.fields, trusted, defects)
    if depth is Depth.METADATA:
        return replace(
            message,
            authentication=found_out,
            automatic=automatic.by_header(header, message.subject),
            defects=_codes(defects),
        )
    root = structure.walk(raw, limits=limits, defects=defects, header=header, partial=partial)
    scope = content.sort(root)
    most = limits.full_text_bytes if depth is Depth.FULL else limits.text_bytes
    found = body.read(scope, raw, most, limits, defects, shown=shown)
    return replace(
        message,
        authentication=found_out,
        text=found,
        attachments=tuple(attachments.describe(part, raw, defects) for part in scope.attached),
        nested=_nested(scope, raw, most, limits, defects),
        automatic=automatic.classify(scope, raw, header, message.subject, found.plain, limits),
        calendar=_calendar(scope.calendar, raw, limits, defects),
        opaque=opaque.name(scope, found.plain),
        defects=_codes(defects),
    )


def _codes(defects: set[Defect]) -> tuple[str, ...]:
    return tuple(sorted(defect.value for defect in defects))


def _nested(
    scope: Scope, raw: bytes, most: int, limits: Limits, defects: set[Defect]
) -> tuple[Nested, ...]:
    """Return the attached messages, the inner ones of inner ones too, in order."""
    found: list[Nested] = []
    stack = list(reversed(scope.messages))
    while stack:
        part, inner = stack.pop()
        if len(found) == limits.nested:
            defects.add(Defect.NESTED_CUT)
            break
        found.append(_one_nested(part, inner, raw, most // (len(found) + 1), limits))
        stack.extend(reversed(inner.messages))
    return tuple(found)


def _one_nested(part: Part, scope: Scope, raw: bytes, most: int, limits: Limits) -> Nested:
    # What is wrong with an attached message is no defect of the one that carries it.
    own: set[Defect] = set()
    envelope.recode(scope.root.header, own)
    message = envelope.read(raw, scope.root.header, limits, own)
    return Nested(
        id=part.path,
        message_id=message.message_id,
        date=message.date,
        from_=message.from_,
        to=message.to,
        subject=message.subject,
        text=body.read(scope, raw, most, limits, own),
        attachments=tuple(attachments.describe(each, raw, own) for each in scope.attached),
    )


def _calendar(
    parts: list[Part], raw: bytes, limits: Limits, defects: set[Defect]
) -> tuple[CalendarEvent, ...]:
    """Return the events of all calendar parts, within one budget of bytes and events."""
    found: list[CalendarEvent] = []
    room = limits.calendar_bytes
    for part in parts:
        most = limits.calendar_events - len(found)
        if most <= 0:
            break
        head = part.head(raw, encoding.room(room) + 1)
        data, cut = encoding.decode_head(head, part.encoding, room, defects)
        room -= len(data)
        if cut:
            defects.add(Defect.CALENDAR)
            break
        text = charset.decode(data, part.parameters.get("charset") or "utf-8", defects)
        found.extend(calendar.read(text, most, defects))
    return tuple(found)
