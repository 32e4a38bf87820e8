"""A replay sends what was asked for, of what the endpoint takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.model.delivery import Selection
from vedette.model.ids import AccountId, TenantId
from vedette.outbox.selection import matches
from vedette.ports.store import EventQuery
from vedette.service.replay import both, narrowed

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
