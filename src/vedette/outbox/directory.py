"""The endpoints that exist, found by whom they take events of.

Of thousands of endpoints nearly all are of one tenant, or of some accounts; for an event only those
are looked at that could take it. It must not know what an event is, nor what goes out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, NamedTuple, TypeAlias, overload

from vedette.model.delivery import Endpoint
from vedette.model.ids import AccountId, EndpointId, TenantId


class Entry(NamedTuple):
    """An endpoint and its place among all."""

    place: int
    endpoint: Endpoint


_Entries: TypeAlias = tuple[Entry, ...]

_NONE: Final[_Entries] = ()


class Directory(Sequence[Endpoint]):
    """Endpoints in their order; made once and never changed."""

    __slots__ = ("_by_account", "_by_id", "_by_tenant", "_endpoints", "_of_all")

    def __init__(self, endpoints: Iterable[Endpoint] = ()) -> None:
        self._endpoints = tuple(endpoints)
        by_account: dict[AccountId, list[Entry]] = {}
        by_tenant: dict[TenantId, list[Entry]] = {}
        of_all: list[Entry] = []
        self._by_id: Mapping[EndpointId, Entry] = {}
        for place, endpoint in enumerate(self._endpoints):
            entry, selection = Entry(place, endpoint), endpoint.selection
            self._by_id.setdefault(endpoint.id, entry)
            # One filter is enough to find it; the others are asked then.
            if selection.accounts:
                for account in dict.fromkeys(selection.accounts):
                    by_account.setdefault(account, []).append(entry)
            elif selection.tenants:
                for tenant in dict.fromkeys(selection.tenants):
                    by_tenant.setdefault(tenant, []).append(entry)
            else:
                of_all.append(entry)
        self._by_account = {key: tuple(each) for key, each in by_account.items()}
        self._by_tenant = {key: tuple(each) for key, each in by_tenant.items()}
        self._of_all = tuple(of_all)

    @overload
    def __getitem__(self, index: int) -> Endpoint: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Endpoint, ...]: ...
    def __getitem__(self, index: int | slice) -> Endpoint | tuple[Endpoint, ...]:
        return self._endpoints[index]

    def __len__(self) -> int:
        return len(self._endpoints)

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self._endpoints)

    def near(
        self, tenant: TenantId, account: AccountId, also: Collection[EndpointId] = ()
    ) -> Sequence[Endpoint]:
        """Return those that could take an event of an account, in their order.

        These are all that name it or its tenant, or nobody; and ``also``, if they exist.
        """
        groups = (
            self._of_all,
            self._by_tenant.get(tenant, _NONE),
            self._by_account.get(account, _NONE),
            # A set has its own order.
            tuple(sorted((self._by_id[each] for each in also if each in self._by_id), key=_place)),
        )
        found = [each for each in groups if each]
        if len(found) == 1:
            return [each.endpoint for each in found[0]]
        places = {each.place: each.endpoint for each in chain.from_iterable(found)}
        return [places[place] for place in sorted(places)]


def _place(entry: Entry) -> int:
    return entry.place
