"""What the configuration file has, listed beside the records of the same kind; the file goes first.

It must not know what is listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar

from vedette.service.body import Unread
from vedette.service.cabinet import Page, paged


class Named(Protocol):
    """What is listed."""

    @property
    def id(self) -> str:
        """By which it is listed."""


N = TypeVar("N", bound=Named)


def joined(page: Page[N], beside: Mapping[str, N], limit: int) -> Page[N]:
    """Return a page of both by id: ``page`` is of records, ``beside`` has all from where it begins."""
    found: dict[str, N | Unread] = {each.id: each for each in page.items}
    found |= {each.id: each for each in page.unread}
    last = page.next
    # Behind the last record of a page that is not the last one, other records come first.
    found |= {id_: each for id_, each in beside.items() if last is None or id_ <= last}
    ids = sorted(found)
    kept = ids[:limit]
    is_more = len(ids) > limit or last is not None
    return paged([found[each] for each in kept], kept[-1] if is_more and kept else None)
