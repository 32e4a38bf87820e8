"""Folders as an answer shows them. It must not know how they are asked for."""

from __future__ import annotations

from pydantic import Field

from vedette.api.shapes.model import Shown
from vedette.service.mailbox.folders import FolderSeen


class FolderShown(Shown):
    """A folder. A number is null where the server did not tell it."""

    path: str = Field(description="Its name, as events write it.")
    delimiter: str | None
    special_use: str | None = Field(description="Such as `\\Junk` (RFC 6154).")
    selectable: bool = Field(description="Whether it holds messages.")
    watched: bool = Field(description="Whether its new messages become events.")
    messages: int | None
    unseen: int | None
    uid_next: int | None
    uid_validity: int | None


class FoldersShown(Shown):
    """The folders of an account; there is no further page."""

    items: list[FolderShown]
    next: None = None


def folder(seen: FolderSeen) -> FolderShown:
    """Return a folder as it is shown."""
    numbers = seen.numbers
    return FolderShown(
        path=seen.folder.name,
        delimiter=seen.folder.delimiter,
        special_use=seen.folder.special_use,
        selectable=seen.folder.selectable,
        watched=seen.is_watched,
        messages=None if numbers is None else numbers.messages,
        unseen=None if numbers is None else numbers.unseen,
        uid_next=None if numbers is None else numbers.uid_next,
        uid_validity=None if numbers is None else numbers.uid_validity,
    )
