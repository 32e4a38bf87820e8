"""An account that is made through the API of a real service is watched at once."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from pathlib import Path
from typing import Any

from tests.support.dovecot import Dovecot
from tests.support.ports import free_port
from tests.support.process import wait_until
from tests.support.service import Service


class Client:
    """Asks a service with a key."""

    def __init__(self, port: int, key: str) -> None:
        self._base, self._key = f"http://127.0.0.1:{port}", key

    def ask(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        request = urllib.request.Request(
            self._base + path, data=data, headers=headers, method=method
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def until(self, account: str, state: str) -> float:
        """Wait for a state; return the seconds that it took."""
        begun = time.monotonic()

        def is_so() -> bool:
            found = self.ask("GET", f"/v1/accounts/{account}")["status"]["state"]
            return bool(found == state)

        wait_until(is_so, within=30.0, what=f"{account} to be {state}")
        return time.monotonic() - begun


def test_an_account_of_the_api_is_live_breaks_and_is_mended(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """It is verified, made, live; with a wrong password it says so, and with the right one lives."""
    port = free_port()
    file = tmp_path / "vedette.toml"
    file.write_text(f'state = "state"\n[api]\nlisten = "127.0.0.1:{port}"\n')
    account = {
        "email": f"{user}@example.org",
        "user": user,
        "host": "localhost",
        "port": dovecot.tls_port,
        "ca": dovecot.ca_file.read_text(),
        "private": True,
        "password": "pass",
    }
    with Service(["serve", "--config", str(file)], folder=tmp_path) as service:
        service.until_logged("The API's first key")
        [key] = re.findall(r"vdt_[\w-]{43}", service.err)
        client = Client(port, key)

        tried = client.ask("POST", "/v1/accounts/verify", account)
        assert tried["isGood"], tried
        wrong = client.ask("POST", "/v1/accounts/verify", {**account, "password": "wrong"})
        assert [wrong["isGood"], wrong["findings"][-1]["check"]] == [False, "login"]

        client.ask("POST", "/v1/accounts", {**account, "id": "box"})
        client.until("box", "live")
        client.ask("PATCH", "/v1/accounts/box", {"password": "wrong"})
        client.until("box", "auth_failed")
        client.ask("PATCH", "/v1/accounts/box", {"password": "pass"})
        client.until("box", "live")
        client.ask("POST", "/v1/accounts/box/pause")
        client.until("box", "paused")

        assert "wrong" not in service.err
        assert '"pass"' not in service.err
