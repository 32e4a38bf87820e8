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
from vedette.ports.store import EventQuery, Point, Span
from vedette.service.endpoints.replay import behind, both, chosen, narrowed, reach
from vedette.store.spans import LOOKED

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


async def stored(*instants: float) -> MemoryStore:
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


async def test_what_only_the_body_tells_is_chosen_by_it() -> None:
    """The oldest first, as they were queued at first."""
    store = await stored(*map(float, range(9)))

    assert await chosen(store, EventQuery(), Selection(folders=("Support",))) == ["e0", "e3", "e6"]


async def held(store: MemoryStore, span: Span | None) -> list[str]:
    if span is None:
        return []
    found = await store.events(EventQuery(span=span, limit=100_000))
    return [each.event for each in reversed(found)]


@pytest.mark.parametrize(
    "instants",
    [
        pytest.param([float(number) for number in range(9)], id="each at its own"),
        pytest.param([7.0] * 9, id="all at one"),
        pytest.param([float(number // 3) for number in range(9)], id="some together"),
    ],
)
@pytest.mark.parametrize(
    ("limit", "oldest"), [(0, 9), (1, 8), (4, 5), (9, 0), (10, 0), (1_000_000, 0)]
)
async def test_a_walk_begins_at_the_newest_so_many(
    instants: list[float], limit: int, oldest: int
) -> None:
    """Whatever their instants are: it reaches from the oldest of them to the newest."""
    store = await stored(*instants)

    span = await reach(store, EventQuery(limit=limit))

    assert await held(store, span) == [f"e{number}" for number in range(oldest, 9)]


async def test_a_walk_reaches_over_many_looks() -> None:
    """More than one look passes by lie between the two that are asked for."""
    store = await stored()
    await post(store, posting("first", time=1.0, kind="account.connected"))
    await post(store, *(posting(f"e{number}", time=2.0) for number in range(LOOKED + 1)))
    await post(store, posting("last", time=3.0, kind="account.connected"))

    span = await reach(store, EventQuery(types=("account.*",), limit=2))

    found = await held(store, span)
    assert (found[0], found[-1], len(found)) == ("first", "last", LOOKED + 3)


def test_behind_the_last_step_nothing_is_left() -> None:
    """Behind any other the rest is."""
    points = [Point(time=float(number), number=number) for number in range(1, 5)]
    whole = Span(first=points[0], last=points[3])

    assert behind(whole, whole) is None
    assert behind(whole, Span(first=points[0], last=points[2])) == Span(
        first=Point(time=3.0, number=4), last=points[3]
    )
