"""What guards see of an account: which of two shows less, and what shows as much as both."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.trust import account
from vedette.app.guards.sight import Sight, digest, lost, read, seen, sight, values, wider
from vedette.model.account import Depth
from vedette.model.ids import TenantId

NAMES = st.lists(st.sampled_from(["INBOX", "inbox", "Archive", "\\Junk", "*", "Ünïk"]), max_size=4)
SIGHTS = st.builds(
    Sight,
    tenant=st.sampled_from([TenantId("one"), TenantId("two")]),
    mailbox=st.sampled_from(["a", "b"]),
    folders=NAMES.map(tuple),
    authserv=st.lists(st.sampled_from(["mx.a", "mx.b"]), max_size=2).map(tuple),
    depth=st.sampled_from(list(Depth)),
    most=st.integers(0, 3),
)


@given(SIGHTS, SIGHTS)
def test_what_shows_as_much_as_both_loses_nothing(before: Sight, now: Sight) -> None:
    """Neither of before, nor of now but the servers that it would have believed."""
    both = wider(before, now)

    assert lost(before, both) == ()
    assert lost(replace(now, authserv=both.authserv), both) == ()
    assert (both.tenant, both.mailbox) == (now.tenant, now.mailbox)


@given(SIGHTS, SIGHTS)
def test_where_nothing_is_lost_the_wider_one_is_that_of_now(before: Sight, now: Sight) -> None:
    """An account that nothing is held of is watched exactly as its file says."""
    if not lost(before, now):
        assert wider(before, now) == now


@given(SIGHTS)
def test_a_sight_is_read_as_it_was_written(shown: Sight) -> None:
    """And has the digest that it had."""
    again = read(json.loads(json.dumps(values(shown))))

    assert again == shown
    assert digest(again) == digest(shown)


@pytest.mark.parametrize("written", [{}, {"depth": "abyss"}])
def test_what_is_no_sight_is_not_read(written: dict[str, str]) -> None:
    """As from a state that somebody wrote into."""
    with pytest.raises((KeyError, ValueError)):
        read({**({**values(sight(account())), **written} if written else {})})


def test_an_account_is_shown_by_its_own_way_to_the_mailbox() -> None:
    """Its password and its server are those of its settings."""
    own = account("anna")
    shown = replace(sight(own), folders=("Archive",), depth=Depth.FULL)

    assert seen(own, shown) == replace(
        own, account=replace(own.account, folders=("Archive",), depth=Depth.FULL)
    )
