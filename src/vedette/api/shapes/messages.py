"""Messages as an answer shows them, in the words of events, and what a caller changes of them.

It must not know how they are read.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from vedette.api.shapes.model import Shown, Wish
from vedette.service.mailbox.deeds import MAX_FLAGS, Marked, Moved


class MailboxShown(Shown):
    """Whose mailbox it is."""

    id: str
    email: str


class FolderNamed(Shown):
    """A folder, as events name it."""

    path: str
    special_use: str | None


class AddressShown(Shown):
    """A mailbox in a field of a message."""

    name: str
    address: str


class EnvelopeShown(Shown):
    """A message of a list."""

    id: str = Field(description="Names the message until its folder is made anew, or it is moved.")
    account: MailboxShown
    folder: FolderNamed
    uid: int
    uid_validity: int
    email_id: str | None
    thread_id: str | None
    message_id: str | None
    in_reply_to: str | None
    references: list[str]
    date: str | None
    internal_date: str | None
    size: int | None
    flags: list[str]
    labels: list[str]
    from_: AddressShown | None = Field(alias="from")
    sender: AddressShown | None
    reply_to: list[AddressShown]
    to: list[AddressShown]
    cc: list[AddressShown]
    bcc: list[AddressShown]
    subject: str


class AuthenticationShown(Shown):
    """What a trusted server found of the sender (RFC 8601)."""

    spf: str | None
    dkim: str | None
    dmarc: str | None
    arc: str | None
    authserv_id: str


class TextShown(Shown):
    """The text of a message. The HTML is as it was sent: never show it as it is."""

    plain: str | None
    html: str | None
    reply: str | None
    truncated: bool


class AttachmentShown(Shown):
    """A part that is not the text; `id` is what it is fetched by."""

    id: str
    filename: str | None
    content_type: str
    size: int
    content_id: str | None
    inline: bool


class PointerShown(Shown):
    """Where the octets are of a message that could not be read."""

    folder: str
    uid_validity: int
    uid: int


class MessageShown(EnvelopeShown):
    """A message. From `text` on its members are those of the depth `text`, and `nested` of `full`."""

    headers: dict[str, list[str]]
    authentication: AuthenticationShown | None
    automatic: dict[str, Any] | None
    defects: list[str]
    pointer: PointerShown | None = Field(
        default=None, description="Only where the message can not be read: its header is told."
    )
    text: TextShown | None = None
    attachments: list[AttachmentShown] | None = None
    calendar: list[dict[str, Any]] | None = None
    opaque: str | None = None
    nested: list[dict[str, Any]] | None = None


class EnvelopePageShown(Shown):
    """A part of a folder, newest first."""

    items: list[EnvelopeShown]
    next: str | None = Field(description="Where the next page begins: `?after=`. Null at the end.")
    uid_validity: int


class FlagsWish(Wish):
    r"""Which flags to set and to take off: `\Seen`, `\Answered`, `\Flagged`, `\Draft`, or keywords."""

    add: list[str] = Field(default=[], max_length=MAX_FLAGS)
    remove: list[str] = Field(default=[], max_length=MAX_FLAGS)


class FlagsShown(Shown):
    """The flags that a message has now."""

    id: str
    flags: list[str]
    unkept: list[str] = Field(description="Wishes that the server said OK to and did not keep.")


class MoveWish(Wish):
    """Where a message is to go."""

    folder: str = Field(
        min_length=1,
        max_length=1000,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="A folder's name, or a special use such as `\\Trash`.",
    )


class MovedShown(Shown):
    """Where a message is now."""

    id: str | None = Field(description="Its new id; null where the server does not tell.")
    folder: FolderNamed
    uid: int | None
    uid_validity: int | None


def marked(found: Marked) -> FlagsShown:
    """Return the flags of a message as they are shown."""
    return FlagsShown(id=found.place.id, flags=list(found.flags), unkept=list(found.unkept))


def moved(found: Moved) -> MovedShown:
    """Return where a message went as it is shown."""
    place = found.place
    return MovedShown(
        id=None if place is None else place.id,
        folder=FolderNamed(path=found.folder.name, special_use=found.folder.special_use),
        uid=None if place is None else place.uid,
        uid_validity=None if place is None else place.uid_validity,
    )
