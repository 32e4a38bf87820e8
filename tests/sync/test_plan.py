"""The table of ``vedette.sync.plan``, row by row."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.model.account import Beginning, Start
from vedette.model.cursor import Cursor, FolderState
from vedette.sync.plan import (
    Adopt,
    Baseline,
    CatchUp,
    CaughtUp,
    Opened,
    Plan,
    Rebase,
    advanced,
    plan,
)

READ = FolderState(
    path=b"INBOX", cursor=Cursor(uid_validity=7, last_uid=9, first_uid=2, since=100.0)
)
NOW = Beginning()

uids = st.integers(1, 2**32 - 1)
maybe = st.none() | uids


def opened(validity: int | None = 7, uid_next: int | None = 10) -> Opened:
    """Return a folder as the server tells of it."""
    return Opened(uid_validity=validity, uid_next=uid_next, exists=5)


@pytest.mark.parametrize(
    ("state", "told", "beginning", "known_since", "expected"),
    [
        (None, opened(), NOW, None, Baseline()),
        (None, opened(None, None), NOW, None, Baseline()),
        (None, opened(), Beginning(start=Start.LAST, count=0), None, Baseline()),
        (
            None,
            opened(),
            Beginning(start=Start.LAST, count=5),
            None,
            Adopt(instant=None, count=5),
        ),
        (
            None,
            opened(),
            Beginning(start=Start.DATE, instant=3.0),
            None,
            Adopt(instant=3.0, count=None),
        ),
        (None, opened(), NOW, 50.0, Rebase(since=50.0, reset_from=None)),
        (
            None,
            opened(),
            Beginning(start=Start.LAST, count=5),
            50.0,
            Rebase(since=50.0, reset_from=None, count=5),
        ),
        (READ, opened(7, 10), NOW, 100.0, CaughtUp()),
        (READ, opened(None, 10), NOW, 100.0, CaughtUp()),
        (READ, opened(7, 11), NOW, 100.0, CatchUp(start=10)),
        (READ, opened(7, None), NOW, 100.0, CatchUp(start=10)),
        (READ, opened(7, 4), NOW, 100.0, CatchUp(start=10)),
        (READ, opened(8, 10), NOW, 100.0, Rebase(since=100.0, reset_from=7)),
        (READ, opened(8, None), NOW, 100.0, Rebase(since=100.0, reset_from=7)),
    ],
)
def test_plan_follows_its_table(
    state: FolderState | None,
    told: Opened,
    beginning: Beginning,
    known_since: float | None,
    expected: Plan,
) -> None:
    """Each row of the table in the module's docstring; S3, S4, S5 and S2 among them."""
    assert plan(state, told, beginning=beginning, known_since=known_since) == expected


@given(last=st.integers(0, 2**32 - 2), validity=maybe, uid_next=maybe)
def test_s6_uidnext_only_decides_whether_to_ask(
    last: int, validity: int | None, uid_next: int | None
) -> None:
    """Whatever UIDNEXT says, we ask from our own cursor on, or know that nothing came."""
    state = FolderState(path=b"INBOX", cursor=Cursor(uid_validity=7, last_uid=last))

    step = plan(state, opened(validity, uid_next), beginning=NOW, known_since=0.0)

    match step:
        case CaughtUp():
            assert uid_next == last + 1
        case CatchUp(start=start):
            assert start == last + 1
        case Rebase():
            assert validity not in {None, 7}
        case _:
            pytest.fail(f"a folder that was read does not begin with {step}")


@given(steps=st.lists(st.tuples(uids, maybe), max_size=20))
def test_a_cursor_never_goes_back(steps: list[tuple[int, int | None]]) -> None:
    """Neither its UID nor its mod-sequence falls, whatever comes."""
    cursor = READ.cursor

    for last, modseq in steps:
        after = advanced(cursor, last, modseq)
        assert after.last_uid >= cursor.last_uid
        assert after.modseq >= cursor.modseq
        assert (after.uid_validity, after.first_uid, after.since) == (7, 2, 100.0)
        cursor = after
