"""Who could take an event is found without a look at everybody."""

from __future__ import annotations

from itertools import count
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from vedette.model.delivery import Endpoint, Selection
from vedette.model.event import Event, EventType
from vedette.model.ids import AccountId, EndpointId, EventId, TenantId
from vedette.outbox import selection as outbox
from vedette.outbox.directory import Directory
from vedette.outbox.selection import addressed, takes

_names = st.sampled_from("abc")
_ids = st.sampled_from("vwxyz").map(EndpointId)
_selections = st.builds(
    Selection,
    types=st.lists(st.sampled_from(["message.*", "account.*"]), max_size=1).map(tuple),
    tenants=st.lists(_names.map(TenantId), max_size=3).map(tuple),
    accounts=st.lists(_names.map(AccountId), max_size=3).map(tuple),
    tags=st.lists(st.just("vip"), max_size=1).map(tuple),
)
_endpoints = st.lists(st.builds(Endpoint, id=_ids, selection=_selections), max_size=12)


def received(tenant: str, account: str) -> Event:
    """Return an event of an account."""
    return Event(
        id=EventId("e"),
        type=EventType.MESSAGE_RECEIVED,
        tenant=TenantId(tenant),
        account=AccountId(account),
        time=5.0,
        subject="INBOX;UIDVALIDITY=3/;UID=7",
        lane=b"INBOX",
        data={"uid": 7},
    )


@given(endpoints=_endpoints, tenant=_names, account=_names, also=st.sets(_ids))
def test_the_directory_addresses_as_a_look_at_all_would(
    endpoints: list[Endpoint], tenant: str, account: str, also: set[EndpointId]
) -> None:
    """The same endpoints in the same order, whatever they filter by and whoever is added."""
    event = received(tenant, account)

    scanned = dict.fromkeys(
        each.id for each in endpoints if each.id in also or takes(each.selection, event)
    )

    assert addressed(event, Directory(endpoints), also=also).endpoints == tuple(scanned)


def test_endpoints_of_other_tenants_are_not_looked_at() -> None:
    """Of a thousand tenants with an endpoint each, one is asked for an event."""
    number = count()
    endpoints = [
        Endpoint(
            id=EndpointId(f"{each}"), selection=Selection(tenants=(TenantId(f"tenant-{each}"),))
        )
        for each in range(1_000)
    ]
    directory = Directory(endpoints)

    def counted(selection: Selection, event: Event) -> bool:
        next(number)
        return takes(selection, event)

    with patch.object(outbox, "takes", counted):
        posting = addressed(received("tenant-7", "anna"), directory)

    assert posting.endpoints == ("7",)
    assert next(number) == 1
