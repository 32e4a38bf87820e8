"""``vedette migrate``, and commands that look at a state on Postgres."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.store.bundle import ANNA, HOOK, StillClock, cursor, posting, step
from tests.support.postgres import Postgres
from vedette.app.guards.recorded import recorded
from vedette.cli.main import main
from vedette.cli.view import view_or_none
from vedette.engine.standing import NOTHING
from vedette.secret import Secret
from vedette.store.postgres.schema import STEPS
from vedette.store.postgres.store import PostgresStore

pytestmark = pytest.mark.server


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.url(asyncio.run(postgres.make()))


def test_migrate_brings_a_database_to_the_newest_shape(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says from where to where, and a second time that there is nothing to do."""
    assert main(["migrate", "--store", url]) == 0
    assert main(["migrate", "--store", url]) == 0

    assert capsys.readouterr().out == f"version 0 → {len(STEPS)}\nversion {len(STEPS)}\n"


def test_migrate_needs_a_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A state in SQLite is brought along by the start of the service."""
    config = tmp_path / "vedette.toml"
    config.write_text("")

    assert main(["migrate", "--config", str(config)]) == 78
    assert "names no database" in capsys.readouterr().err


async def _fill(url: str) -> None:
    store = PostgresStore(Secret(url), StillClock(), instance="one")
    await store.start()
    await store.commit(step(None, cursor(1), posting("e", HOOK), account=ANNA))
    await store.stop()


def test_commands_look_into_the_database_of_the_configuration(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Events and deliveries are shown as from a state folder."""
    asyncio.run(_fill(url))
    config = tmp_path / "vedette.toml"
    config.write_text(f'[store]\nurl = "{url}"\n')

    assert main(["deliveries", "--config", str(config), "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["endpoint"] == HOOK


def test_a_backtest_asks_the_database_for_what_is_recorded(url: str, tmp_path: Path) -> None:
    """A consent that was given to a service on Postgres counts there, and no folder does."""

    async def agree() -> None:
        store = PostgresStore(Secret(url), StillClock(), instance="one")
        await store.start()
        await store.consent(ANNA, version="1", now=1.0, by="anna")
        await store.stop()

    asyncio.run(agree())
    config = tmp_path / "vedette.toml"
    config.write_text(f'[store]\nurl = "{url}"\n')

    found = recorded(view_or_none(config, None), ANNA)
    assert found.standing != NOTHING
    assert recorded(view_or_none(None, tmp_path), ANNA).standing == NOTHING
