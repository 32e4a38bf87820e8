"""Tokens of the host application: printed by its command, or served at its address."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, unquote

import orjson
import pytest

from tests.identity.oauth.rig import Instance, plain_account
from tests.identity.oauth.scripted import Endpoint, endpoint
from tests.support.process import wait_until
from vedette.errors import AuthError, NetworkError, RevokedError
from vedette.identity.oauth.external import from_command
from vedette.ports.registration import Auth, Grant
from vedette.secret import Secret


@pytest.fixture
async def host() -> AsyncIterator[Endpoint]:
    async with endpoint() as found:
        found.json = {"access_token": "of-the-host", "expires_in": 600}
        yield found


def printing(text: str) -> Grant:
    return Grant(auth=Auth.TOKEN_COMMAND, command=(sys.executable, "-c", text))


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("print('bare')", "bare"),
        ('print(\'{"access_token": "of-json", "expires_in": 60}\')', "of-json"),
    ],
)
async def test_a_command_prints_a_token(one: Instance, text: str, token: str) -> None:
    """As a line of its own, or as JSON."""
    account = one.follow(plain_account(), printing(text))
    assert await one.tokens.token(account) == Secret(token)


SCRIPT = """#!/bin/sh
# As a host writes one: everything that it has to know is in the environment.
printf '{"access_token": "%s", "expires_in": 600}' \
    "$VEDETTE_ACCOUNT/$VEDETTE_TENANT/$VEDETTE_EMAIL/$VEDETTE_USER/$VEDETTE_REFUSED/$#/$HOME"
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(SCRIPT)
    file.chmod(0o700)
    return file


