"""The mail reader: bytes of a message to plain, safe values. It never raises on bad mail.

Read ``reading`` for the order of the steps, ``message`` for what comes out,
``structure`` for how parts are found. It could be its own library: it knows no
mailbox, no account and no event.
"""

from __future__ import annotations

from vedette.mime.defects import Defect
from vedette.mime.limits import Depth, Limits
from vedette.mime.message import (
    Address,
    Attachment,
    Authentication,
    AuthenticationResult,
    Automatic,
    AutomaticKind,
    CalendarEvent,
    Link,
    Message,
    Nested,
    Recipient,
    Shown,
    Text,
)
from vedette.mime.reading import attachment_bytes, read, read_header
from vedette.mime.wire import from_wire, to_wire

__all__ = [
    "Address",
    "Attachment",
    "Authentication",
    "AuthenticationResult",
    "Automatic",
    "AutomaticKind",
    "CalendarEvent",
    "Defect",
    "Depth",
    "Limits",
    "Link",
    "Message",
    "Nested",
    "Recipient",
    "Shown",
    "Text",
    "attachment_bytes",
    "from_wire",
    "read",
    "read_header",
    "to_wire",
]
