"""Rows of a FETCH become what is new, what is owed, and a cursor that passes neither."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vedette.imap import Fetch, Section, UidSet
from vedette.model.cursor import Cursor
from vedette.sync.fold import fold, is_contiguous, is_whole, merged

CURSOR = Cursor(uid_validity=7, last_uid=10)


def row(
    uid: int | None, data: bytes | None = b"x", *, flags: str = "", empty: bool = False
) -> Fetch:
    """Return a row; ``empty`` has no section at all."""
    sections = () if empty else (Section(name=b"", origin=0, data=data),)
    return Fetch(seq=0, uid=uid, flags=frozenset({flags}) if flags else None, sections=sections)


rows = st.lists(
    st.builds(
        row,
        st.none() | st.integers(1, 20),
        st.none() | st.sampled_from([b"", b"x"]),
        empty=st.booleans(),
    ),
    max_size=30,
)
listings = st.sets(st.integers(1, 20)).map(UidSet)


@given(rows=rows, listed=listings)
def test_nothing_that_is_listed_is_lost(rows: list[Fetch], listed: UidSet) -> None:
    """Every listed UID above the cursor is fresh or owed, never both, and the cursor covers it."""
    folded = fold(CURSOR, rows, listed)
    fresh = [fetched.uid or 0 for fetched in folded.fresh]

    assert sorted([*fresh, *folded.owed]) == [uid for uid in listed if uid > 10]
    assert folded.last_uid == max([10, *[uid for uid in listed if uid > 10]])


@given(rows=rows)
def test_without_a_listing_only_whole_new_rows_count(rows: list[Fetch]) -> None:
    """Fresh are the whole rows above the cursor, in order, each once; nothing is owed."""
    folded = fold(CURSOR, rows, None)
    fresh = [fetched.uid or 0 for fetched in folded.fresh]

    assert fresh == sorted(set(fresh))
    assert all(uid > 10 for uid in fresh)
    assert all(is_whole(fetched) for fetched in folded.fresh)
    assert folded.owed == ()


@given(rows=rows, listed=st.none() | listings)
def test_the_order_of_rows_does_not_matter(rows: list[Fetch], listed: UidSet | None) -> None:
    """Servers send rows in any order: the same UIDs are fresh and owed."""
    there = fold(CURSOR, rows, listed)
    back = fold(CURSOR, reversed(rows), listed)

    assert [each.uid for each in there.fresh] == [each.uid for each in back.fresh]
    assert there.owed == back.owed


def test_s1_the_last_message_below_the_set_is_not_new() -> None:
    """``11:*`` on a folder whose last UID is 10 returns 10."""
    assert fold(CURSOR, [row(10)], None).fresh == ()


def test_s10_nil_is_no_message_and_empty_is_one() -> None:
    """NIL means gone; an empty string is a message of no octets."""
    folded = fold(CURSOR, [row(11, None), row(12, b"")], UidSet([11, 12]))

    assert [each.uid for each in folded.fresh] == [12]
    assert folded.owed == (11,)


def test_s11_the_parts_of_a_row_are_put_together() -> None:
    """Flags in one row and the body in another are one message."""
    joined = merged([row(11, empty=True, flags="\\Seen"), row(11, b"x")])[11]

    assert joined.flags == frozenset({"\\Seen"})
    assert is_whole(joined)


def test_s11_a_later_nil_does_not_undo_a_message() -> None:
    """What came whole stays whole, whatever row follows it."""
    joined = merged([row(11, b"x"), row(11, None)])[11]

    assert is_whole(joined)
    assert joined.sections[0].data == b"x"


def test_s11_rows_without_a_uid_are_nobodys() -> None:
    """``* 0 FETCH`` and unasked flag changes name no message."""
    assert merged([row(None), row(None, None)]) == {}


def test_is_contiguous_needs_every_uid_and_as_many_as_were_announced() -> None:
    """A hole, a wrong start or too few rows may hide a message."""
    assert is_contiguous(CURSOR, [row(11), row(12)], 2)
    assert is_contiguous(CURSOR, [row(11), row(12)], 1)
    assert is_contiguous(CURSOR, [], 0)
    assert not is_contiguous(CURSOR, [row(11), row(13)], 2)
    assert not is_contiguous(CURSOR, [row(12)], 1)
    assert not is_contiguous(CURSOR, [row(11)], 2)
