"""Host tables of a file that is read again: added, changed and taken out while mailboxes are watched."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.app.live import Live
from tests.app.settings import PORT, service
from tests.sources.given import settings
from vedette.app import sources
from vedette.app.sources import build_source
from vedette.errors import ConfigError
from vedette.secret import Secret
from vedette.sources.location import read_location
from vedette.sources.settings import SourceSettings

MAIL = f"""
[sources.app.mail]
host = "127.0.0.1"
port = {PORT}
encryption = "none"
plain = true
private = true
"""


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    """Return an engine that runs, without any table."""
    found = Live(tmp_path)
    await found.engine.start()
    yield found
    await found.engine.stop()


def table(folder: Path, name: str, ids: Iterable[str], text: str = MAIL) -> SourceSettings:
    """Return the settings of a table that has these mailboxes, each made of its id."""
    path = folder / f"{name}.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS mailbox (id, email, password)")
        connection.execute("DELETE FROM mailbox")
        connection.executemany(
            "INSERT INTO mailbox VALUES (?, ? || '@example.org', 'secret')", [(i, i) for i in ids]
        )
    connection.close()
    where = read_location(Secret(f"sqlite://{path}"))
    found = settings(text, location=where, query="SELECT * FROM mailbox", refresh=1.0)
    return replace(found, name=name)


async def read_again(live: Live, folder: Path, *sources: SourceSettings, **more: Any) -> None:
    """Have the engine go over to a file with these tables."""
    await live.engine.apply(replace(service(folder, **more), sources=sources))


async def test_a_table_that_was_added_is_watched_without_a_new_start(
    live: Live, tmp_path: Path
) -> None:
    """And one that was taken out lets its mailboxes go, and no others; they are in no list then."""
    await read_again(live, tmp_path, crm := table(tmp_path, "crm", ["anna"]))
    await live.until_watched("anna")
    anna = live.watcher("anna")

    await read_again(live, tmp_path, crm, table(tmp_path, "shop", ["bert", "carl"]))
    await live.until_watched("anna", "bert", "carl")
    await read_again(live, tmp_path, crm)
    await live.until_watched("anna")

    assert live.watcher("anna") is anna
    assert [each.name for each in live.engine.hosts.sources] == ["crm"]
    assert [each.account.id for each in live.engine.elsewhere.after("")] == ["anna"]


async def test_a_table_whose_settings_changed_restarts_the_mailboxes_that_differ(
    live: Live, tmp_path: Path
) -> None:
    """A pace is nobody's affair, another query that of whom it yields, another depth everybody's."""
    crm = table(tmp_path, "crm", ["anna", "bert", "carl"])
    await read_again(live, tmp_path, crm)
    await live.until_watched("anna", "bert", "carl")
    before = live.watcher("anna")

    await read_again(live, tmp_path, replace(crm, refresh=2.0))
    await read_again(live, tmp_path, replace(crm, query="SELECT * FROM mailbox WHERE id <> 'carl'"))
    await live.until_watched("anna", "bert")
    assert live.watcher("anna") is before

    inbox = replace(crm, mail=replace(crm.mail, folders=("\\Inbox",)))
    await read_again(live, tmp_path, inbox)
    await live.until_watched("anna", "bert", "carl")
    await live.until(lambda: live.watcher("anna") is not before, "another watch of anna")


async def test_a_query_that_loses_most_mailboxes_is_doubted_after_a_reload(
    live: Live, tmp_path: Path
) -> None:
    """A slip in the file lets go of nobody before a second look says the same."""
    crm = table(tmp_path, "crm", ["anna", "bert", "carl"])
    await read_again(live, tmp_path, crm)
    await live.until_watched("anna", "bert", "carl")
    anna = live.watcher("anna")

    with capture_logs() as logs:
        await read_again(live, tmp_path, replace(crm, query="SELECT * FROM mailbox WHERE id IS 0"))
        await live.until(lambda: "source.doubted" in [each["event"] for each in logs], "a doubt")
    await read_again(live, tmp_path, crm)

    assert live.watcher("anna") is anna
    assert live.watched == ["anna", "bert", "carl"]


async def test_a_table_whose_database_is_away_keeps_its_mailboxes_over_a_reload(
    live: Live, tmp_path: Path
) -> None:
    """What was known goes on being watched until the new settings find something."""
    crm = table(tmp_path, "crm", ["anna"])
    await read_again(live, tmp_path, crm)
    await live.until_watched("anna")
    anna = live.watcher("anna")

    with capture_logs() as logs:
        gone = replace(crm, location=read_location(Secret(f"sqlite://{tmp_path}/none.db")))
        await read_again(live, tmp_path, gone)
        await live.until(lambda: "source.failed" in [each["event"] for each in logs], "a failure")

    assert live.watcher("anna") is anna


async def test_other_ids_for_the_same_rows_are_never_beside_the_old_ones(
    live: Live, tmp_path: Path
) -> None:
    """Each mailbox is watched once: the old ids go when the new ones come."""
    crm = table(tmp_path, "crm", ["anna", "bert"])
    await read_again(live, tmp_path, crm)
    await live.until_watched("anna", "bert")

    with capture_logs() as logs:
        await read_again(live, tmp_path, replace(crm, prefix="crm-"))
        await live.until_watched("crm-anna", "crm-bert")

    assert not [each for each in logs if each["event"] == "source.doubted"]


async def test_a_table_that_can_not_be_built_keeps_the_one_before(
    live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one line with its name; the others of the file are gone over to."""
    crm = table(tmp_path, "crm", ["anna"])
    await read_again(live, tmp_path, crm)
    await live.until_watched("anna")
    anna = live.watcher("anna")

    def without_library(wanted: SourceSettings, **more: Any) -> Any:
        if wanted.name != "shop":
            raise ConfigError(f"{wanted.name} needs a library: pip install 'vedette[mysql]'")
        return build_source(wanted, **more)

    monkeypatch.setattr(sources, "build_source", without_library)
    with capture_logs() as logs:
        shop = table(tmp_path, "shop", ["bert"])
        await read_again(live, tmp_path, replace(crm, refresh=9.0), shop, replace(shop, name="new"))
        await live.until_watched("anna", "bert")

    told = [each for each in logs if each["event"] == "source.refused"]
    assert [(each["source"], each["log_level"]) for each in told] == [
        ("crm", "error"),
        ("new", "error"),
    ]
    assert live.watcher("anna") is anna
    assert [each.settings.refresh for each in live.engine.hosts.sources] == [1.0, 1.0]


async def test_of_one_id_in_two_tables_that_of_the_first_counts_by_the_file_as_it_is_now(
    live: Live, tmp_path: Path
) -> None:
    """Their order may change, too; the file's own accounts stand over both, in lists as well."""
    first = table(tmp_path, "first", ["anna"], MAIL)
    second = table(tmp_path, "second", ["anna"], MAIL + 'folders = ["Second"]')
    await read_again(live, tmp_path, first, second)
    await live.until_watched("anna")

    def folders() -> object:
        watcher = live.watcher("anna")
        return None if watcher is None else watcher.account.folders

    await live.until(lambda: folders() == ("\\Inbox", "\\Junk"), "the first table")
    await read_again(live, tmp_path, second, first)
    await live.until(lambda: folders() == ("Second",), "the other one")
    await read_again(live, tmp_path, second, first, accounts=["anna"])

    shown = live.engine.elsewhere.of(next(iter(live.engine.elsewhere.after(""))).account.id)
    assert shown is not None
    assert shown.origin.value == "file"
