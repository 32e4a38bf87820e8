"""Tokens of the host application: printed by its command, or served at its address."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, unquote

import orjson
import pytest

from tests.identity.oauth.rig import Instance, plain_account
from tests.identity.oauth.scripted import Endpoint, endpoint
from vedette.errors import AuthError, NetworkError, RevokedError
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
    assert bodies[0] == {"account": "box-joe", "tenant": "acme", "user": "joe", "refused": False}
    assert bodies[1]["refused"] is True


async def test_an_address_may_have_the_account_in_it(one: Instance, host: Endpoint) -> None:
    """Then it is a GET, with nothing of the account left to mean anything in an address."""
    user = "joe&admin=1/../x?#%2e"
    grant = Grant(auth=Auth.TOKEN_URL, url=f"{host.url}/of/{{user}}/token?user={{user}}")
    await one.tokens.token(one.follow(plain_account(user), grant))
    asked = host.asked[0]
    path, _, query = asked.path.partition("?")
    assert asked.method == "GET"
    assert parse_qs(query) == {"user": [user]}
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
