"""How commands reach a service that runs: by its socket, and by a URL with a key."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.service import Service
from vedette.cli.main import main


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What came of a command, in the process of the test."""

    status: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def vedette(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command with a key in the environment, or with none."""
    for name in ("VEDETTE_SERVER", "VEDETTE_CONFIG", "VEDETTE_STORE"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: str, key: str = "") -> Ended:
        monkeypatch.setenv("VEDETTE_KEY", key)
        status = main(words)
        told = capsys.readouterr()
        return Ended(status=status, out=told.out, err=told.err)

    return run


def polite(ended: Ended, status: int) -> str:
    [line] = ended.err.splitlines()
    assert (ended.status, line[:9]) == (status, "vedette: "), ended.err
    return line


def test_a_service_that_runs_is_asked_by_its_socket_or_its_url(
    tmp_path: Path, vedette: Run
) -> None:
    """The same commands, three ways: what one way wrote the others show; a wrong key is told."""
    port, config = free_port(), tmp_path / "vedette.toml"
    config.write_text(f'state = "state"\n[api]\nlisten = "127.0.0.1:{port}"\n')
    here, there = ("--config", str(config)), ("--server", f"http://127.0.0.1:{port}")

    # Nobody runs: the state itself.
    assert vedette("tenants", "add", "alone", *here).status == 0
    with Service(["serve", "--config", str(config)], folder=tmp_path) as service:
        service.until_logged("api.listening")
        service.until_logged("vdt_")
        [key] = re.findall(r"vdt_[\w-]{43}", service.err)
        made = vedette("tenants", "add", "by-socket", *here)
        listed = vedette("tenants", "list", *there, key=key)
        pulled = vedette("events", "pull", *there, key=key)
        rotated = vedette("keys", "rotate", "--data", *here)
        wrong = vedette("tenants", "list", *there, key="vdt_wrong")
        missing = vedette("tenants", "list", *there)
        service.send(signal.SIGTERM)
        assert service.ended() == 0

    assert json.loads(made.out)["id"] == "by-socket"
    found = [json.loads(line)["id"] for line in listed.out.splitlines()]
    assert {"alone", "by-socket"} <= set(found)
    assert (pulled.status, pulled.out) == (0, "")
    assert pulled.err.startswith("next ")
    assert "data keys anew" in rotated.out
    assert "API key" in polite(wrong, 77)
    assert "VEDETTE_KEY" in polite(missing, 64)
    assert key not in listed.out + listed.err + wrong.err
    assert "can not be reached" in polite(vedette("tenants", "list", *there, key=key), 69)


def test_a_service_without_an_api_keeps_its_state_to_itself(tmp_path: Path, vedette: Run) -> None:
    """A command opens no state that somebody holds, and says who does."""
    config = tmp_path / "vedette.toml"
    config.write_text('state = "state"\n[api]\nenabled = false\n')

    with Service(["serve", "--config", str(config)], folder=tmp_path) as service:
        service.until_logged("settings.applied")
        ended = vedette("tenants", "list", "--config", str(config))
        rotated = vedette("keys", "rotate", "--config", str(config))
        service.send(signal.SIGTERM)
        assert service.ended() == 0

    assert "process" in polite(ended, 73)
    assert rotated.status == 0
