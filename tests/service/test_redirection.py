"""Who may change an account or an endpoint can not have its stored secrets sent to himself."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.office import ADMIN, ANNA, Office
from vedette.model.ids import AccountId
from vedette.ports.records import Kind
from vedette.secret import Secret
from vedette.service.refusals import InvalidError

NEW = Secret("another")
PIN = "ab" * 32

#: What has a password sent elsewhere, or sent where others can read it.
ELSEWHERE: list[dict[str, object]] = [
    {"host": "mail.evil.example"},
    {"port": 143},
    {"pin": PIN},
    {"minimumTls": "1.2"},
    {"securityLevel": 2},
    {"proxy": "http://proxy.evil.example:3128"},
]

#: What sends it to the same place, at least as safely.
THERE: list[dict[str, object]] = [
    {"host": "MAIL.example.org"},
    {"minimumTls": "1.3"},
    {"securityLevel": 4},
    {"title": "Other"},
    {"folders": ["INBOX"]},
]


async def account(office: Office) -> AccountId:
    return (await office.account(minimumTls="1.3", securityLevel=3)).account.id


@pytest.mark.parametrize("change", ELSEWHERE, ids=str)
async def test_a_stored_password_goes_nowhere_else(
    office: Office, change: dict[str, object]
) -> None:
    """It is one clear line, and nothing is changed."""
    id_ = await account(office)
    before = office.records.rows.records[Kind.ACCOUNT, id_]

    with pytest.raises(InvalidError, match="password: is to be given anew") as refused:
        await office.accounts.update(ANNA, id_, change)

    assert [each.field for each in refused.value.mistakes] == ["password"]
    assert office.records.rows.records[Kind.ACCOUNT, id_] == before


@pytest.mark.parametrize("change", ELSEWHERE, ids=str)
async def test_who_knows_the_password_may_turn_an_account(
    office: Office, change: dict[str, object]
) -> None:
    """It is given in the same request; an admin, who may read the state anyhow, need not."""
    id_ = await account(office)
    await office.accounts.update(ANNA, id_, {**change, "password": NEW})
    assert await office.secrets(id_) == {"password": "another"}

    other = await account(office)
    await office.accounts.update(ADMIN, other, change)
    assert await office.secrets(other) == {"password": "hunter2"}


@pytest.mark.parametrize("change", THERE, ids=str)
async def test_a_change_that_sends_nothing_elsewhere_needs_no_password(
    office: Office, change: dict[str, object]
) -> None:
    """Most changes are such."""
    id_ = await account(office)
    await office.accounts.update(ANNA, id_, change)
    assert await office.secrets(id_) == {"password": "hunter2"}


async def test_a_secret_of_a_token_service_goes_to_no_other(office: Office) -> None:
    """Nor do the tokens that it gives, to another server."""
    url: dict[str, Any] = {
        "auth": "token_url",
        "tokenUrl": "https://tokens.example.org",
        "password": ...,
    }
    made = await office.account(**url, tokenUrlSecret=Secret("t0ken"))
    for change in ({"tokenUrl": "https://evil.example"}, {"host": "mail.evil.example"}):
        with pytest.raises(InvalidError, match="tokenUrlSecret: is to be given anew"):
            await office.accounts.update(ANNA, made.account.id, change)
        with_it: dict[str, object] = {**change, "tokenUrlSecret": Secret("t0ken")}
        await office.accounts.update(ANNA, made.account.id, with_it)


async def test_tokens_of_a_consent_go_to_no_other_server(office: Office) -> None:
    """Nobody has them to give anew, so it is up to an admin."""
    body: dict[str, Any] = {"auth": "token_command", "tokenCommand": ["/bin/token"]}
    made = await office.accounts.create(
        ADMIN,
        {"email": "jane@example.org", "host": "mail.example.org", **body},
        tenant=ANNA.tenant,
    )
    with pytest.raises(InvalidError, match="host: the tokens"):
        await office.accounts.update(ANNA, made.account.id, {"host": "mail.evil.example"})


async def test_the_password_of_a_proxy_stays_with_it(office: Office) -> None:
    """It is no other proxy's, whoever says so."""
    made = await office.account(
        proxy="http://jane@proxy.example.org:3128", proxyPassword=Secret("pr0xy")
    )
    then = {"proxy": "http://jane@other.example.org:3128", "password": NEW}
    await office.accounts.update(ANNA, made.account.id, then)

    assert await office.secrets(made.account.id) == {"password": "another"}


HOOK: dict[str, object] = {
    "type": "webhook",
    "url": Secret("https://hooks.example.org/in/1"),
    "headers": {"Authorization": Secret("Bearer t0ken")},
}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": Secret("https://evil.example/")}, "headers"),
        ({"url": Secret("https://hooks.example.org/in/2")}, "headers"),
        ({"proxy": Secret("http://evil.example:3128")}, "url"),
    ],
    ids=["url", "path", "proxy"],
)
async def test_stored_headers_of_a_webhook_go_nowhere_else(
    office: Office, change: dict[str, object], field: str
) -> None:
    """They are given anew with its URL; so is the URL, which may be all that one needs to post."""
    made, _ = await office.endpoints.create(ANNA, HOOK)
    with pytest.raises(InvalidError, match=f"{field}: is to be given anew"):
        await office.endpoints.update(ANNA, made.id, change)
    given = {**HOOK, **change, "secret": Secret("whsec_" + "a" * 40)}

    assert (await office.endpoints.update(ANNA, made.id, given)).version > made.version
    await office.endpoints.update(ADMIN, made.id, change)


async def test_a_url_that_is_said_again_needs_nothing_with_it(office: Office) -> None:
    """A form that sends what it showed changes no place."""
    made, _ = await office.endpoints.create(ANNA, HOOK)
    then = await office.endpoints.update(ANNA, made.id, {"url": HOOK["url"], "title": "Hook"})
    assert then.title == "Hook"
