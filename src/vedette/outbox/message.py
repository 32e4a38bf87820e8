"""What an event says about a message: the contract's ``message.*`` data, version 1.

Everything here is JSON: objects, lists, strings, numbers, booleans, null.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from vedette.imap import Fetch
from vedette.imap.dates import read_date_time
from vedette.imap.names import decode_name
from vedette.mime import Address, Attachment, Automatic, CalendarEvent, Message, Nested, Text
from vedette.model.account import Account, Depth
from vedette.model.event import Event
from vedette.model.folder import Folder
from vedette.outbox.envelope import instant, render

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a message beside its own words. Instants are ours, in epoch seconds."""

    account: Account
    folder: Folder
    uid_validity: int
    row: Fetch
    announced_at: float
    fetched_at: float
    seen_before: bool


def received(facts: Facts, message: Message, now: float) -> Json:
    """Return the data of ``message.received``, as deep as the account asks for."""
    data = _head(facts, message, now)
    if facts.account.depth is not Depth.METADATA:
        data["text"] = _text(message.text)
        data["attachments"] = [_attachment(each) for each in message.attachments]
        data["calendar"] = [_calendar(each) for each in message.calendar]
        data["opaque"] = message.opaque
    if facts.account.depth is Depth.FULL:
        data["nested"] = [_nested(each) for each in message.nested]
    return data


def met_before(event: Event) -> bytes:
    """Return the body of an event about a message whose like was delivered before."""
    return render(replace(event, data={**event.data, "seenBefore": True}))


def unparseable(facts: Facts, header: Message, now: float) -> Json:
    """Return the data of ``message.unparseable``: its header, and where the octets are."""
    data = _head(facts, header, now)
    data["pointer"] = {
        "folder": facts.folder.name,
        "uidValidity": facts.uid_validity,
        "uid": facts.row.uid,
    }
    return data


def whereabouts(account: Account, folder: Folder) -> Json:
    """Return the members that every event about a folder begins with."""
    return {
        "account": {"id": account.id, "email": account.email},
        "folder": {"path": folder.name, "specialUse": folder.special_use},
    }


def _head(facts: Facts, message: Message, now: float) -> Json:
    row = facts.row
    moment = None if row.internal_date is None else read_date_time(row.internal_date)
    gmail_id = None if row.gm_message_id is None else str(row.gm_message_id)
    gmail_thread = None if row.gm_thread_id is None else str(row.gm_thread_id)
    return {
        **whereabouts(facts.account, facts.folder),
        "uid": row.uid,
        "uidValidity": facts.uid_validity,
        "emailId": row.email_id or gmail_id,
        "threadId": row.thread_id or gmail_thread,
        "messageId": message.message_id,
        "inReplyTo": message.in_reply_to,
        "references": list(message.references),
        "date": message.date,
        "internalDate": None if moment is None else instant(moment.timestamp()),
        "receivedAt": instant(now),
        "size": row.size,
        "flags": sorted(row.flags or ()),
        "labels": [decode_name(label) for label in row.gm_labels or ()],
        "from": _first(message.from_),
        "sender": _first(message.sender),
        "replyTo": _addresses(message.reply_to),
        "to": _addresses(message.to),
        "cc": _addresses(message.cc),
        "bcc": _addresses(message.bcc),
        "subject": message.subject,
        "headers": _headers(message.headers),
        "authentication": _authentication(message),
        "automatic": None if message.automatic is None else _automatic(message.automatic),
        "seenBefore": facts.seen_before,
        "defects": list(message.defects),
        # Guards may add some.
        "tags": [],
        "timing": {
            "announced": instant(facts.announced_at),
            "fetched": instant(facts.fetched_at),
            "committed": instant(now),
        },
    }


def _first(addresses: tuple[Address, ...]) -> Json | None:
    return _address(addresses[0]) if addresses else None


def _address(address: Address) -> Json:
    return {"name": address.name, "address": address.address}


def _addresses(addresses: Iterable[Address]) -> list[Json]:
    return [_address(each) for each in addresses]


def _headers(headers: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return every field by its lower-case name, all duplicates in order (catalogue M14)."""
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.lower(), []).append(value)
    return found


def _text(text: Text) -> Json:
    return {
        "plain": text.plain,
        "html": text.html,
        "reply": text.reply,
        "truncated": text.truncated,
    }


def _attachment(attachment: Attachment) -> Json:
    return {
        "id": attachment.id,
        "filename": attachment.filename,
        "contentType": attachment.content_type,
        "size": attachment.size,
        "contentId": attachment.content_id,
        "inline": attachment.inline,
    }


def _authentication(message: Message) -> Json | None:
    found = message.authentication
    if found is None:
        return None
    return {
        "spf": found.spf,
        "dkim": found.dkim,
        "dmarc": found.dmarc,
        "arc": found.arc,
        "authservId": found.authserv_id,
    }


def _automatic(automatic: Automatic) -> Json:
    data: Json = {"kind": automatic.kind.value, "fields": dict(automatic.fields)}
    if automatic.recipients:
        data["recipients"] = [
            {
                "address": each.address,
                "action": each.action,
                "status": each.status,
                "diagnostic": each.diagnostic,
                "remoteMta": each.remote_mta,
                "original": each.original,
            }
            for each in automatic.recipients
        ]
    return data


def _calendar(event: CalendarEvent) -> Json:
    return {
        "method": event.method,
        "uid": event.uid,
        "summary": event.summary,
        "start": event.start,
        "end": event.end,
        "organizer": event.organizer,
        "attendees": list(event.attendees),
        "sequence": event.sequence,
        "status": event.status,
    }


def _nested(nested: Nested) -> Json:
    return {
        "id": nested.id,
        "messageId": nested.message_id,
        "date": nested.date,
        "from": _first(nested.from_),
        "to": _addresses(nested.to),
        "subject": nested.subject,
        "text": _text(nested.text),
        "attachments": [_attachment(each) for each in nested.attachments],
    }
