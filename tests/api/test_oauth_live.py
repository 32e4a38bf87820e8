"""From a connect link to a mailbox that is live: the service, a provider and a mail server, all real."""

from __future__ import annotations

import asyncio
import json
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import running
from tests.support.authority import Authority
from tests.support.authorization import Authorization
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
    yield from running(lambda: Authorization(f"{OURS}/v1/oauth/callback"))


@pytest.fixture(scope="module")
def mail_server(provider: Authorization, authority: Authority) -> Iterator[Dovecot]:
    """Run a Dovecot that asks the authorization server about each access token."""
    yield from running(
        lambda: Dovecot(Options(introspection=provider.introspection), authority=authority)
    )


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
            told = answer.read()
            return json.loads(told) if told else None

    async def until_live(self, account: str) -> None:
        await self.until_state(account, "live")

    async def until_state(self, account: str, state: str) -> None:
        def status() -> Any:
            return self.ask("GET", f"/v1/accounts/{account}")["status"]

        await until(lambda: status()["state"] == state, status)

    def subjects(self) -> list[str]:
        """Return the subjects of the messages that were told of."""
        events = self.ask("GET", "/v1/events?type=message.received")["items"]
        return [each["data"]["subject"] for each in events]


async def until(condition: Callable[[], bool], shown: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, shown()
        await asyncio.sleep(0.1)


async def tried_and_heard(root: Root, box: str) -> None:
    """Try an account by its grant, and hear its login: its way and nothing more."""
    tried = await asyncio.to_thread(root.ask, "POST", f"{box}/verify")
    root.ask("POST", f"{box}/logs", {"seconds": 600})
    root.ask("POST", f"{box}/reconnect")

    def logins() -> list[str]:
        said = [each["text"] for each in root.ask("GET", f"{box}/logs")["items"]]
        return [each for each in said if " AUTHENTICATE " in each]

    await until(lambda: bool(logins()), logins)
    assert tried["isGood"], tried
    assert {"token", "login"} <= {each["check"] for each in tried["findings"]}
    assert all(re.search(r" AUTHENTICATE (XOAUTH2|OAUTHBEARER) …$", each) for each in logins())


def link_of(app: str, server: Dovecot, user: str) -> dict[str, Any]:
    """Return the wish of a link to a mailbox of a server, with words to agree to."""
    return {
        "providers": [app],
        "account": {
            "host": "localhost",
            "port": server.tls_port,
            "private": True,
            "ca": server.ca_file.read_text(),
            "user": user,
            "folders": ["INBOX"],
        },
        "returnTo": BACK,
        "consent": {"version": "1", "text": "We read your mail."},
    }


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
        made = root.ask("POST", "/v1/links", link_of(app, mail_server, user))

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
        box = f"/v1/accounts/{made['account']}"
        await tried_and_heard(root, box)
        told = service.err
    assert not [word for word in ("the-secret-of-vedette", made["url"]) if word in told]


async def test_an_owner_opens_a_mailbox_anew_by_a_link(
    provider: Authorization, mail_server: Dovecot, user: str, tmp_path: Path
) -> None:
    """Live, withdrawn, a link for that account, live again: the same one, whose mail came meanwhile.

    In the end it is deleted, and its provider is told.
    """
    file = tmp_path / "vedette.toml"
    file.write_text(f'state = "state"\n[api]\nlisten = "127.0.0.1:{PORT}"\npublic_url = "{OURS}"\n')
    with Service(["serve", "--config", str(file)], folder=tmp_path) as service:
        service.until_logged("The API's first key")
        [key] = re.findall(r"vdt_[\w-]{43}", service.err)
        root = Root(key)
        app = root.ask("POST", "/v1/oauth/apps", app_of(provider))["id"]
        box = root.ask("POST", "/v1/accounts", account_of(mail_server, user, app))["id"]

        async def connected(url: str) -> None:
            person = Person(to_port(PORT))
            page = await person.opens(url)
            if page.onward is None:
                form = {**page.form("Go on"), "app": app}
                page = await person.sends(url, form)
            assert page.onward is not None, page.text
            back = await asyncio.to_thread(provider.back, page.onward, user)
            assert (await person.opens(back)).status == 200
            await root.until_live(box)

        provider.control(life=1)
        await connected(
            root.ask("POST", "/v1/oauth/authorize", {"app": app, "account": box})["url"]
        )
        await asyncio.to_thread(mail_server.deliver, user, mail("before"))
        await until(lambda: root.subjects() == ["before"], root.subjects)

        provider.control(life=3600, fault={"status": 400, "body": '{"error":"invalid_grant"}'})
        await asyncio.to_thread(mail_server.doveadm, "kick", user)
        await root.until_state(box, "auth_failed")
        await asyncio.to_thread(mail_server.deliver, user, mail("meanwhile"))
        provider.control(fault=None)
        await connected(root.ask("POST", "/v1/links", {"existing": box})["url"])

        await until(lambda: root.subjects() == ["before", "meanwhile"], root.subjects)
        told = provider.control().get("/token/revocation", 0)
        root.ask("DELETE", f"/v1/accounts/{box}")
        await until(lambda: provider.control().get("/token/revocation", 0) > told, provider.control)


def account_of(server: Dovecot, user: str, app: str) -> dict[str, Any]:
    return {
        "email": f"{user}@example.org",
        "user": user,
        "host": "localhost",
        "port": server.tls_port,
        "private": True,
        "ca": server.ca_file.read_text(),
        "folders": ["INBOX"],
        "auth": "oauth2",
        "app": app,
    }


def mail(subject: str) -> bytes:
    lines = ("From: a@example.org", f"Message-ID: <{subject}@example.org>", f"Subject: {subject}")
    return "\r\n".join((*lines, "", "Hello.", "")).encode()


def app_of(provider: Authorization) -> dict[str, Any]:
    return {
        "title": "Example",
        "authorizeUrl": f"{provider.issuer}/auth",
        "tokenUrl": f"{provider.issuer}/token",
        "revokeUrl": f"{provider.issuer}/token/revocation",
        "issuer": provider.issuer,
        "namesIssuer": True,
        "scopes": ["openid", "email", "offline_access"],
        "extra": {"prompt": "consent"},
        "clientId": "vedette",
        "clientSecret": "the-secret-of-vedette",
        "private": True,
    }
