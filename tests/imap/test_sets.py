"""Sets of UIDs: parse, compact, cut, compare, whatever the number of UIDs."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.errors import UsageError
from vedette.imap.lexer import ParseError
from vedette.imap.sets import UidSet

uids = st.sets(st.integers(1, 60) | st.integers(2**32 - 5, 2**32 - 1), max_size=30)


def test_uid_set_merges_neighbours_into_ranges() -> None:
    """The wire form is ascending and as short as it can be."""
    assert UidSet([9, 3, 1, 2, 7, 8]).wire == b"1:3,7:9"


def test_uid_set_reads_ranges_in_either_direction() -> None:
    """A range may be written from its end (RFC 9051 section 9), as hMailServer does."""
    assert UidSet.parse(b"9:7,3").wire == b"3,7:9"


@pytest.mark.parametrize("wire", [b"", b"0", b"1:", b"*", b"1:*", b"1,,2", b"4294967296", b"-1"])
def test_uid_set_refuses_what_an_answer_can_not_hold(wire: bytes) -> None:
    """Star, zero and numbers that are no UIDs are not read."""
    with pytest.raises(ParseError):
        UidSet.parse(wire)


def test_uid_set_refuses_more_ranges_than_the_limit() -> None:
    """The number of ranges is counted before they are made."""
    with pytest.raises(ParseError, match="more than 3"):
        UidSet.parse(b"1,3,5,7", items=3)


def test_open_set_holds_every_uid_from_its_start_and_none_below() -> None:
    """S1: a server answers 999:* with the last message; the set itself filters it."""
    wanted = UidSet.since(999)

    assert wanted.wire == b"999:*"
    assert 998 not in wanted
    assert 999 in wanted
    assert 2**32 - 1 in wanted
    assert wanted.is_open


def test_uid_set_of_four_billion_costs_one_range() -> None:
    """P2: a dozen octets can name every UID; nothing is counted out."""
    started = time.process_time()
    everything = UidSet.parse(b"1:4294967295")
    rest = (everything - UidSet([7, 9])) & UidSet.span(5, 4_000_000_000)

    assert rest.wire == b"5:6,8,10:4000000000"
    assert len(everything) == 2**32 - 1
    assert time.process_time() - started < 0.5


def test_uid_set_cuts_to_a_wire_length() -> None:
    """S21: no chunk is longer on the wire than asked, and nothing is lost."""
    spread = UidSet(range(1_000_000, 1_010_000, 2))
    chunks = list(spread.chunks(octets=1_000))

    assert max(len(chunk.wire) for chunk in chunks) <= 1_000
    assert [uid for chunk in chunks for uid in chunk] == list(spread)


def test_uid_set_cuts_to_a_number_of_uids() -> None:
    """A chunk of messages is bounded, also within one range."""
    chunks = list(UidSet.span(1, 25).chunks(uids=10))

    assert [chunk.wire for chunk in chunks] == [b"1:10", b"11:20", b"21:25"]


def test_open_set_is_not_cut() -> None:
    """An open range has no known length."""
    assert [chunk.wire for chunk in UidSet.since(5).chunks(uids=10)] == [b"5:*"]


def test_empty_set_is_false_and_has_no_ends() -> None:
    """Nothing is a set too."""
    assert not UidSet()
    assert (UidSet().first, UidSet().last, UidSet().wire) == (None, None, b"")
    assert list(UidSet().chunks()) == []


@pytest.mark.parametrize("ranges", [[(0, 4)], [(1, 2**33)], [(-3, 2)]])
def test_uid_set_refuses_numbers_that_are_no_uids(ranges: list[tuple[int, int]]) -> None:
    """An illegal set can not be built."""
    with pytest.raises(UsageError):
        UidSet.of_ranges(ranges)


def test_open_set_starts_at_a_uid() -> None:
    """0:* is no set."""
    with pytest.raises(UsageError):
        UidSet.since(0)


@given(uids, uids)
def test_uid_set_behaves_like_a_set(left: set[int], right: set[int]) -> None:
    """Union, difference, intersection and membership agree with Python's own sets."""
    first, second = UidSet(left), UidSet(right)

    assert list(first | second) == sorted(left | right)
    assert list(first - second) == sorted(left - right)
    assert list(first & second) == sorted(left & right)
    assert all(uid in first for uid in left)
    assert not any(uid in first for uid in right - left)
    assert len(first) == len(left)
    assert "1" not in first


@given(uids)
def test_uid_set_survives_the_wire(members: set[int]) -> None:
    """What is written is read as the same set, with the same hash and look."""
    made = UidSet(members)
    if members:
        again = UidSet.parse(made.wire)
        assert (again, hash(again), repr(again)) == (made, hash(made), repr(made))


@given(uids, st.integers(12, 60), st.none() | st.integers(1, 9))
def test_uid_set_chunks_are_the_whole(members: set[int], octets: int, count: int | None) -> None:
    """Chunks together are the set, each within both bounds."""
    chunks = list(UidSet(members).chunks(octets=octets, uids=count))

    assert [uid for chunk in chunks for uid in chunk] == sorted(members)
    for chunk in chunks:
        assert len(chunk.wire) <= max(octets, 21)
        assert count is None or len(chunk) <= count
