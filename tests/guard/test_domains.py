"""Lists of domains as symbols ask them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vedette.guard.domains import Entries

LISTED = Entries(["bad.example", "a.b.worse.example"], name="bad", version="7")


def test_an_entry_stands_for_all_below_it() -> None:
    """And is what an explanation names."""
    assert LISTED.find("bad.example") == "bad.example"
    assert LISTED.find("go.to.bad.example") == "bad.example"


def test_an_entry_does_not_stand_for_what_is_above_or_beside_it() -> None:
    """Nor for a name that only ends alike."""
    for host in ("b.worse.example", "example", "notbad.example", "bad.example.org", ""):
        assert LISTED.find(host) is None


def test_a_list_tells_its_length() -> None:
    """As those in files do."""
    assert len(LISTED) == 2


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=6), st.integers(0, 5))
def test_a_host_is_found_under_each_of_its_parents(labels: list[str], up: int) -> None:
    """Wherever the entry stands in its name."""
    entry = ".".join(labels[min(up, len(labels) - 1) :])

    assert Entries([entry], name="x").find(".".join(labels)) == entry
