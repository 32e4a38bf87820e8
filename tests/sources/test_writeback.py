"""What is written back: the newest word of each account, together, not too often, never waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from structlog.testing import capture_logs

from tests.sources.given import KEY, Shelf, row, settings
from tests.support.clock import START, VirtualClock, run
from vedette.model.ids import AccountId
from vedette.sources.table import TableSource

WRITE = """
[sources.app.write]
on_error = "error :error :error_at :id"
on_connected = "connected :heartbeat_at :id"
on_heartbeat = "heartbeat :heartbeat_at :id"
"""
ANNA, BEN = AccountId("1"), AccountId("2")
NOW = START


@asynccontextmanager
async def running(shelf: Shelf, text: str = WRITE) -> AsyncIterator[TableSource]:
    """Run a source that was read once."""
    one = TableSource(settings(text), shelf, clock=VirtualClock(), dice=lambda: 0.0)
    await one.refresh()
    task = asyncio.create_task(one.run())
    try:
        yield one
        await asyncio.sleep(100)
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.wait([task])


def said(round_: list[tuple[str, Any]]) -> list[tuple[str, object]]:
    """Return the first word of each statement, with the id."""
    return [(text.split()[0], values["id"]) for text, values in round_]


def test_a_failure_is_written_in_its_words_and_a_connect_clears_it() -> None:
    """With the time, and the proof of life that a connect is."""

    async def scene() -> None:
        shelf = Shelf(row(1), row(2))
        async with running(shelf) as one:
            one.failed(ANNA, "[AUTHENTICATIONFAILED] Authentication failed.", NOW)
            one.connected(BEN, NOW)
            await asyncio.sleep(2)
            one.connected(ANNA, NOW + 2)

        first, second = shelf.written
        assert said(first) == [("error", 1), ("connected", 2), ("heartbeat", 2)]
        assert first[0][1]["error"] == "[AUTHENTICATIONFAILED] Authentication failed."
        assert first[0][1]["error_at"] == NOW
        assert said(second) == [("connected", 1), ("heartbeat", 1)]
        assert (second[0][1]["error"], second[0][1]["heartbeat_at"]) == (None, NOW + 2)

    run(scene())


def test_the_same_error_again_moves_its_time_once_in_a_heartbeat() -> None:
    """A server that refuses every second is not a write every second."""

    async def scene() -> None:
        shelf = Shelf(row(1))
        async with running(shelf) as one:
            for second in range(120):
                one.failed(ANNA, "no", NOW + second)
                await asyncio.sleep(1)

        assert len(shelf.written) == 2

    run(scene())


def test_a_heartbeat_is_written_when_the_last_one_is_old() -> None:
    """Proofs come every few seconds, rows are written every minute."""

    async def scene() -> None:
        shelf = Shelf(row(1))
        async with running(shelf) as one:
            one.connected(ANNA, NOW)
            await asyncio.sleep(2)
            for second in range(2, 125):
                one.proved(ANNA, NOW + second)
                await asyncio.sleep(1)

        beats = [
            values["heartbeat_at"]
            for each in shelf.written
            for text, values in each
            if text.startswith("heartbeat")
        ]
        assert beats == [NOW, NOW + 60, NOW + 120]

    run(scene())


def test_many_words_are_few_rounds_and_the_newest_word_counts() -> None:
    """A mass disconnect is a statement each, in rounds with a pause between."""

    async def scene() -> None:
        shelf = Shelf(*(row(number) for number in range(1200)))
        async with running(shelf) as one:
            for number in range(1200):
                one.failed(AccountId(str(number)), "reset by peer", NOW)
            for number in range(600):
                one.connected(AccountId(str(number)), NOW)

        assert [len(each) for each in shelf.written] == [1000, 600, 200]
        words = [pair for each in shelf.written for pair in said(each)]
        assert ("error", 0) not in words
        assert ("connected", 0) in words

    run(scene())


def test_what_could_not_be_written_is_written_later_unless_there_is_newer() -> None:
    """A table that is locked loses nothing, and is told once."""

    async def scene() -> None:
        shelf = Shelf(row(1), row(2))
        with capture_logs() as logs:
            async with running(shelf) as one:
                shelf.trouble, shelf.slowness = "locked", 10.0
                one.failed(ANNA, "old", NOW)
                one.failed(BEN, "no", NOW)
                # The round with the old word is under way when the new one comes.
                await asyncio.sleep(5)
                one.failed(ANNA, "new", NOW + 5)
                await asyncio.sleep(30)
                shelf.trouble, shelf.slowness = None, 0.0

        words = {values["id"]: values["error"] for each in shelf.written for _, values in each}
        assert words == {1: "new", 2: "no"}
        events = [each["event"] for each in logs if each["event"].startswith("source.write")]
        assert events == ["source.write_failed", "source.write_recovered"]

    run(scene())


def test_rows_that_are_refused_are_told_once_and_hold_up_nobody() -> None:
    """A check of the host's own, say."""

    async def scene() -> None:
        shelf = Shelf(row(1), row(2))
        shelf.refused = ["too long"]
        with capture_logs() as logs:
            async with running(shelf) as one:
                one.failed(ANNA, "a", NOW)
                await asyncio.sleep(5)
                one.failed(BEN, "b", NOW)

        assert [each["error"] for each in logs if each["event"] == "source.write_refused"] == [
            "too long"
        ]
        assert len(shelf.written) == 2

    run(scene())


def test_a_secret_that_can_not_be_opened_is_written_into_its_own_row() -> None:
    """Whoever looks at the host's table sees why, without our log."""

    async def scene() -> None:
        shelf = Shelf(row(1, password="nonsense"), row(2))
        async with running(shelf, f'cipher.key = "{KEY}"\n{WRITE}'):
            pass

        errors = [values["error"] for text, values in shelf.written[0] if text.startswith("error")]
        assert errors[0] == "the row '1' of app: password: has 1 parts, not 3"

    run(scene())


def test_nothing_is_written_of_a_row_that_is_gone_nor_at_the_stop() -> None:
    """A restart is no news of a mailbox."""

    async def scene() -> None:
        shelf = Shelf(row(1), row(2))
        async with running(shelf) as one:
            one.connected(BEN, NOW)
            await asyncio.sleep(5)
            shelf.rows = [row(2)]
            one.failed(ANNA, "no", NOW)
            await one.refresh()
            one.failed(ANNA, "no", NOW)

        assert [said(each) for each in shelf.written] == [[("connected", 2), ("heartbeat", 2)]]

    run(scene())


def test_without_statements_nothing_is_written() -> None:
    """Reading alone is the default."""

    async def scene() -> None:
        shelf = Shelf(row(1))
        async with running(shelf, "") as one:
            one.failed(ANNA, "no", NOW)
            one.connected(ANNA, NOW)
            one.proved(ANNA, NOW)

        assert shelf.written == []

    run(scene())
