"""How the peers in Python read a message: the standard library's quickest way, to its texts.

Must not know: where messages come from.
"""

from __future__ import annotations

import email
from email.message import Message


def read(raw: bytes) -> int:
    """Read a message as a program would that needs its fields and texts; return their length."""
    message: Message = email.message_from_bytes(raw)
    length = sum(len(str(message[name])) for name in ("From", "To", "Subject", "Date"))
    for part in message.walk():
        if part.get_content_maintype() == "text":
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                length += len(payload.decode(part.get_content_charset() or "utf-8", "replace"))
    return length
