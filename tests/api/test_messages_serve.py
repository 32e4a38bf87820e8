"""Mail through the API of a real service, whose engine lends the way to the server."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path
from typing import Any

from tests.support.dovecot import Dovecot
from tests.support.ports import free_port
from tests.support.postbox import letter
from tests.support.process import wait_until
from tests.support.service import Service


def asked(base: str, key: str, method: str, path: str, body: object = None) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(base + path, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def configured(folder: Path, port: int, url: str) -> Path:
    """Return a configuration with the API at a port, and one account with its password in a file."""
    password = folder / "password"
    password.write_text("pass")
    password.chmod(0o600)
    file = folder / "vedette.toml"
    file.write_text(
        f'state = "state"\n[api]\nlisten = "127.0.0.1:{port}"\n'
        f'[accounts.filed]\nurl = "{url}"\nprivate = true\npassword_file = "{password}"\n'
    )
    return file


def test_mail_of_the_api_and_of_the_file_is_read_as_their_accounts_are_set(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """It is read by the credentials of the engine, and no more once these are changed or paused."""
    mail = letter("Served", body="x" * 300_000)
    dovecot.append(user, "INBOX", mail)
    port = free_port()
    file = configured(tmp_path, port, f"imap+plaintext://{user}@127.0.0.1:{dovecot.port}")
    account = {
        "id": "box",
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
        ask = partial(asked, f"http://127.0.0.1:{port}", key)

        def until(status: int, path: str) -> bytes:
            last: list[tuple[int, bytes]] = []

            def is_so() -> bool:
                last.append(ask("GET", path))
                return last[-1][0] == status

            wait_until(is_so, within=30.0, what=f"{path} to be {status}")
            return last[-1][1]

        ask("POST", "/v1/accounts", account)
        for name in ("box", "filed"):
            found = json.loads(until(200, f"/v1/accounts/{name}/folders/INBOX/messages"))
            assert [each["subject"] for each in found["items"]] == ["Served"]
            path = f"/v1/accounts/{name}/messages/{found['items'][0]['id']}"
            assert ask("GET", f"{path}/raw") == (200, mail)

        ask("PATCH", "/v1/accounts/box", {"password": "wrong"})
        assert json.loads(until(502, "/v1/accounts/box/folders"))["code"] == "auth_failed"
        ask("POST", "/v1/accounts/box/pause")
        assert json.loads(until(409, "/v1/accounts/box/folders"))["code"] == "conflict"
        assert list((tmp_path / "state" / "spool").iterdir()) == []
