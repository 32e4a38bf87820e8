"""Messages for the tests, written as a person would type them.

It knows bytes alone, nothing of the reader.
"""

from __future__ import annotations

ENVELOPE = (
    "From: Jane Doe <jane@example.com>\n"
    "To: joe@example.org\n"
    "Date: Tue, 03 Feb 2026 09:15:00 +0100\n"
    "Message-ID: <one@example.com>\n"
)


def raw(text: str) -> bytes:
    """Return ``text`` as it travels: CRLF line ends, UTF-8."""
    return text.replace("\n", "\r\n").encode()


def letter(body: str = "Hello\n", *, fields: str = "Subject: Hi\n") -> bytes:
    """Return a good message with ``fields`` added to a good envelope."""
    return raw(f"{ENVELOPE}{fields}\n{body}")


def typed(content_type: str, body: str, *, fields: str = "") -> bytes:
    """Return a good message of one part with this Content-Type."""
    return letter(body, fields=f"Subject: Hi\nContent-Type: {content_type}\n{fields}")


def multipart(*parts: str, kind: str = "mixed", boundary: str = "sep") -> bytes:
    """Return a good multipart; a part is its fields, an empty line and its body."""
    body = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return typed(f'multipart/{kind}; boundary="{boundary}"', f"{body}--{boundary}--\n")
