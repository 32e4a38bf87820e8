"""Shards: every mailbox has one, for ever."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from vedette.model.ids import AccountId
from vedette.ownership.shard import SHARDS, shard_of


@given(st.text())
def test_an_account_of_any_name_has_one_of_the_shards(name: str) -> None:
    """Whatever a name is made of, it is one of the 4,096, and the same one again."""
    shard = shard_of(AccountId(name))

    assert 0 <= shard < SHARDS
    assert shard_of(AccountId(name)) == shard


def test_the_shards_of_known_accounts_never_change() -> None:
    """The function is a contract with the table: another one would move every mailbox."""
    names = ("", "ada", "grace@example.org", "\ud800")

    assert [shard_of(AccountId(name)) for name in names] == KNOWN


def test_accounts_are_spread_evenly() -> None:
    """Of a million accounts each shard has 244, give or take what chance gives and takes."""
    counts = Counter(shard_of(AccountId(f"user-{number}")) for number in range(1_000_000))

    # Six standard deviations of 15.6 around 244.1.
    assert len(counts) == SHARDS
    assert 150 < min(counts.values()) <= max(counts.values()) < 338


#: Written down once.
KNOWN: list[int] = [692, 1319, 1290, 3432]
