"""A replay sends what was asked for, of what the endpoint takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.store.bundle import StillClock, post, posting
from tests.support.memory_store import MemoryStore
from vedette.model.delivery import Selection
from vedette.model.ids import AccountId, TenantId
from vedette.outbox.selection import matches
from vedette.ports.store import EventQuery
from vedette.service.replay import PAGE, both, chosen, narrowed

TYPES = ("message.received", "message.missing", "account.connected", "mailbox.reset")
patterns = st.lists(st.sampled_from([*TYPES, "message.*", "account.*", "m*", "*"]), max_size=3)


@given(patterns, patterns, st.sampled_from(TYPES))
def test_a_type_fits_the_shared_patterns_exactly_when_it_fits_both(
    asked: list[str], taken: list[str], kind: str
) -> None:
    """The narrowed patterns take a type if and only if both lists do."""
    shared = both(asked, taken)

    expected = matches(asked, kind) and matches(taken, kind)
    assert expected == (shared is not None and matches(shared, kind))


def test_an_endpoint_without_a_selection_gets_what_was_asked_for() -> None:
    """No selection narrows nothing."""
    query = EventQuery(types=("message.*",), account=AccountId("anna"))

    assert narrowed(query, Selection()) == [query]


def test_an_endpoint_of_two_accounts_is_asked_for_each() -> None:
    """A query holds one account, so two of them are two queries."""
    selection = Selection(accounts=(AccountId("anna"), AccountId("bruno")))

    found = narrowed(EventQuery(), selection)

    assert [query.account for query in found] == ["anna", "bruno"]


@pytest.mark.parametrize(
    "selection",
    [
        Selection(types=("message.*",)),
        Selection(accounts=(AccountId("bruno"),)),
        Selection(tenants=(TenantId("other"),)),
    ],
)
def test_what_an_endpoint_does_not_take_is_not_sent_again(selection: Selection) -> None:
    """An event outside of the selection was never delivered there, and is not replayed there."""
    query = EventQuery(
        types=("account.connected",), account=AccountId("anna"), tenant=TenantId("acme")
    )

    assert narrowed(query, selection) == []


async def stored(instants: list[float]) -> MemoryStore:
    """Return a store of events at these instants, every third of them in the folder Support."""
    store = MemoryStore(StillClock())
    await store.start()
    await post(
        store,
        *(
            posting(f"e{number}", time=at, body=BODIES[number % 3 == 0])
            for number, at in enumerate(instants)
        ),
    )
    return store


BODIES = {
    is_support: b'{"data":{"folder":{"path":"%b"}}}' % (b"Support" if is_support else b"INBOX")
    for is_support in (True, False)
}
SUPPORT = Selection(folders=("Support",))


@pytest.mark.parametrize(
    "instants",
    [
        pytest.param([float(number) for number in range(3 * PAGE)], id="each at its own"),
        pytest.param([7.0] * (5 * PAGE), id="all at one"),
        pytest.param([float(number // 3) for number in range(2 * PAGE + 1)], id="some together"),
        pytest.param([], id="none"),
    ],
)
async def test_what_only_the_body_tells_is_found_page_by_page(instants: list[float]) -> None:
    """Each of them, once, the newest first, however many happened at one instant."""
    store = await stored(instants)
    events = await store.events(EventQuery(limit=10_000))
    expected = [each.event for each in events if each.body == BODIES[True]]

    assert await chosen(store, EventQuery(limit=10_000), SUPPORT) == expected


async def test_a_limit_is_about_the_events_that_are_looked_at() -> None:
    """The newest so many, of which some are chosen, as without a look inside."""
    store = await stored([float(number) for number in range(9)])

    assert await chosen(store, EventQuery(limit=6), SUPPORT) == ["e6", "e3"]
    assert await chosen(store, EventQuery(start=3.0, end=7.0, limit=100), SUPPORT) == ["e6", "e3"]
