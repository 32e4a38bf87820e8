"""From a connect link to a mailbox that is live: the service, a provider and a mail server, all real."""

from __future__ import annotations

import asyncio
import json
import re
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import absent
from tests.support.authority import Authority
from tests.support.authorization import Authorization
from tests.support.debian import UnavailableError
from tests.support.dovecot import Dovecot
from tests.support.dovecot_config import Options
from tests.support.person import Person, to_port
from tests.support.ports import free_port
from tests.support.service import Service

PORT = free_port()
OURS = f"http://127.0.0.1:{PORT}"
BACK = "https://app.example.org/mail"
#: Seconds for a mailbox to be live, on a loaded machine.
PATIENCE = 60.0


@pytest.fixture(scope="module")
def provider() -> Iterator[Authorization]:
    """Run an authorization server that sends browsers back to the service."""
    try:
        server = Authorization(f"{OURS}/v1/oauth/callback")
    except UnavailableError as reason:
        absent(reason)
    with server:
        yield server


@pytest.fixture(scope="module")
def mail_server(provider: Authorization, authority: Authority) -> Iterator[Dovecot]:
    """Run a Dovecot that asks the authorization server about each access token."""
    try:
        server = Dovecot(Options(introspection=provider.introspection), authority=authority)
    except UnavailableError as reason:
        absent(reason)
    with server:
        yield server


class Root:
    """Asks the service with its first key."""

    def __init__(self, key: str) -> None:
        self._key = key

    def ask(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            f"{OURS}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    async def until_live(self, account: str) -> None:
        end = time.monotonic() + PATIENCE
        while (status := self.ask("GET", f"/v1/accounts/{account}")["status"])["state"] != "live":
            assert time.monotonic() < end, status
            await asyncio.sleep(0.1)


async def test_a_connect_link_leads_to_a_mailbox_that_is_live(
    provider: Authorization, mail_server: Dovecot, user: str, tmp_path: Path
) -> None:
    """Link, words, provider, callback, login by the token at a real server; then it is used up."""
    file = tmp_path / "vedette.toml"
    file.write_text(
        f'state = "state"\n[api]\nlisten = "127.0.0.1:{PORT}"\npublic_url = "{OURS}"\n'
        f'return_to = ["{BACK}"]\n'
    )
    with Service(["serve", "--config", str(file)], folder=tmp_path) as service:
        service.until_logged("The API's first key")
        [key] = re.findall(r"vdt_[\w-]{43}", service.err)
        root = Root(key)
        app = root.ask("POST", "/v1/oauth/apps", app_of(provider))["id"]
        server = {
            "host": "localhost",
            "port": mail_server.tls_port,
            "private": True,
            "ca": mail_server.ca_file.read_text(),
            "user": user,
            "folders": ["INBOX"],
        }
        made = root.ask(
            "POST",
            "/v1/links",
            {
                "providers": [app],
                "account": server,
                "returnTo": BACK,
                "consent": {"version": "1", "text": "We read your mail."},
            },
        )

        person = Person(to_port(PORT))
        first = (await person.opens(made["url"])).form("Go on")
        choice = await person.sends(made["url"], first, agree="1", email=f"{user}@example.org")
        going = await person.sends(made["url"], choice.form("Continue with Example"))
        assert going.onward is not None
        back = await asyncio.to_thread(provider.back, going.onward, user)
        done = await person.opens(back)

        assert (done.status, done.onward) == (
            303,
            f"{BACK}?account={made['account']}&status=connected",
        )
        await root.until_live(made["account"])
        assert (await person.opens(made["url"])).status == 410
        told = service.err
    assert not [word for word in ("the-secret-of-vedette", made["url"]) if word in told]


def app_of(provider: Authorization) -> dict[str, Any]:
    return {
        "title": "Example",
        "authorizeUrl": f"{provider.issuer}/auth",
        "tokenUrl": f"{provider.issuer}/token",
        "issuer": provider.issuer,
        "namesIssuer": True,
        "scopes": ["openid", "email", "offline_access"],
        "extra": {"prompt": "consent"},
        "clientId": "vedette",
        "clientSecret": "the-secret-of-vedette",
        "private": True,
    }
