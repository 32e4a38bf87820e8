"""The bounds of one message: how much of a hostile mail is looked at.

Every loop of the reader ends at one of these. It must not know who sets them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, unique

KIB = 1024


@unique
class Depth(Enum):
    """How much of a message is read."""

    METADATA = "metadata"
    """The header alone: addresses, subject, references, kind of mail."""
    TEXT = "text"
    """Also the text, cut at ``Limits.text_bytes``, and the list of attachments."""
    FULL = "full"
    """As ``TEXT``, with the text cut only at ``Limits.full_text_bytes``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on work and on output; the defaults fit mail that people and programs send."""

    depth: int = 50
    """Nested multiparts and messages; honest mail stays under 15, CPython fails at 400."""
    parts: int = 1000
    """Parts in one message; 100,000 empty ones cost other readers 5 s of CPU."""
    header_bytes: int = 64 * KIB
    """Bytes of one header that are read; what common servers accept as a whole header."""
    field_bytes: int = 32 * KIB
    """Bytes of one field, so that one giant field does not hide the others: 800 recipients."""
    headers: int = 1000
    """Fields in one header, as Postfix's ``header_address_token_limit`` class of bounds."""
    delimiters: int = 50_000
    """Lines that start with two hyphens and are compared with the open boundaries."""
    addresses: int = 1000
    """Addresses in one field; providers refuse to send to more than 500 to 1000."""
    references: int = 200
    """Message ids in ``References``; RFC 5322 names no bound, threads stay under 100."""
    text_bytes: int = 64 * KIB
    """UTF-8 bytes of plain text, and as many of HTML, at ``Depth.TEXT``."""
    full_text_bytes: int = 4 * KIB * KIB
    """The same at ``Depth.FULL``: the largest newsletters are 1 MB."""
    ending: int = 16 * KIB
    """Characters at the end of a text that was cut, for those who judge it: eight pages."""
    html_source: int = 256 * KIB
    """Characters of HTML that are turned into text: what webmail shows before it clips."""
    html_nodes: int = 30_000
    """Elements and texts of one page that are visited: 40 ms; newsletters have 2,000 to 10,000."""
    links: int = 500
    """Links of one page, and as many texts of pictures, that are told; newsletters have 100."""
    link_text: int = 500
    """Characters of what one link or picture shows."""
    nested: int = 20
    """Attached messages whose own subject and text are told."""
    calendar_bytes: int = 128 * KIB
    """Bytes of all calendar parts; an invitation is 2 to 10 KB."""
    calendar_events: int = 20
    """Events told of all calendar parts; an invitation holds one, a series some exceptions."""
