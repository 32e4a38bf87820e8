"""The fields that every message has: sender, recipients, subject, ids, date.

It must not know the body.
"""

from __future__ import annotations

import re

from vedette.mime import addresses, charset, dates, parameters, words
from vedette.mime.defects import Defect
from vedette.mime.headers import Header
from vedette.mime.limits import Limits
from vedette.mime.message import Address, Message

_ID = re.compile(r"<[^<>\s]{1,998}>")
_BOXES = ("from", "sender", "reply-to", "to", "cc", "bcc")
# Fields that may stand once (RFC 5322 section 3.6).
_ONCE = frozenset(
    {"from", "sender", "reply-to", "to", "cc", "bcc", "message-id", "in-reply-to",
    "references", "subject", "date", "content-type", "content-transfer-encoding"}
)  # fmt: skip


def recode(header: Header, defects: set[Defect]) -> None:
    """Turn fields of raw bytes that are no UTF-8 into UTF-8, in place.

    Programs that send them use the charset of the text there too; it is named in
    Content-Type. Without it they are left to the general guess.
    """
    if header.plain or all(value.isascii() for _name, value in header.fields):
        return
    content_type = words.text(header.first.get("content-type", ""), set())
    _kind, values = parameters.parse(content_type, set())
    chosen = charset.codec(values.get("charset", ""))
    if chosen is None:
        return
    for number, (name, value) in enumerate(header.fields):
        raw = value.encode("latin-1")
        text = None if _is_utf8(raw) else charset.strict(raw, chosen)
        if text is not None:
            defects.add(Defect.HEADER_8BIT)
            found = text.encode("utf-8", "replace").decode("latin-1")
            header.fields[number] = (name, found)
            if header.first[name.lower()] is value:
                header.first[name.lower()] = found


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def read(raw: bytes, header: Header, limits: Limits, defects: set[Defect]) -> Message:
    """Return the message as far as its header tells it."""
    for key in _ONCE & header.repeated:
        defects.add(Defect.FROM_AMBIGUOUS if key == "from" else Defect.DUPLICATE)
    values = _values(header, defects)
    boxes = {name: _addresses(header, name, limits, defects) for name in _BOXES}
    if not any(address.address for address in boxes["from"]):
        defects.add(Defect.FROM_MISSING)
    ids = _ids(header, "message-id", defects)
    if not ids:
        defects.add(Defect.ID_MISSING)
    date_raw = _value(header, "date", defects)
    date = dates.parse(date_raw) if date_raw else None
    if date is None:
        defects.add(Defect.DATE_BAD)
    answered = _ids(header, "in-reply-to", defects)
    return Message(
        raw_header=raw[: min(header.body, limits.header_bytes)],
        headers=values,
        message_id=ids[0] if ids else None,
        in_reply_to=answered[0] if answered else None,
        references=tuple(_ids(header, "references", defects)[-limits.references :]),
        date=date,
        date_raw=date_raw,
        from_=boxes["from"],
        sender=boxes["sender"],
        reply_to=boxes["reply-to"],
        to=boxes["to"],
        cc=boxes["cc"],
        bcc=boxes["bcc"],
        subject=_subject(header, values),
    )


def _values(header: Header, defects: set[Defect]) -> tuple[tuple[str, str], ...]:
    if not header.plain:
        return tuple((name, words.unstructured(value, defects)) for name, value in header.fields)
    return tuple(
        [
            (
                name,
                words.unstructured(value, defects) if "=?" in value else value.replace("\t", " "),
            )
            for name, value in header.fields
        ]
    )


def _addresses(
    header: Header, name: str, limits: Limits, defects: set[Defect]
) -> tuple[Address, ...]:
    if name not in header.first:
        return ()
    found: list[Address] = []
    own: set[Defect] = set()
    for raw in header.all(name):
        room = limits.addresses - len(found)
        if room <= 0:
            defects.add(Defect.ADDRESSES_CUT)
            break
        found.extend(addresses.parse(words.text(raw, defects), room, own))
    if name == "from" and Defect.ADDRESS_AMBIGUOUS in own:
        own.add(Defect.FROM_AMBIGUOUS)
    defects |= own
    return tuple(found)


def _subject(header: Header, values: tuple[tuple[str, str], ...]) -> str:
    """Return the first subject, which was decoded among the values."""
    if "subject" not in header.first:
        return ""
    return next(value for name, value in values if name.lower() == "subject")


def _value(header: Header, name: str, defects: set[Defect]) -> str | None:
    raw = header.first.get(name)
    return None if raw is None else words.unstructured(raw, defects)


def _ids(header: Header, name: str, defects: set[Defect]) -> list[str]:
    raw = header.first.get(name)
    return [] if raw is None else _ID.findall(words.clean(words.text(raw, defects)))
