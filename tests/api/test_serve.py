"""The API of the real service: its first key, its socket, its port, its drain, its workers."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.support.ports import free_port
from tests.support.service import Service, vedette
from vedette.cli.serve import _beside
from vedette.config.api import ApiSettings

FIRST = "The API's first key"


class AtSocket(HTTPConnection):
    """HTTP through the socket of a state."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=20)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(str(self._path))


def configured(folder: Path, api: str) -> Path:
    file = folder / "vedette.toml"
    file.write_text(f'state = "state"\n[api]\n{api}\n')
    return file


def run(folder: Path, file: Path) -> Service:
    return Service(["serve", "--config", str(file)], folder=folder)


def got(port: int, path: str, key: str | None = None) -> tuple[int, Any]:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_the_first_start_shows_a_key_that_opens_everything_and_no_later_one_does(
    tmp_path: Path,
) -> None:
    """One key, once; a second start shows none, and the first key still opens."""
    port = free_port()
    file = configured(tmp_path, f'listen = "127.0.0.1:{port}"')

    with run(tmp_path, file) as service:
        service.until_logged(FIRST)
        [key] = re.findall(r"vdt_[\w-]{43}", service.err)
        assert got(port, "/v1/tenants")[0] == 401
        assert got(port, "/v1/tenants", key)[0] == 200
        assert got(port, "/readyz") == (200, {"status": "ready"})
        assert got(port, "/ownerz")[1]["isRunning"] is True

        client = AtSocket(tmp_path / "state" / "api.sock")
        client.request("GET", "/v1/keys")
        assert json.loads(client.getresponse().read())["items"][0]["name"] == "first"
        client.close()

        service.send(signal.SIGTERM)
        assert service.ended() == 0
    assert not (tmp_path / "state" / "api.sock").exists()

    with run(tmp_path, file) as service:
        service.until_logged("api.listening")
        assert got(port, "/v1/keys", key)[1]["items"][0]["name"] == "first"
        assert FIRST not in service.err
        service.send(signal.SIGTERM)
        assert service.ended() == 0


def test_a_port_that_is_taken_and_was_asked_for_ends_the_start(tmp_path: Path) -> None:
    """One line says which, and the state is let go."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        listen = f"127.0.0.1:{other.getsockname()[1]}"

        ended = vedette("serve", "--config", str(configured(tmp_path, f'listen = "{listen}"')))

    assert ended.status == 78
    assert f"the API can not listen on {listen}" in ended.err.splitlines()[-1]
    assert FIRST not in ended.err


@pytest.mark.parametrize("module", ["fastapi", "uvicorn", "pydantic"])
def test_who_serves_no_api_does_not_pay_for_one(module: str) -> None:
    """The command itself imports nothing of it."""
    code = f"import sys, vedette.cli.serve; print({module!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)

    assert done.stdout.strip() == "False"


def test_each_further_worker_has_a_port_of_its_own() -> None:
    """Each has numbers and probes of its own; where one is taken, that worker goes on without."""
    asked = ApiSettings(port=8025, is_asked=True)

    third = _beside(asked, 3)

    assert (third.port, third.is_asked) == (8027, False)
    assert _beside(ApiSettings(port=0), 3).port == 0
