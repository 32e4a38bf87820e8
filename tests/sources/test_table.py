"""A table as a source: what is kept, what is believed, and when it is read, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.sources.given import KEY, Shelf, row, sealed, settings
from tests.support.clock import VirtualClock, elapsed, run
from vedette.ports.source import Sourced
from vedette.sources.database import SourceError
from vedette.sources.table import SOONEST, TableSource

CIPHER = f'[sources.app.cipher]\nkey = "{KEY}"\n'


def source(shelf: Shelf, text: str = "", **more: Any) -> TableSource:
    return TableSource(settings(text, **more), shelf, clock=VirtualClock(), dice=lambda: 0.0)


@asynccontextmanager
async def running(one: TableSource) -> AsyncIterator[None]:
    """Run a source for the length of a block; a defect in it fails the test."""
    task = asyncio.create_task(one.run())
    try:
        yield
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.wait([task])


async def ids(one: TableSource) -> list[str]:
    """Wait for news, and return the accounts that are followed."""
    await one.changed()
    return followed(await one.accounts())


def followed(accounts: Any) -> list[str]:
    return [
        str(each.registration.account.id)
        for each in accounts
        if each.refused is None and each.registration.is_watched
    ]


def of(accounts: Any, id_: str) -> Sourced:
    found: Sourced = next(each for each in accounts if each.registration.account.id == id_)
    return found


def played(scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def bounded() -> None:
        # A day: a source that never tells what a scene waits for ends it.
        async with asyncio.timeout(86_400):
            await scene()

    run(bounded())


def test_what_did_not_change_is_the_same_object_after_each_reading() -> None:
    """Whoever follows compares twenty thousand in a millisecond; our own heartbeats are no news."""

    async def scene() -> None:
        shelf = Shelf(row(1, seen=1, title="a"), row(2, seen=1, title="b"))
        one = source(shelf)
        async with running(one):
            assert await ids(one) == ["1", "2"]
            before = await one.accounts()
            shelf.rows = [row(1, seen=2, title="a"), row(2, seen=2, title="new")]
            await one.changed()
            after = await one.accounts()

            assert of(after, "1") is of(before, "1")
            assert of(after, "2") is not of(before, "2")
            assert elapsed() == 300.0

    played(scene)


def test_before_the_first_reading_a_source_can_not_be_told() -> None:
    """And why it failed is told to whoever waits, once."""

    async def scene() -> None:
        shelf = Shelf(row())
        shelf.trouble = "the database is away"
        one = source(shelf)
        with pytest.raises(SourceError, match="it was not read yet"):
            await one.accounts()
        async with running(one):
            await one.changed()
            with pytest.raises(SourceError, match="the database is away"):
                await one.accounts()
            shelf.trouble = None
            assert await ids(one) == ["1"]

    played(scene)


def test_a_reading_that_fails_keeps_what_was_known_and_is_told_once() -> None:
    """An outage of the database is no outage of the mailboxes."""

    async def scene() -> None:
        shelf = Shelf(row(1), row(2))
        one = source(shelf)
        with capture_logs() as logs:
            async with running(one):
                await ids(one)
                shelf.trouble = "the database is away"
                await asyncio.sleep(1000)
                assert followed(await one.accounts()) == ["1", "2"]
                shelf.trouble = None
                await asyncio.sleep(100)

        said = [each["event"] for each in logs if each["event"] != "source.refreshed"]
        assert said == ["source.failed", "source.recovered"]
        # Again and again, and not too often.
        assert 15 < shelf.readings < 50

    played(scene)


def test_a_query_that_hangs_is_given_up_in_time() -> None:
    """And is tried again."""

    async def scene() -> None:
        shelf = Shelf(row())
        shelf.hangs = True
        one = source(shelf, "timeout = 5\n")
        async with running(one):
            await one.changed()
            assert elapsed() == 5.0
            with pytest.raises(SourceError, match="no answer to the query within 5 s"):
                await one.accounts()

    played(scene)


def test_a_row_that_vanished_is_gone_with_the_next_reading() -> None:
    """One at a time is ordinary, also where it is the last."""

    async def scene() -> None:
        shelf = Shelf(row(1), row(2), row(3))
        one = source(shelf)
        async with running(one):
            assert await ids(one) == ["1", "2", "3"]
            shelf.rows = [row(1), row(2)]
            assert await ids(one) == ["1", "2"]
            shelf.rows = [row(1)]
            assert await ids(one) == ["1"]
            shelf.rows = []
            assert await ids(one) == []
            assert elapsed() == 900.0

    played(scene)


@pytest.mark.parametrize("left", [0, 1])
def test_a_table_that_lost_most_of_its_rows_is_believed_at_a_second_look(left: int) -> None:
    """A broken deploy must not disconnect everybody; what else changed counts at once."""

    async def scene() -> None:
        shelf = Shelf(*(row(number) for number in range(4)))
        one = source(shelf)
        with capture_logs() as logs:
            async with running(one):
                await ids(one)
                shelf.rows = [*(row(number) for number in range(left)), row(9)]
                assert len(await ids(one)) == 5
                assert elapsed() == 300.0
                assert len(await ids(one)) == left + 1
                assert elapsed() == 360.0

        assert [each["event"] for each in logs if "doubt" in each["event"]] == ["source.doubted"]

    played(scene)


def test_rows_that_come_back_were_never_gone() -> None:
    """The second look clears the doubt, and nothing was disconnected."""

    async def scene() -> None:
        rows: list[Mapping[str, object]] = [row(number) for number in range(4)]
        shelf = Shelf(*rows)
        one = source(shelf)
        async with running(one):
            await ids(one)
            before = await one.accounts()
            shelf.rows = []
            await asyncio.sleep(301)
            shelf.rows = [*rows]
            await asyncio.sleep(61)
            shelf.rows = rows[:1]
            await asyncio.sleep(300)

            after = await one.accounts()
            assert [*map(id, after)] == [*map(id, before)]

    played(scene)


def test_secrets_that_all_fail_at_once_are_doubted_as_well() -> None:
    """A key that was changed on one side only lets go of nobody before the second look."""

    async def scene() -> None:
        shelf = Shelf(*(row(number, password=sealed("pw")) for number in range(3)))
        one = source(shelf, CIPHER)
        async with running(one):
            assert len(await ids(one)) == 3
            shelf.rows[:] = [row(number, password=sealed("pw")[:-1]) for number in range(3)]
            await asyncio.sleep(301)
            assert len(followed(await one.accounts())) == 3
            assert await ids(one) == []

    played(scene)


def test_who_wants_no_second_look_has_none() -> None:
    """It can be switched off."""

    async def scene() -> None:
        shelf = Shelf(*(row(number) for number in range(4)))
        one = source(shelf, "second_look = 0\n")
        async with running(one):
            await ids(one)
            shelf.rows = []
            assert await ids(one) == []

    played(scene)


def test_a_broken_row_is_one_account_in_error_told_once_and_then_mended() -> None:
    """The others go on, and its next good value is taken."""

    async def scene() -> None:
        shelf = Shelf(*(row(number, password=sealed("pw")) for number in range(3)))
        good = list(shelf.rows)
        one = source(shelf, CIPHER)
        with capture_logs() as logs:
            async with running(one):
                await ids(one)
                shelf.rows = [*good[:2], row(2, password="nonsense")]
                assert await ids(one) == ["0", "1"]
                refused = of(await one.accounts(), "2").refused
                assert refused == "the row '2' of app: password: has 1 parts, not 3"
                await asyncio.sleep(1000)
                shelf.rows = good
                assert await ids(one) == ["0", "1", "2"]

        assert [each["error"] for each in logs if each["event"] == "source.row_refused"] == [
            refused
        ]

    played(scene)


def test_two_rows_with_one_id_that_differ_are_one_account_in_error() -> None:
    """Nobody can tell which is meant; equal ones, as a JOIN makes them, are one."""

    async def scene() -> None:
        shelf = Shelf(
            *(row(id_, title=title) for id_, title in ((1, "a"), (1, "a"), (2, "a"), (2, "b")))
        )
        one = source(shelf)
        async with running(one):
            assert await ids(one) == ["1"]
            before = await one.accounts()
            assert "two rows have it, and they differ" in (of(before, "2").refused or "")
            one.nudge()
            await asyncio.sleep(10)
            assert of(await one.accounts(), "2") is of(before, "2")

    played(scene)


def test_more_rows_than_are_allowed_are_a_failure_and_not_a_part_of_them() -> None:
    """A query without its WHERE must not take half of the mailboxes at random."""

    async def scene() -> None:
        shelf = Shelf(*(row(number) for number in range(3)))
        one = source(shelf, "rows = 3\n")
        async with running(one):
            await ids(one)
            shelf.rows.append(row(3))
            with pytest.raises(SourceError, match="more than 3 rows"):
                await one.refresh()
            assert len(await one.accounts()) == 3

    played(scene)


def test_a_notification_is_answered_within_a_second_and_a_storm_by_few_readings() -> None:
    """What is notified while it reads is read again, once."""

    async def scene() -> None:
        shelf = Shelf(row(1))
        one = source(shelf, listen="mailboxes")
        async with running(one):
            await ids(one)
            assert shelf.channel == "mailboxes"
            await asyncio.sleep(10)
            shelf.rows.append(row(2))
            began_at, readings = elapsed(), shelf.readings
            for _ in range(1000):
                one.nudge()
                await asyncio.sleep(0.001)
            assert followed(await one.accounts()) == ["1", "2"]
            await asyncio.sleep(10)
            assert shelf.readings - readings <= 1 + (1.0 / SOONEST) + 1
            assert began_at == 10.0

    played(scene)


def test_a_channel_that_went_deaf_is_listened_to_again_and_read_after() -> None:
    """What was notified meanwhile was told to nobody."""

    async def scene() -> None:
        shelf = Shelf(row(1))
        one = source(shelf, listen="mailboxes")
        with capture_logs() as logs:
            async with running(one):
                await ids(one)
                await asyncio.sleep(100)
                shelf.deaf.set()
                await asyncio.sleep(0)
                shelf.rows.append(row(2))
                assert await ids(one) == ["1", "2"]
                assert elapsed() < 102.0

        events = [each["event"] for each in logs if each["event"] != "source.refreshed"]
        assert events == ["source.listening", "source.deaf", "source.listening"]

    played(scene)


def test_those_who_ask_for_a_reading_share_the_one_that_is_under_way() -> None:
    """Ten who ask at once are one query."""

    async def scene() -> None:
        shelf = Shelf(row(1))
        one = source(shelf)
        await asyncio.gather(*(one.refresh() for _ in range(10)))
        assert shelf.readings == 1
        assert followed(await one.accounts()) == ["1"]

    played(scene)