async def test_a_script_is_told_for_whom(
    one: Instance, script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its environment, beside the service's own, and by no word of its command line."""
    monkeypatch.setenv("HOME", "home-of-the-service")
    grant = Grant(auth=Auth.TOKEN_COMMAND, command=(str(script),))
    joe, jane = (one.follow(plain_account(each), grant) for each in ("joe", "jane"))

    first = await one.tokens.token(joe)
    again = await one.tokens.token(joe, refused=first)

    told = "box-joe/acme/joe@example.org/joe/{}/0/home-of-the-service"
    assert (first.reveal(), again.reveal()) == (told.format(0), told.format(1))
    assert (await one.tokens.token(jane)).reveal().startswith("box-jane/acme/jane@example.org")


async def test_a_name_is_no_part_of_a_script(one: Instance, script: Path) -> None:
    """Whatever a user is called, it is a value of a variable; what no variable holds is told."""
    grant = Grant(auth=Auth.TOKEN_COMMAND, command=(str(script),))
    user = "$(id)`id`;id"
    assert user in (await one.tokens.token(one.follow(plain_account(user), grant))).reveal()
    for strange in ("a\0b", "half \ud800"):
        with pytest.raises(NetworkError, match="can not be told"):
            await one.tokens.token(one.follow(plain_account(strange), grant))


async def test_a_script_that_hangs_is_ended(tmp_path: Path) -> None:
    """With whatever it started; the account is tried again later."""
    file = tmp_path / "hang"
    file.write_text(f"#!/bin/sh\nsleep 600 &\necho $! > {tmp_path}/child\nwait\n")
    file.chmod(0o700)

    with pytest.raises(NetworkError, match="did not end within 1 s"):
        await from_command([str(file)], plain_account(), refused=False, seconds=1.0)

    child = int((tmp_path / "child").read_text())
    await asyncio.to_thread(
        wait_until, lambda: not is_running(child), within=5, what="the child to end"
    )


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    # Killed, and not reaped by whoever has it now.
    return state not in "ZX"


async def test_a_bare_token_is_asked_for_at_each_login(one: Instance) -> None:
    """What is not said to last is not kept."""
    account = one.follow(plain_account(), printing("import time; print(time.monotonic_ns())"))
    assert await one.tokens.token(account) != await one.tokens.token(account)


async def test_a_command_has_no_shell(one: Instance) -> None:
    """Its words are its words."""
    grant = Grant(auth=Auth.TOKEN_COMMAND, command=("echo", "$HOME;id"))
    account = one.follow(plain_account(), grant)
    assert await one.tokens.token(account) == Secret("$HOME;id")


@pytest.mark.parametrize(
    "text",
    ["raise SystemExit(1)", "print()", "print('x' * 70_000)", "print('two words')", "print('{}')"],
)
async def test_a_command_that_fails_is_no_refused_login(one: Instance, text: str) -> None:
    """It is tried again: what is wrong with a script says nothing of a password."""
    account = one.follow(plain_account(), printing(text))
    with pytest.raises(NetworkError):
        await one.tokens.token(account)


async def test_a_token_server_is_told_for_whom(one: Instance, host: Endpoint) -> None:
    """With the secret in a header and the facts in a JSON object; the token is kept while it is good."""
    grant = Grant(auth=Auth.TOKEN_URL, url=f"{host.url}/imap")
    account = one.follow(plain_account(), grant, token_url_secret=Secret("s3cret"))
    first = await one.tokens.token(account)
    assert await one.tokens.token(account) == first == Secret("of-the-host")
    host.json = {"access_token": "another"}
    assert await one.tokens.token(account, refused=first) == Secret("another")
    assert [each.headers["Authorization"] for each in host.asked] == ["Bearer s3cret"] * 2
    bodies = [orjson.loads(each.body) for each in host.asked]
    assert bodies[0] == {
        "account": "box-joe",
        "tenant": "acme",
        "email": "joe@example.org",
        "user": "joe",
        "refused": False,
    }
    assert bodies[1]["refused"] is True


async def test_an_address_may_have_the_account_in_it(one: Instance, host: Endpoint) -> None:
    """Then it is a GET, with nothing of the account left to mean anything in an address."""
    user = "joe&admin=1/../x?#%2e"
    where = f"{host.url}/of/{{user}}/token?user={{user}}&of={{tenant}}/{{account}}&to={{email}}"
    grant = Grant(auth=Auth.TOKEN_URL, url=where)
    await one.tokens.token(one.follow(plain_account(user), grant))
    asked = host.asked[0]
    path, _, query = asked.path.partition("?")
    assert asked.method == "GET"
    assert parse_qs(query) == {
        "user": [user],
        "of": [f"acme/box-{user}"],
        "to": [f"{user}@example.org"],
    }
    assert [unquote(each) for each in path.split("/")] == ["", "of", user, "token"]


async def test_an_account_of_dots_leads_nowhere(one: Instance, host: Endpoint) -> None:
    """Its place in an address would be that of the folder above."""
    grant = Grant(auth=Auth.TOKEN_URL, url=f"{host.url}/of/{{user}}/token")
    with pytest.raises(AuthError, match="dots"):
        await one.tokens.token(one.follow(plain_account(".."), grant))
    assert host.asked == []


@pytest.mark.parametrize(
    ("status", "json", "error"),
    [
        (400, {"error": "invalid_grant"}, RevokedError),
        (403, {}, NetworkError),
        (503, {}, NetworkError),
        (200, {"token": "x"}, NetworkError),
    ],
)
async def test_a_token_server_speaks_the_same_words(
    one: Instance, host: Endpoint, status: int, json: dict[str, object], error: type[Exception]
) -> None:
    """Only what it says is withdrawn is; the rest is tried again."""
    host.status, host.json = status, json
    account = one.follow(plain_account(), Grant(auth=Auth.TOKEN_URL, url=host.url))
    with pytest.raises(error):
        await one.tokens.token(account)


@pytest.mark.parametrize(
    "grant", [Grant(), Grant(auth=Auth.OAUTH2), Grant(auth=Auth.TOKEN_URL), None]
)
async def test_a_grant_of_nothing_is_told(one: Instance, grant: Grant | None) -> None:
    """What an account lacks is said, and not tried for ever."""
    account = plain_account()
    if grant is not None:
        one.follow(account, grant)
    with pytest.raises(AuthError):
        await one.tokens.token(account)
