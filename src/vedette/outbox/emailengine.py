"""The profile ``emailengine``: an event in the shape of EmailEngine's webhooks.

Who has a receiver for those can point Vedette at it. The shape is the documented one
(learn.emailengine.app, "Webhook Events Reference"): ``messageNew``, ``messageMissing``,
``mailboxReset``, ``authenticationError``, ``authenticationSuccess``, ``connectError``.

What differs, because it must: ``eventId`` and ``data.id`` are the event's id, the same in every
repeat; a message that can not be read is a ``messageNew`` without a text; there is no API behind
``data.text.id``, so that is left out. It reads events of any age: what an event lacks is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from vedette.model.event import EventType

Json = dict[str, Any]

#: Members of our data that mean the same there, under the same name.
_SAME: Final = (
    "uid",
    "emailId",
    "threadId",
    "date",
    "flags",
    "labels",
    "size",
    "subject",
    "from",
    "sender",
    "replyTo",
    "to",
    "cc",
    "bcc",
    "messageId",
    "inReplyTo",
    "headers",
)


def _message_new(event: Json) -> Json:
    data = event.get("data") or {}
    flags = data.get("flags") or []
    found = {name: data[name] for name in _SAME if data.get(name) is not None}
    message: Json = {"id": event.get("id"), "path": _folder(event).get("path"), **found}
    message["date"] = data.get("internalDate") or data.get("date") or event.get("time")
    message["unseen"] = "\\Seen" not in flags
    message["flagged"] = "\\Flagged" in flags
    message["answered"] = "\\Answered" in flags
    message["draft"] = "\\Draft" in flags
    if data.get("text") is not None:
        message["text"] = _text(data["text"])
    if data.get("attachments"):
        message["attachments"] = [_attachment(each) for each in data["attachments"]]
    if data.get("calendar"):
        message["calendarEvents"] = [_calendar(each) for each in data["calendar"]]
    automatic = data.get("automatic") or {}
    message["isAutoReply"] = automatic.get("kind") == "auto-reply"
    message["seemsLikeNew"] = not data.get("seenBefore", False)
    use = _folder(event).get("specialUse")
    if use is not None:
        message["messageSpecialUse"] = use
    return _written(event, "messageNew", message)


def _message_missing(event: Json) -> Json:
    data = event.get("data") or {}
    return _written(event, "messageMissing", {"id": event.get("id"), "uid": data.get("uid")})


def _mailbox_reset(event: Json) -> Json:
    data = event.get("data") or {}
    folder = _folder(event)
    # Theirs are texts: a UIDVALIDITY came from the server as one.
    reset = {
        "path": folder.get("path"),
        "name": folder.get("path"),
        "specialUse": folder.get("specialUse") or False,
        "uidValidity": str(data.get("uidValidity")),
        "prevUidValidity": str(data.get("previousUidValidity")),
    }
    return _written(event, "mailboxReset", reset)


def _authentication_success(event: Json) -> Json:
    account = (event.get("data") or {}).get("account") or {}
    return _written(event, "authenticationSuccess", {"user": account.get("email")})


def _authentication_error(event: Json) -> Json:
    return _written(event, "authenticationError", _error(event, "AUTHENTICATIONFAILED"))


def _connect_error(event: Json) -> Json:
    return _written(event, "connectError", _error(event, "UNAVAILABLE"))


def _error(event: Json, code: str) -> Json:
    data = event.get("data") or {}
    return {"response": data.get("error") or "", "serverResponseCode": code}


def _written(event: Json, kind: str, data: Json) -> Json:
    """Return the envelope; ``source`` stands for the address of an API, which we are not."""
    folder = _folder(event)
    written = {
        "serviceUrl": event.get("source"),
        "account": event.get("account"),
        "date": event.get("time"),
        "event": kind,
        "eventId": event.get("id"),
        "data": data,
    }
    if folder.get("path") is not None:
        written["path"] = folder["path"]
    if folder.get("specialUse") is not None:
        written["specialUse"] = folder["specialUse"]
    return written


def _folder(event: Json) -> Json:
    return (event.get("data") or {}).get("folder") or {}


def _text(text: Json) -> Json:
    parts = {name: text[name] for name in ("plain", "html") if text.get(name) is not None}
    return {
        "encodedSize": {name: len(part.encode("utf-8", "replace")) for name, part in parts.items()},
        **parts,
        "hasMore": bool(text.get("truncated")),
    }


def _attachment(attachment: Json) -> Json:
    is_inline = bool(attachment.get("inline"))
    found = {
        "id": attachment.get("id"),
        "contentType": attachment.get("contentType"),
        "encodedSize": attachment.get("size"),
        "embedded": is_inline and attachment.get("contentId") is not None,
        "inline": is_inline,
    }
    for name in ("filename", "contentId"):
        if attachment.get(name) is not None:
            found[name] = attachment[name]
    return found


def _calendar(event: Json) -> Json:
    return {
        "eventId": event.get("uid"),
        "method": event.get("method"),
        "summary": event.get("summary"),
        "startDate": event.get("start"),
        "endDate": event.get("end"),
        "organizer": event.get("organizer"),
    }


#: How each event is written; it has no words for the others.
WRITERS: Final[Mapping[str, Callable[[Json], Json]]] = {
    EventType.MESSAGE_RECEIVED: _message_new,
    EventType.MESSAGE_UNPARSEABLE: _message_new,
    EventType.MESSAGE_MISSING: _message_missing,
    EventType.MAILBOX_RESET: _mailbox_reset,
    EventType.ACCOUNT_CONNECTED: _authentication_success,
    EventType.ACCOUNT_AUTH_FAILED: _authentication_error,
    EventType.ACCOUNT_DEGRADED: _connect_error,
}
