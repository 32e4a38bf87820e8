"""What the configuration file has, shown beside the records of the same kind; the file goes first.

It is seen and used there, and changed in the file. It must not know what is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Generic, Protocol, TypeVar

from vedette.model.ids import TenantId
from vedette.ports.records import Kind
from vedette.ports.registration import Origin
from vedette.service.body import Unread
from vedette.service.cabinet import Page, paged
from vedette.service.caller import Caller
from vedette.service.refusals import ReadOnlyError


class Named(Protocol):
    """What is listed."""

    @property
    def id(self) -> str:
        """By which it is listed."""

    @property
    def tenant(self) -> TenantId | None:
        """Whose it is; None: admins alone see it."""


N = TypeVar("N", bound=Named)
S = TypeVar("S")


class Filed(Generic[S, N]):
    """Those of the file as it is by now: ``settings`` is asked each time.

    ``name`` is the name of one in the file, ``shown`` makes of its settings what is shown of it, and
    ``words`` is what a search for it looks into.
    """

    __slots__ = ("_kind", "_name", "_settings", "_shown", "_words")

    def __init__(
        self,
        kind: Kind,
        settings: Callable[[], Iterable[S]],
        *,
        name: Callable[[S], str],
        shown: Callable[[S], N],
        words: Callable[[N], str],
    ) -> None:
        self._kind = kind
        self._settings = settings
        self._name = name
        self._shown = shown
        self._words = words

    @property
    def ids(self) -> frozenset[str]:
        """The names that the file has taken."""
        return frozenset(map(self._name, self._settings()))

    def settings(self, id_: str) -> S | None:
        """Return one as the file has it."""
        return next((each for each in self._settings() if self._name(each) == id_), None)

    def of(self, id_: str, tenant: TenantId | None = None) -> N | None:
        """Return one that a tenant sees, or anybody for None."""
        settings = self.settings(id_)
        found = None if settings is None else self._shown(settings)
        return found if found is None or tenant in {None, found.tenant} else None

    def after(self, id_: str, *, tenant: TenantId | None = None, text: str = "") -> dict[str, N]:
        """Return those after an id that a tenant sees, with a text in their words."""
        found = (self._shown(each) for each in self._settings() if self._name(each) > id_)
        return {
            each.id: each
            for each in found
            if tenant in {None, each.tenant} and text.casefold() in self._words(each).casefold()
        }

    def keep_out(self, caller: Caller, id_: str) -> None:
        """Raise ReadOnlyError for one of the file that the caller sees."""
        if self.of(id_, caller.tenant) is not None:
            raise ReadOnlyError(self._kind.value, id_, origin=Origin.FILE.value)


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
