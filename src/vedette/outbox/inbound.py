"""The profile ``inbound-email-received``: a message in the shape of a helpdesk's own event.

``{tenantId, tenant, providerId, emailData{…}}``, as PSA systems pass inbound mail on. The account
is the provider. ``emailData.id`` is the Message-ID without its brackets, since replies are matched
by it, or the event's id where a message has none; two messages may share a Message-ID, so who
deduplicates does it by the event's id (``webhook-id``). The octets of attachments are not in it.

It reads events of any age: what an event lacks is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from vedette.model.event import EventType

Json = dict[str, Any]

#: What the two fields of RFC 2156 sections 5.3.4 and 5.3.9 may say there.
_IMPORTANCE: Final = frozenset({"low", "normal", "high"})
_SENSITIVITY: Final = frozenset({"personal", "private", "company-confidential"})


def _received(event: Json) -> Json:
    data = event.get("data") or {}
    tenant = event.get("tenant")
    references = [_bare(each) for each in data.get("references") or ()]
    message = None if data.get("messageId") is None else _bare(data["messageId"])
    reply = None if data.get("inReplyTo") is None else _bare(data["inReplyTo"])
    text = data.get("text") or {}
    headers = _headers(data.get("headers") or {})
    email: Json = {
        "id": message or event.get("id"),
        "provider": "imap",
        "providerId": event.get("account"),
        "tenant": tenant,
        "receivedAt": data.get("internalDate") or data.get("receivedAt") or event.get("time"),
        "from": _address(data.get("from") or data.get("sender") or {}),
        "to": _addresses(data.get("to")),
        "cc": _addresses(data.get("cc")),
        "bcc": _addresses(data.get("bcc")),
        "subject": data.get("subject") or "",
        "body": {"text": text.get("plain") or "", "html": text.get("html")},
        "attachments": [_attachment(each) for each in data.get("attachments") or ()],
        # As the mailers agree: a thread is named by the message that began it.
        "threadId": next(iter(references), None) or reply or message or event.get("id"),
        "references": references,
        "headers": headers,
        "ingressSkipReasons": [],
        "messageSize": data.get("size"),
    }
    if reply is not None:
        email["inReplyTo"] = reply
    for name, words in (("importance", _IMPORTANCE), ("sensitivity", _SENSITIVITY)):
        if (value := headers.get(name, "").strip().lower()) in words:
            email[name] = value
    return {
        "tenantId": tenant,
        "tenant": tenant,
        "providerId": event.get("account"),
        "emailData": email,
    }


def _bare(identifier: str) -> str:
    return identifier.strip().removeprefix("<").removesuffix(">")


def _headers(headers: Mapping[str, Any]) -> dict[str, str]:
    """Return the first field of each name: there, a name has one value."""
    return {name: str(values[0]) for name, values in headers.items() if values}


def _address(address: Json) -> Json:
    """Return one mailbox; without an address it is empty, and the receiver decides."""
    found = {"email": address.get("address") or ""}
    if address.get("name"):
        found["name"] = address["name"]
    return found


def _addresses(addresses: Iterable[Json] | None) -> list[Json]:
    # A group without members has a name and no address: nobody there can be written to.
    return [_address(each) for each in addresses or () if each.get("address")]


def _attachment(attachment: Json) -> Json:
    found = {
        "id": attachment.get("id"),
        "name": attachment.get("filename") or "attachment",
        "contentType": attachment.get("contentType"),
        "size": attachment.get("size"),
        "isInline": bool(attachment.get("inline")),
    }
    if attachment.get("contentId") is not None:
        found["contentId"] = _bare(attachment["contentId"])
    return found


#: How each event is written; it has no words for the others. What can not be read is a mail all
#: the same: its header makes a ticket.
WRITERS: Final[Mapping[str, Callable[[Json], Json]]] = {
    EventType.MESSAGE_RECEIVED: _received,
    EventType.MESSAGE_UNPARSEABLE: _received,
}
