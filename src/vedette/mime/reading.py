"""Bytes of a message to a ``Message``: the one way in, and it never raises.

Each step has its own module; here is only their order. It must not know mailboxes,
accounts or events.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from vedette.mime import (
    addresses,
    attachments,
    authentication,
    automatic,
    calendar,
    charset,
    content,
    dates,
    encoding,
    headers,
    html,
    opaque,
    reply,
    structure,
    text,
    words,
)
from vedette.mime.content import Scope
from vedette.mime.defects import Defect
from vedette.mime.headers import Header
from vedette.mime.limits import Depth, Limits
from vedette.mime.message import Address, Message, Nested, Text
from vedette.mime.structure import Part

_ID = re.compile(r"<[^<>\s]{1,998}>")
_DEFAULT = Limits()
# Fields that may stand once (RFC 5322 section 3.6).
_ONCE = (
    b"from", b"sender", b"reply-to", b"to", b"cc", b"bcc", b"message-id", b"in-reply-to",
    b"references", b"subject", b"date", b"content-type", b"content-transfer-encoding",
)  # fmt: skip


def read(
    raw: bytes | memoryview,
    *,
    limits: Limits = _DEFAULT,
    trusted_authserv: Collection[str] = (),
    depth: Depth = Depth.TEXT,
    partial: bool = False,
    size: int | None = None,
) -> Message:
    """Read one message. Never raises, whatever the bytes; what was wrong is in ``defects``.

    ``partial`` says that ``raw`` is only the beginning; ``size`` is then the size of
    the whole, in bytes. ``trusted_authserv`` names the servers whose
    Authentication-Results are believed.
    """
    data = bytes(raw)
    if size is not None and size > len(data):
        partial = True
    try:
        return _read(data, limits, trusted_authserv, depth, partial=partial)
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
    return Message(raw_header=data[: limits.header_bytes], defects=(Defect.INTERNAL.value,))


def _read(
    raw: bytes, limits: Limits, trusted: Collection[str], depth: Depth, *, partial: bool
) -> Message:
    defects: set[Defect] = {Defect.PARTIAL} if partial else set()
    if not raw:
        defects.add(Defect.EMPTY)
    header = headers.scan(raw, 0, limits, defects)
    message = _metadata(raw, header, limits, defects)
    message = replace(message, authentication=authentication.read(header.fields, trusted, defects))
    if depth is Depth.METADATA:
        return replace(
            message,
            automatic=automatic.by_header(header, message.subject),
            defects=_codes(defects),
        )
    if header.ended:
        defects.discard(Defect.HEADER_UNENDED)
    root = structure.walk(raw, limits=limits, defects=defects, header=header, partial=partial)
    scope = content.sort(root)
    most = limits.full_text_bytes if depth is Depth.FULL else limits.text_bytes
    body = _text(scope, raw, most, limits, defects)
    return replace(
        message,
        text=body,
        attachments=tuple(attachments.describe(part, raw, defects) for part in scope.attached),
        nested=_nested(scope, raw, most, limits, defects),
        automatic=automatic.classify(scope, raw, header, message.subject, body.plain, limits),
        calendar=tuple(
            event
            for part in scope.calendar[: limits.calendar_events]
            for event in _calendar(part, raw, limits, defects)
        )[: limits.calendar_events],
        opaque=opaque.name(scope, body.plain),
        defects=_codes(defects),
    )


def _codes(defects: set[Defect]) -> tuple[str, ...]:
    return tuple(sorted(defect.value for defect in defects))


def _metadata(raw: bytes, header: Header, limits: Limits, defects: set[Defect]) -> Message:
    seen: set[bytes] = set()
    values = []
    for name, value in header.fields:
        key = name.lower()
        if key in seen and key in _ONCE:
            defects.add(Defect.FROM_AMBIGUOUS if key == b"from" else Defect.DUPLICATE)
        seen.add(key)
        values.append((name.decode("ascii"), words.unstructured(value, defects)))
    boxes = {name: _addresses(header, name, limits, defects) for name in _BOXES}
    if not any(address.address for address in boxes[b"from"]):
        defects.add(Defect.FROM_MISSING)
    ids = _ids(header, b"message-id", defects)
    if not ids:
        defects.add(Defect.ID_MISSING)
    date_raw = _value(header, b"date", defects)
    date = dates.parse(date_raw) if date_raw else None
    if date is None:
        defects.add(Defect.DATE_BAD)
    answered = _ids(header, b"in-reply-to", defects)
    return Message(
        raw_header=raw[: min(header.body, limits.header_bytes)],
        headers=tuple(values),
        message_id=ids[0] if ids else None,
        in_reply_to=answered[0] if answered else None,
        references=tuple(_ids(header, b"references", defects)[-limits.references :]),
        date=date,
        date_raw=date_raw,
        from_=boxes[b"from"],
        sender=boxes[b"sender"],
        reply_to=boxes[b"reply-to"],
        to=boxes[b"to"],
        cc=boxes[b"cc"],
        bcc=boxes[b"bcc"],
        subject=_value(header, b"subject", defects) or "",
    )


_BOXES = (b"from", b"sender", b"reply-to", b"to", b"cc", b"bcc")


def _addresses(
    header: Header, name: bytes, limits: Limits, defects: set[Defect]
) -> tuple[Address, ...]:
    if name not in header.first:
        return ()
    found: list[Address] = []
    for raw in header.all(name):
        room = limits.addresses - len(found)
        if room <= 0:
            defects.add(Defect.ADDRESSES_CUT)
            break
        found.extend(addresses.parse(words.text(raw, defects), room, defects))
    return tuple(found)


def _value(header: Header, name: bytes, defects: set[Defect]) -> str | None:
    raw = header.first.get(name)
    return None if raw is None else words.unstructured(raw, defects)


def _ids(header: Header, name: bytes, defects: set[Defect]) -> list[str]:
    raw = header.first.get(name)
    return [] if raw is None else _ID.findall(words.clean(words.text(raw, defects)))


def _text(scope: Scope, raw: bytes, most: int, limits: Limits, defects: set[Defect]) -> Text:
    plain, plain_cut = _joined(scope.plain, raw, most, defects)
    source, source_cut = _joined(scope.html, raw, max(most, limits.html_source), defects)
    hidden = ""
    cut = plain_cut or source_cut
    page = None
    if source is not None:
        if plain is None or html.may_hide(source):
            page = html.read(source[: limits.html_source], most)
            hidden = page.hidden
            cut = cut or len(source) > limits.html_source
            if page.simplified:
                defects.add(Defect.HTML)
        source, shorter = charset.cut_bytes(source, most)
        cut = cut or shorter
    if plain is None and page is not None:
        plain, shorter = charset.cut_bytes(page.visible, most)
        cut = cut or shorter
    if cut:
        defects.add(Defect.TEXT_CUT)
    return Text(
        plain=plain,
        html=source,
        reply=None if plain is None else reply.extract(plain),
        hidden=charset.cut_bytes(hidden, most)[0],
        truncated=cut,
    )


def _joined(
    parts: list[Part], raw: bytes, most: int, defects: set[Defect]
) -> tuple[str | None, bool]:
    """Return the texts of ``parts``, one after the other, in at most ``most`` bytes."""
    if not parts:
        return None, False
    pieces: list[str] = []
    room = most
    cut = False
    for part in parts:
        if room <= 0:
            cut = True
            break
        piece, shorter = _decoded(part, raw, room, defects)
        pieces.append(piece)
        room -= len(piece) + 1
        cut = cut or shorter or part.cut
    joined, shorter = charset.cut_bytes("\n".join(pieces), most)
    return joined, cut or shorter


def _decoded(part: Part, raw: bytes, most: int, defects: set[Defect]) -> tuple[str, bool]:
    data, cut = encoding.decode_head(part.body(raw), part.encoding, most, defects)
    named = part.parameters.get("charset")
    if part.content_type == "text/html" and (not named or charset.codec(named) is None):
        named = charset.sniff(data) or named
    found = charset.decode(data, named, defects, cut=cut or part.cut)
    if part.parameters.get("format", "").lower() == "flowed":
        delsp = part.parameters.get("delsp", "").lower() == "yes"
        found = text.unflow(found, delsp=delsp)
    return found, cut


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
    message = _metadata(raw, scope.root.header, limits, own)
    return Nested(
        id=part.path,
        message_id=message.message_id,
        date=message.date,
        from_=message.from_,
        to=message.to,
        subject=message.subject,
        text=_text(scope, raw, most, limits, own),
        attachments=tuple(attachments.describe(each, raw, own) for each in scope.attached),
    )


def _calendar(
    part: Part, raw: bytes, limits: Limits, defects: set[Defect]
) -> tuple[calendar.CalendarEvent, ...]:
    data, cut = encoding.decode_head(part.body(raw), part.encoding, limits.calendar_bytes, defects)
    if cut:
        defects.add(Defect.CALENDAR)
        return ()
    found = charset.decode(data, part.parameters.get("charset") or "utf-8", defects)
    return calendar.read(found, limits.calendar_events, defects)
