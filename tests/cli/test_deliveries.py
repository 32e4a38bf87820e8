"""``vedette deliveries`` and ``vedette replay --failed``: what was given up is seen, and sent again."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.app.settings import service
from tests.cli.conftest import polite
from tests.store.bundle import StillClock, post, posting, settled, take
from tests.support.process import wait_until
from tests.support.service import Ended, vedette
from vedette.app.engine import Engine
from vedette.model.delivery import DeliveryState
from vedette.model.ids import AccountId, EndpointId
from vedette.store.sqlite.store import SqliteStore

HELPDESK = EndpointId("helpdesk")
BODY = b'{"specversion":"1.0","id":"%b","data":{}}'


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Return a state with a delivery of each kind."""

    async def fill() -> None:
        store = SqliteStore(tmp_path / "state", StillClock())
        await store.start()
        for number, name in enumerate(("taken", "dead", "waits")):
            event = posting(
                name,
                HELPDESK,
                time=100.0 * number,
                account=AccountId("anna" if name == "dead" else "bert"),
                body=BODY % name.encode(),
            )
            await post(store, event)
            if name == "waits":
                continue
            outcome = DeliveryState.DELIVERED if name == "taken" else DeliveryState.FAILED
            (parcel,) = await take(store, HELPDESK, now=1000.0)
            await store.settle(
                [settled(parcel, outcome, due=1000.0, reason="HTTP 500: \x1b[2J no")]
            )
        await store.stop()

    asyncio.run(fill())
    return tmp_path / "state"


def listed(state: Path, *words: str) -> list[dict[str, Any]]:
    """Return what the command lists for a program."""
    ended = vedette("deliveries", "--state", str(state), "--json", *words)
    assert (ended.status, ended.err) == (0, "")
    return [json.loads(line) for line in ended.out.splitlines()]


def test_every_delivery_is_listed_with_what_became_of_it(state: Path) -> None:
    """Those of the newest event first, each whole on a line."""
    found = listed(state)

    assert [each["event"]["id"] for each in found] == ["waits", "dead", "taken"]
    assert [each["state"] for each in found] == ["due", "failed", "delivered"]
    assert found[0]["nextAt"] == "1970-01-01T00:03:20.000Z"
    assert found[1] == {
        "delivery": 2,
        "endpoint": "helpdesk",
        "state": "failed",
        "inFlight": False,
        "attempts": 1,
        "queuedAt": "1970-01-01T00:01:40.000Z",
        "nextAt": None,
        "settledAt": "1970-01-01T00:16:40.000Z",
        "reason": "HTTP 500: \x1b[2J no",
        "event": {
            "id": "dead",
            "type": "message.received",
            "tenant": "acme",
            "account": "anna",
            "time": "1970-01-01T00:01:40.000Z",
        },
    }


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--failed"], ["dead"]),
        (["--due"], ["waits"]),
        (["--delivered"], ["taken"]),
        (["--account", "bert"], ["waits", "taken"]),
        (["--endpoint", "helpdesk", "--limit", "1"], ["waits"]),
        (["--endpoint", "other"], []),
        (["--since", "1970-01-01T00:01:00Z", "--until", "1970-01-01T00:03:00Z"], ["dead"]),
        (["--event", "taken"], ["taken"]),
        (["--type", "account.*"], []),
    ],
    ids=" ".join,
)
def test_deliveries_are_filtered(state: Path, words: list[str], expected: list[str]) -> None:
    """By state, endpoint, account, time, event and type."""
    assert [each["event"]["id"] for each in listed(state, *words)] == expected


def test_a_person_gets_a_table_that_no_answer_can_disturb(state: Path) -> None:
    """What an endpoint said is shown as plain text."""
    ended = vedette("deliveries", "--state", str(state), "--no-json", env={"COLUMNS": "250"})

    head, *rows = ended.out.splitlines()
    assert head.split()[:2] == ["event", "at"]
    assert len(rows) == 3
    assert "HTTP 500: \N{REPLACEMENT CHARACTER}[2J no" in rows[1]
    assert "\x1b" not in ended.out


def test_a_delivery_has_one_state(state: Path) -> None:
    """64: two are asked for."""
    ended = vedette("deliveries", "--state", str(state), "--due", "--failed")

    assert "one of --due, --failed" in polite(ended)
    assert ended.status == 64


def replay(folder: Path, *words: str) -> Ended:
    return vedette("replay", "--config", str(folder / "vedette.toml"), *words)


async def test_dead_letters_are_sent_again_by_hand(state: Path, tmp_path: Path) -> None:
    """Those and nothing else, under their ids; the list of them is empty then."""
    (tmp_path / "vedette.toml").write_text(f'state = "{state}"\n')
    engine = Engine(service(tmp_path, (), ["helpdesk"]))
    await engine.start()
    file = tmp_path / "helpdesk"
    await asyncio.to_thread(
        wait_until, lambda: "waits" in file.read_text(), within=60.0, what="what was due"
    )

    ended = await asyncio.to_thread(replay, tmp_path, "--failed")
    await asyncio.to_thread(
        wait_until, lambda: "dead" in file.read_text(), within=60.0, what="the dead letter"
    )
    await engine.stop()

    assert (ended.out, ended.status) == ("queued 1 delivery\n", 0)
    assert "taken" not in file.read_text()
    assert listed(state, "--failed") == []
