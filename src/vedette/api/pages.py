"""Lists in pages: ``?limit=&after=``, and ``{"items": […], "next": "…"}`` in return.

A cursor is opaque: it holds where the next page begins, and nothing that its reader did not get.
It must not know what is listed.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final, Generic, Literal, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from vedette.api.problems import refuse
from vedette.service.cabinet import Page as Found

S = TypeVar("S")
T = TypeVar("T")

#: Items of a page, unless told, and at most: a page of accounts is some hundred kilobytes.
USUAL: Final = 100
MOST: Final = 1000

#: Characters of a cursor: an id of 255 characters of four octets each, in base64.
_LONGEST: Final = 1400

#: Tells our cursors from other text, and from those of a later form.
_MARK: Final = b"1:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which part of a list: at most ``limit`` items after the one with the key ``after``."""

    limit: int
    after: str


class Page(BaseModel, Generic[T]):
    """A part of a list."""

    items: list[T]
    next: str | None = Field(description="Where the next page begins: `?after=`. Null at the end.")


class UnreadShown(BaseModel):
    """One that is there, and that this version of Vedette can not read."""

    id: str
    code: Literal["newer"] = "newer"
    why: str = Field(description="In one line, for a person.")


class Listing(Page[T]):
    """A part of a list of what is set through this API."""

    unread: list[UnreadShown] = Field(
        description="Those between them that a newer version of Vedette wrote, and this one can not"
        " read: to ask for one of them is a 409 `newer`."
    )


def listing(found: Found[S], show: Callable[[S], T]) -> Listing[T]:
    """Return a part of a list as it is shown; of what can not be read it says so."""
    return Listing(
        items=[show(each) for each in found.items],
        next=None if found.next is None else cursor(found.next),
        unread=[UnreadShown(id=each.id, why=each.why) for each in found.unread],
    )


def cursor(key: str) -> str:
    """Return the cursor after an item."""
    return urlsafe_b64encode(_MARK + key.encode("utf-8", "surrogatepass")).decode().rstrip("=")


def place(text: str) -> str:
    """Return the key of the item that a cursor is after. Raises a problem for another text."""
    try:
        data = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        key = data[len(_MARK) :].decode()
        # A key with a NUL is that of nothing, and no database takes it.
        if data.startswith(_MARK) and cursor(key) == text and "\0" not in key:
            return key
    except (UnicodeError, binascii.Error):
        pass
    raise refuse("malformed", "after is no cursor; take `next` of the page before")


def _window(
    limit: Annotated[int, Query(ge=1, le=MOST, description="Items of a page.")] = USUAL,
    after: Annotated[
        str | None, Query(max_length=_LONGEST, description="`next` of the page before.")
    ] = None,
) -> Window:
    return Window(limit=limit, after="" if after is None else place(after))


#: The part of a list that is asked for.
Asked = Annotated[Window, Depends(_window)]


def following(keys: list[str], window: Window) -> str | None:
    """Return the cursor after a page with these keys; None where it was not full."""
    return cursor(keys[-1]) if len(keys) >= window.limit else None
