"""The whole service as one part: it goes over to new settings, touching only what changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.app.settings import account, file, service
from vedette.app.engine import Engine
from vedette.app.run import stop_within
from vedette.errors import SinkError, StoreError, UsageError
from vedette.model.ids import EndpointId
from vedette.ports.store import EventQuery


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    """Run an engine with one account and one endpoint."""
    running = Engine(service(tmp_path, ["anna"], ["a"]))
    await running.start()
    yield running
    await running.stop()


def accounts(engine: Engine) -> list[str]:
    return sorted(health.account for health in engine.healths)


def endpoints(engine: Engine) -> list[str]:
    """Return what is known, which must be what is delivered to."""
    known: list[str] = sorted(endpoint.id for endpoint in engine.endpoints())
    assert sorted(state.id for state in engine.courier.healths()) == known
    return known


async def test_an_engine_starts_with_what_its_settings_say(engine: Engine) -> None:
    """Accounts are watched and endpoints delivered to."""
    assert accounts(engine) == ["anna"]
    assert endpoints(engine) == ["a"]


async def test_accounts_come_and_go_with_the_settings(engine: Engine, tmp_path: Path) -> None:
    """One goes, another comes."""
    await engine.apply(service(tmp_path, ["bruno", "carla"], ["a"]))

    assert accounts(engine) == ["bruno", "carla"]


async def test_an_account_that_did_not_change_is_left_alone(engine: Engine, tmp_path: Path) -> None:
    """Its connection is worth keeping."""
    assert engine.supervisor is not None
    before = dict(engine.supervisor._watchers)

    await engine.apply(service(tmp_path, ["anna", "bruno"], ["a"]))

    assert all(engine.supervisor._watchers[name] is watcher for name, watcher in before.items())


async def test_an_account_with_another_password_logs_in_anew(
    engine: Engine, tmp_path: Path
) -> None:
    """That is how a person mends a refused one."""
    assert engine.supervisor is not None
    before = dict(engine.supervisor._watchers)
    changed = replace(service(tmp_path, (), ["a"]), accounts=(account("anna", "another"),))

    await engine.apply(changed)

    assert accounts(engine) == ["anna"]
    assert all(engine.supervisor._watchers[name] is not old for name, old in before.items())


async def test_endpoints_come_and_go_with_the_settings(engine: Engine, tmp_path: Path) -> None:
    """One goes, another comes."""
    await engine.apply(service(tmp_path, ["anna"], ["b", "c"]))

    assert endpoints(engine) == ["b", "c"]


async def test_an_endpoint_that_did_not_change_is_left_alone(
    engine: Engine, tmp_path: Path
) -> None:
    """Its deliveries in flight go on."""
    before = dict(engine.courier._lanes)

    await engine.apply(service(tmp_path, ["anna"], ["a", "b"]))

    assert all(engine.courier._lanes[name] is lane for name, lane in before.items())


async def test_an_endpoint_that_changed_is_replaced(engine: Engine, tmp_path: Path) -> None:
    """Under the same name, at its new place."""
    before = dict(engine.courier._lanes)
    moved = replace(service(tmp_path, ["anna"]), endpoints=(file("a", tmp_path / "elsewhere"),))

    await engine.apply(moved)

    assert endpoints(engine) == ["a"]
    assert all(engine.courier._lanes[name] is not lane for name, lane in before.items())


async def test_an_endpoint_that_can_not_start_is_told_and_the_old_one_goes_on(
    engine: Engine, tmp_path: Path
) -> None:
    """A typing error in a path stops no delivery."""
    before = dict(engine.courier._lanes)
    broken = replace(service(tmp_path, ["anna"]), endpoints=(file("a", tmp_path / "no" / "a"),))

    with pytest.raises(SinkError):
        await engine.apply(broken)

    assert endpoints(engine) == ["a"]
    assert engine.courier._lanes == before


async def test_another_state_folder_is_not_taken_while_it_runs(
    engine: Engine, tmp_path: Path
) -> None:
    """The one that holds the cursors stays, and a warning says so."""
    elsewhere = replace(service(tmp_path, ["bruno"]), state=tmp_path / "elsewhere")

    with capture_logs() as logs:
        await engine.apply(elsewhere)

    assert engine.settings.state == tmp_path / "state"
    assert accounts(engine) == ["bruno"]
    assert not (tmp_path / "elsewhere").exists()
    assert [line["log_level"] for line in logs if line["event"] == "settings.state_kept"] == [
        "warning"
    ]


async def test_a_replay_to_an_endpoint_that_is_not_there_names_those_that_are(
    engine: Engine,
) -> None:
    """Before anything is queued."""
    with pytest.raises(UsageError, match=r"^no endpoint is named 'b'; there are: a$"):
        await engine.redelivery.replay(EventQuery(), [EndpointId("a"), EndpointId("b")])


async def test_the_marker_is_there_while_the_engine_runs(tmp_path: Path) -> None:
    """And gone after an orderly stop."""
    engine = Engine(service(tmp_path))
    marker = tmp_path / "state" / "running"

    await engine.start()
    assert marker.exists()
    await engine.stop()

    assert not marker.exists()


async def test_a_second_engine_on_a_state_is_refused_and_takes_nothing_away(
    engine: Engine, tmp_path: Path
) -> None:
    """Neither the mark nor the socket of the one that runs."""
    state = tmp_path / "state"
    before = {"running", "control.sock"} & {path.name for path in state.iterdir()}
    second = Engine(service(tmp_path))

    with pytest.raises(StoreError):
        await second.start()

    assert {"running", "control.sock"} & {path.name for path in state.iterdir()} == before
    assert before == {"running", "control.sock"}


async def test_what_a_crash_left_in_the_spool_is_removed(tmp_path: Path) -> None:
    """Files of ours, and no others."""
    spool = tmp_path / "state" / "spool"
    spool.mkdir(parents=True, mode=0o700)
    (spool.parent).chmod(0o700)
    (spool / "vedette-abc").touch()
    (spool / "other").touch()
    engine = Engine(service(tmp_path))

    await engine.start()
    await engine.stop()

    assert [path.name for path in spool.iterdir()] == ["other"]


async def test_a_stop_that_takes_too_long_is_given_up(engine: Engine) -> None:
    """What is not done is repeated, not lost; the stop itself goes on."""
    with capture_logs() as logs:
        await stop_within(engine, 0.0)

    assert [line["event"] for line in logs if line["log_level"] == "error"] == [
        "engine.stop_timed_out"
    ]
