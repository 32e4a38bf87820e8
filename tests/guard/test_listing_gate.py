"""What an update of a list must pass before it is believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.guard.listing import gate as gates
from vedette.guard.listing.gate import CANARIES, refusals, screened
from vedette.guard.pack import Gate


def _list(count: int) -> frozenset[str]:
    return frozenset(f"lucky{number}.example.com" for number in range(count))


def test_a_first_list_of_good_size_passes() -> None:
    """There is nothing to hold it against."""
    assert refusals(_list(10), before=None, gate=Gate(min_entries=10)) == []


@pytest.mark.parametrize("count", [80, 100, 200])
def test_a_list_may_shrink_by_a_fifth_and_double(count: int) -> None:
    """As lists do from day to day."""
    assert refusals(_list(count), before=100, gate=Gate()) == []


@pytest.mark.parametrize(
    ("count", "words"),
    [(79, "it shrank from 100 entries to 79"), (201, "it grew from 100 entries to 201")],
)
def test_a_list_that_changed_too_much_does_not_pass(count: int, words: str) -> None:
    """A published list once fell from 2,510 entries to none, for ten days."""
    assert refusals(_list(count), before=100, gate=Gate()) == [words]


def test_a_list_with_too_few_entries_does_not_pass() -> None:
    """An error page of a mirror has none."""
    assert refusals(_list(0), before=None, gate=Gate(min_entries=3)) == [
        "it has 0 entries, and 3 are the least"
    ]


def test_a_list_with_too_many_entries_does_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is for mail."""
    monkeypatch.setattr(gates, "MAX_ENTRIES", 10)

    assert refusals(_list(11), before=None, gate=Gate()) == [
        "it has 11 entries, and 10 are the most"
    ]


@pytest.mark.parametrize("canary", ["gmail.com", "com"])
def test_a_list_that_holds_what_everybody_gets_mail_from_does_not_pass(canary: str) -> None:
    """It is broken, whatever else it holds; a domain above a canary is as bad."""
    found = refusals(_list(10) | {canary}, before=None, gate=Gate())

    assert len(found) == 1
    assert "gmail.com" in found[0] or "more" in found[0]


def test_a_pack_may_name_canaries_of_its_own() -> None:
    """The user's bank is not among ours."""
    gate = Gate(canaries=("bank.example.com",))

    assert refusals(frozenset({"bank.example.com"}), before=None, gate=gate) == [
        "it holds bank.example.com, which no such list may"
    ]


def test_exceptions_are_taken_off_with_all_below_them() -> None:
    """The list's own, and ours."""
    found = screened(
        {"a.example.com", "b.a.example.com", "c.example.net", "d.example.org"},
        allowed={"a.example.com"},
        never={"c.example.net"},
    )

    assert found.domains == {"d.example.org"}
    assert found.dropped == {"an exception": 3}


def test_what_belongs_to_many_is_taken_off_with_its_reason() -> None:
    """A public suffix on a list would be half a country."""
    found = screened(
        {"bet.br", "a.example.com"},
        is_shared=lambda name: "a public suffix" if name == "bet.br" else None,
    )

    assert found.domains == {"a.example.com"}
    assert found.dropped == {"a public suffix": 1}


@given(
    st.sets(st.sampled_from(["a.com", "b.a.com", "c.com", "d.c.com", "e.org"])),
    st.sets(st.sampled_from(["a.com", "c.com", "org"])),
)
def test_nothing_is_invented_and_nothing_excepted_stays(listed: set[str], never: set[str]) -> None:
    """What is left was listed, and is below no exception."""
    found = screened(listed, never=never)

    assert found.domains <= listed
    assert not any(
        name == off or name.endswith(f".{off}") for name in found.domains for off in never
    )
    assert len(found.domains) + sum(found.dropped.values()) == len(listed)


def test_the_canaries_are_domains() -> None:
    """A misspelt one would never sing."""
    assert all("." in each and each == each.lower() for each in CANARIES)
