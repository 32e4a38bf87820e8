"""What every store promises of what was found when folders were held against the ledger."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.store.bundle import ANNA, BERT, INBOX, Harness, Whole
from tests.store.conformance_folders import StoreFixture
from vedette.errors import StoreError
from vedette.model.ids import AccountId
from vedette.model.tally import Tally
from vedette.ports.completeness import KEPT_DAYS, DayCount, Look

DAY = date(2026, 11, 21)


def look(
    *days: Tally,
    at: float = 50.0,
    account: AccountId = ANNA,
    path: bytes = INBOX,
    folder: str = "INBOX",
) -> Look:
    return Look(account=account, path=path, folder=folder, at=at, days=days)


def numbers(found: list[DayCount]) -> list[tuple[bytes, date, int, int, int, int, float]]:
    return [
        (each.path, each.day, each.server, each.ledger, each.owed, each.missing, each.checked_at)
        for each in found
    ]


class CountContract(StoreFixture):
    """Counts by folder and day."""

    async def test_a_count_is_told_to_whoever_asks_later(
        self, store: Whole, harness: Harness
    ) -> None:
        """By folder and day, of that account alone, with its instant; after a restart too."""
        before = DAY - timedelta(days=1)
        await store.counts.keep(look(Tally(before, 5, 0, 0), Tally(DAY, 9, 1, 2)))
        await store.counts.keep(look(Tally(DAY, 1, 0, 0), path=b"&AMQ-", folder="Ä", at=60.0))
        await store.counts.keep(look(Tally(DAY, 7, 0, 0), account=BERT))
        await store.stop()
        again = harness.make()
        await again.start()
        found = await again.counts.days(ANNA)
        await again.stop()

        assert numbers(found) == [
            (b"&AMQ-", DAY, 1, 1, 0, 0, 60.0),
            (INBOX, before, 5, 5, 0, 0, 50.0),
            (INBOX, DAY, 9, 6, 1, 2, 50.0),
        ]
        assert [each.folder for each in found] == ["Ä", "INBOX", "INBOX"]

    async def test_of_two_looks_at_a_day_the_later_one_counts(self, store: Whole) -> None:
        """Also where it is written first: two instances may look in the minute of a handover."""
        await store.counts.keep(look(Tally(DAY, 9, 0, 2), at=50.0))
        await store.counts.keep(look(Tally(DAY, 9, 0, 0), at=70.0))
        await store.counts.keep(look(Tally(DAY, 8, 0, 1), at=60.0))

        assert numbers(await store.counts.days(ANNA)) == [(INBOX, DAY, 9, 9, 0, 0, 70.0)]

    async def test_the_last_days_of_a_folder_are_kept_and_no_more(self, store: Whole) -> None:
        """A mailbox that is looked at for years costs what one costs that is looked at for weeks."""
        await store.counts.keep(look(Tally(DAY, 3, 0, 0), path=b"Sent", folder="Sent"))
        days = [DAY + timedelta(days=number) for number in range(KEPT_DAYS + 5)]
        for number, day in enumerate(days):
            await store.counts.keep(look(Tally(day, number, 0, 0), at=float(number)))
        found = await store.counts.days(ANNA)

        assert [each.day for each in found if each.path == INBOX] == days[-KEPT_DAYS:]
        assert [each.day for each in found if each.path == b"Sent"] == [DAY]

    async def test_counts_that_nobody_renews_go_with_the_events(self, store: Whole) -> None:
        """Of an account that was deleted, and of a folder that was: in bounded steps."""
        for number in range(3):
            await store.counts.keep(look(Tally(DAY, 1, 0, 0), path=b"%d" % number, at=10.0))
        await store.counts.keep(look(Tally(DAY, 1, 0, 0), at=30.0))
        gone = await store.prune(events_before=20.0, seen_before=0.0, limit=2)
        left = len(await store.counts.days(ANNA))
        gone += await store.prune(events_before=20.0, seen_before=0.0, limit=2)

        assert (left, gone) == (2, 3)
        assert numbers(await store.counts.days(ANNA)) == [(INBOX, DAY, 1, 1, 0, 0, 30.0)]

    async def test_a_count_of_no_text_is_refused_and_a_name_of_odd_letters_is_not(
        self, store: Whole
    ) -> None:
        """An id that can not be stored is an error; what a server calls a folder never is."""
        with pytest.raises(StoreError):
            await store.counts.keep(look(Tally(DAY, 1, 0, 0), account=AccountId("a\0b")))
        await store.counts.keep(look(Tally(DAY, 1, 0, 0), path=b"\x00\xff", folder="a\0b\udcff"))

        [found] = await store.counts.days(ANNA)
        assert (found.path, found.folder) == (b"\x00\xff", r"a\x00b\udcff")
