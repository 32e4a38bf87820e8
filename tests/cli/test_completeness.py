"""What a person is told of what was counted: no more than somebody has looked at."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from vedette.cli.accounts.trying import summary
from vedette.client.completeness import Completeness, Day

DAY = Day(
    folder="INBOX",
    day="2026-11-01",
    server=1,
    ledger=1,
    owed=0,
    missing=0,
    checked_at=datetime(2026, 11, 2, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("days", "uncounted", "is_complete", "told"),
    [
        ((), (), None, ["nothing was counted yet"]),
        ((), ("INBOX",), None, ["nothing was counted yet", "not counted yet: INBOX"]),
        (
            (DAY,),
            ("Junk", "a\x1b[2Jb"),
            None,
            ["nothing is missing of what was counted", "not counted yet: Junk, a\ufffd[2Jb"],
        ),
        ((DAY,), ("Junk",), False, ["some are missing", "not counted yet: Junk"]),
        ((DAY,), (), True, ["nothing is missing"]),
    ],
    ids=["none", "nothing", "some", "gap", "all"],
)
def test_one_folder_that_was_not_counted_hides_no_other(
    days: tuple[Day, ...], uncounted: tuple[str, ...], *, is_complete: bool | None, told: list[str]
) -> None:
    """Each folder that nobody looked at is named, safely for a terminal."""
    found = Completeness(account="a", is_complete=is_complete, days=days, uncounted=uncounted)

    assert list(summary(found)) == told
