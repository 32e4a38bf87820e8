"""Tokens handed back to the rows that they came from: sealed as the application has them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.sources.given import KEY, Shelf, cipher, row, sealed, settings
from tests.support.clock import VirtualClock, elapsed, run
from vedette.config.document import parse
from vedette.config.sources import read_source
from vedette.errors import ConfigError
from vedette.model.ids import AccountId
from vedette.ports.token import Rotated
from vedette.secret import Secret
from vedette.sources.handback import PATIENCE
from vedette.sources.table import TableSource

ANNA = AccountId("1")
STATEMENT = "UPDATE t SET token = :refresh_token, access = :access_token, ends = :expires_at"
TEXT = f"""
auth = {{ oauth2 = "oauth2:google" }}
[sources.app.write]
refresh_token = "{STATEMENT} WHERE id = :id AND token = :before"
[sources.app.cipher]
key = "{KEY}"
aad = "mail:{{id}}"
"""


def tokens(number: int) -> Rotated:
    return Rotated(
        refresh=Secret(f"refresh-{number}"), access=Secret(f"access-{number}"), expires_at=9.0
    )


def granted(token: str) -> dict[str, object]:
    return row(1, auth="oauth2", refresh_token=token)


def played(scene: Any) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(86_400):
            await scene()

    run(bounded())


async def begun(shelf: Shelf) -> tuple[TableSource, asyncio.Task[None]]:
    source = TableSource(settings(TEXT), shelf, clock=VirtualClock(), dice=lambda: 0.0)
    task = asyncio.create_task(source.run())
    await source.changed()
    return source, task


async def ended(task: asyncio.Task[None]) -> None:
    assert not task.done(), task.exception()
    task.cancel()
    await asyncio.wait([task])


def opened(value: object) -> str:
    return cipher().open(str(value), aad="mail:1").reveal()


def test_a_token_is_sealed_as_the_table_has_it_and_goes_into_its_row() -> None:
    """With its access token and its end; the one that it replaces is named, so none is lost."""

    async def scene() -> None:
        old = str(cipher().seal(Secret("refresh-0"), nonce=b"n" * 12, aad="mail:1"))
        shelf = Shelf(granted(old))
        source, task = await begun(shelf)
        await source.rotated(ANNA, tokens(1))
        await source.rotated(ANNA, tokens(1))
        await source.rotated(AccountId("of somebody else"), tokens(2))

        ((order,),) = shelf.written
        text, values = order
        assert text.startswith(STATEMENT)
        assert (values["id"], values["before"], values["expires_at"]) == (1, old, 9.0)
        assert opened(values["refresh_token"]) == "refresh-1"
        assert opened(values["access_token"]) == "access-1"
        await ended(task)

    played(scene)


def test_a_database_that_is_away_gets_the_newest_token_when_it_is_back() -> None:
    """A login waits for seconds and goes on; it is told once, and nothing is written twice."""

    async def scene() -> None:
        old = str(cipher().seal(Secret("refresh-0"), nonce=b"n" * 12, aad="mail:1"))
        shelf = Shelf(granted(old))
        source, task = await begun(shelf)
        shelf.trouble = "no route to host"
        with capture_logs() as logs:
            before = elapsed()
            await source.rotated(ANNA, tokens(1))
            assert elapsed() - before == pytest.approx(PATIENCE)
            await source.rotated(ANNA, tokens(2))
            shelf.trouble = None
            await asyncio.sleep(120)

        assert [
            [opened(values["refresh_token"]) for _, values in each] for each in shelf.written
        ] == [["refresh-2"]]
        told = [each["event"] for each in logs if "tokens" in each["event"]]
        assert told == ["source.tokens_unwritten", "source.tokens_written"]
        await ended(task)

    played(scene)


def test_a_row_that_refuses_a_token_is_told_of_and_not_asked_again() -> None:
    """The token is stored here all the same; the next one is another try."""

    async def scene() -> None:
        old = str(cipher().seal(Secret("refresh-0"), nonce=b"n" * 12, aad="mail:1"))
        shelf = Shelf(granted(old))
        shelf.refused = ["permission denied for column token"]
        source, task = await begun(shelf)
        with capture_logs() as logs:
            await source.rotated(ANNA, tokens(1))
            await asyncio.sleep(600)
            await source.rotated(ANNA, tokens(1))
        assert len(shelf.written) == 1
        assert [each["error"] for each in logs if each["event"] == "source.tokens_unwritten"] == [
            "permission denied for column token"
        ]
        await source.rotated(ANNA, tokens(2))
        assert len(shelf.written) == 2
        await ended(task)

    played(scene)


def test_new_settings_of_a_table_write_what_was_not_written_yet() -> None:
    """A reload in between loses no token."""

    async def scene() -> None:
        old = str(cipher().seal(Secret("refresh-0"), nonce=b"n" * 12, aad="mail:1"))
        shelf = Shelf(granted(old))
        source, task = await begun(shelf)
        shelf.trouble = "no route to host"
        await source.rotated(ANNA, tokens(1))
        await ended(task)
        shelf.trouble = None
        other = TableSource(settings(TEXT), shelf, clock=VirtualClock(), dice=lambda: 0.0)
        other.inherit(source)
        again = asyncio.create_task(other.run())
        await asyncio.sleep(10)

        assert [opened(values["refresh_token"]) for _, values in shelf.written[0]] == ["refresh-1"]
        await ended(again)

    played(scene)


def test_a_row_that_was_sealed_anew_is_the_same_account() -> None:
    """Another nonce is no other token: whoever follows does not connect anew for it."""

    async def scene() -> None:
        shelf = Shelf(row(1, password=sealed("secret")))
        source = TableSource(
            settings(f'[sources.app.cipher]\nkey = "{KEY}"\n'),
            shelf,
            clock=VirtualClock(),
            dice=lambda: 0.0,
        )
        task = asyncio.create_task(source.run())
        await source.changed()
        (first,) = await source.accounts()
        shelf.rows = [row(1, password=sealed("secret"))]
        await source.refresh()
        (second,) = await source.accounts()
        assert second is first
        await ended(task)

    played(scene)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE t SET token = :refresh_token", ":id"),
        ("UPDATE t SET token = 1 WHERE id = :id", ":refresh_token"),
        ("UPDATE t SET token = :refresh_token, e = :error WHERE id = :id", ":error is not known"),
    ],
)
def test_a_statement_that_can_not_hand_a_token_back_is_refused(statement: str, told: str) -> None:
    """Before anything runs, with its key."""
    text = (
        '[sources.app]\nurl = "sqlite:///app.db"\nquery = "SELECT"\n'
        f'[sources.app.write]\nrefresh_token = "{statement}"\n'
    )
    table = parse(text, file="vedette.toml").table("sources").table("app")
    with pytest.raises(ConfigError, match=r"sources\.app\.write\.refresh_token.*" + told):
        read_source(table)
