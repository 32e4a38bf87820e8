"""The nouns of a message that was read: frozen values, fit for an event.

They know no bytes, no parser and no model of the service. Every string in them
encodes as UTF-8, holds no NUL, and, where it came from a field, no CR or LF.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum, unique


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox: the name shown and the address, either of which may be empty."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Link:
    """An address that a page or a text leads to: ``target`` as written, ``text`` as shown."""

    target: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the HTML of a message shows a person, for those who judge it."""

    visible: str = ""
    """Its visible text; empty where ``Text.plain`` is just that."""
    links: tuple[Link, ...] = ()
    """Links, forms and pictures, in the order of the page; hidden ones too."""
    alts: tuple[str, ...] = ()
    """What pictures say of themselves: alternative texts, titles, and names of files as words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The text of one message; ``None`` says that there is no such part, ``""`` an empty one."""

    plain: str | None = None
    """The text/plain parts, unflowed; where there are none, the visible text of the HTML."""
    html: str | None = None
    """The text/html parts as sent: not sanitised, never to be shown as it is."""
    reply: str | None = None
    """What the sender wrote: ``plain`` without quoted mail, attribution and signature."""
    hidden: str = ""
    """Text that the HTML holds but does not show; it must earn a sender no credit."""
    truncated: bool = False
    """One of the texts was cut at a limit, or the message was at hand in part."""
    shown: Shown | None = None
    """Only where it was asked for, and there is HTML."""
    ending: str = ""
    """The end of a plain text that was cut, where ``shown`` was asked for: what stands there may
    be what matters. It may overlap with ``plain``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A part that is not the text."""

    id: str
    """IMAP part path (RFC 3501 section 6.4.5), such as ``2.1``."""
    filename: str | None
    """A safe file name: no folder, no control character; ``None`` where the mail gives none."""
    content_type: str
    size: int
    """Decoded bytes, computed from the encoded length; a lower bound where ``truncated``."""
    content_id: str | None = None
    inline: bool = False
    truncated: bool = False
    encoding: str = field(default="", compare=False)
    """Content-Transfer-Encoding, in lower case."""
    span: tuple[int, int] = field(default=(0, 0), compare=False)
    """Where the encoded octets begin in the message, and one past their end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationResult:
    """One method's result (RFC 8601 section 2.2)."""

    method: str
    result: str
    properties: tuple[tuple[str, str], ...] = ()
    """Such as ``("header.d", "example.com")``, in the order of the field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """What a trusted server found; absent where no trusted server spoke."""

    authserv_id: str
    spf: str | None = None
    dkim: str | None = None
    dmarc: str | None = None
    arc: str | None = None
    results: tuple[AuthenticationResult, ...] = ()


@unique
class AutomaticKind(StrEnum):
    """Why a message was not written by a person to a person."""

    AUTO_REPLY = "auto-reply"
    """An answer by a program: absence notice, read receipt, ticket receipt."""
    LIST = "list"
    BULK = "bulk"
    """Sent by a program: newsletter, notification."""
    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    """A feedback report (RFC 5965)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One recipient of a delivery status notification (RFC 3464 section 2.3)."""

    address: str
    action: str | None = None
    status: str | None = None
    diagnostic: str | None = None
    remote_mta: str | None = None
    original: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Automatic:
    """That a message is automatic, and what the machine said."""

    kind: AutomaticKind
    fields: tuple[tuple[str, str], ...] = ()
    """Fields in lower case, such as ``reporting-mta`` or ``feedback-type``."""
    recipients: tuple[Recipient, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEvent:
    """One VEVENT of a calendar part (RFC 5545, RFC 5546)."""

    method: str | None = None
    uid: str | None = None
    summary: str | None = None
    start: str | None = None
    """ISO 8601; a date alone for a whole day."""
    end: str | None = None
    organizer: str | None = None
    attendees: tuple[str, ...] = ()
    sequence: int | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Nested:
    """A message attached to the message; its words are not the outer sender's."""

    id: str
    message_id: str | None = None
    date: str | None = None
    from_: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    subject: str = ""
    text: Text = Text()
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message, read as far as it could be."""

    raw_header: bytes = b""
    """The header as received, cut at ``Limits.header_bytes``."""
    headers: tuple[tuple[str, str], ...] = ()
    """Name as written and value decoded, unfolded and cleaned; all duplicates, in order."""
    message_id: str | None = None
    """With its angle brackets; data, never an identity."""
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    date: str | None = None
    """ISO 8601 with offset; data, never an order."""
    date_raw: str | None = None
    from_: tuple[Address, ...] = ()
    """The addresses of every From field; more than one field is a defect."""
    sender: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    subject: str = ""
    text: Text = Text()
    attachments: tuple[Attachment, ...] = ()
    nested: tuple[Nested, ...] = ()
    authentication: Authentication | None = None
    automatic: Automatic | None = None
    calendar: tuple[CalendarEvent, ...] = ()
    defects: tuple[str, ...] = ()
    """Codes of ``vedette.mime.defects.Defect``, sorted."""
    opaque: str | None = None
    """``tnef``, ``smime`` or ``pgp`` where the text is sealed: rules on text must abstain."""
