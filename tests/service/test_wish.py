"""What is wrong with an account is told by its field, and what a tenant may not want is refused."""

from __future__ import annotations

import pytest

from tests.support.office import ACME, ADMIN, ANNA, OSCAR, Office, wish
from vedette.ports.records import Kind, Put, Record
from vedette.secret import Secret
from vedette.service.refusals import (
    ForbiddenError,
    InvalidError,
)

MISTAKES: list[tuple[dict[str, object], str]] = [
    ({"email": ...}, "email"),
    ({"email": "Jane <jane@example.org>"}, "email"),
    ({"host": ...}, "host"),
    ({"host": "127.0.0.1"}, "host"),
    ({"host": "0x7f.1"}, "host"),
    ({"host": "localhost"}, "host"),
    ({"port": 0}, "port"),
    ({"port": "993"}, "port"),
    ({"port": True}, "port"),
    ({"encryption": "ssl"}, "encryption"),
    ({"password": ...}, "password"),
    ({"password": Secret("  ")}, "password"),
    ({"password": "hunter2"}, "password"),
    ({"password": Secret("a\0b")}, "password"),
    ({"password": Secret("x" * 20_000)}, "password"),
    ({"folders": []}, "folders"),
    ({"folders": ["a"] * 101}, "folders"),
    ({"folders": ["a", " "]}, "folders"),
    ({"folders": "INBOX"}, "folders"),
    ({"tags": ["a\nb"]}, "tags"),
    ({"pin": "abc"}, "pin"),
    ({"ca": "nothing"}, "ca"),
    ({"proxy": "proxy.example.org"}, "proxy"),
    ({"proxy": "http://10.0.0.1:80"}, "proxy"),
    ({"proxyPassword": Secret("x")}, "proxyPassword"),
    ({"auth": "oauth2", "password": ...}, "app"),
    ({"auth": "oauth2", "app": "nobodys", "password": ...}, "app"),
    ({"auth": "token_url"}, "tokenUrl"),
    ({"auth": "token_url", "tokenUrl": "http://169.254.169.254/token"}, "tokenUrl"),
    ({"auth": "token_command"}, "tokenCommand"),
    ({"start": "yesterday"}, "start"),
    ({"start": 0}, "start"),
    ({"start": True}, "start"),
    ({"start": {"since": float("nan")}}, "start"),
    ({"depth": "all"}, "depth"),
    ({"maxMessage": 10**12}, "maxMessage"),
    ({"minimumTls": "1.0"}, "minimumTls"),
    ({"securityLevel": 9}, "securityLevel"),
    ({"title": "x" * 201}, "title"),
    ({"user": "a\r\nb"}, "user"),
    ({"active": "yes"}, "active"),
    ({"pause": "manual"}, "pause"),
    ({"colour": "blue"}, "colour"),
]


@pytest.mark.parametrize(
    ("members", "field"), MISTAKES, ids=[f"{field}-{i}" for i, (_, field) in enumerate(MISTAKES)]
)
async def test_a_mistake_is_told_by_its_field_and_nothing_is_written(
    office: Office, members: dict[str, object], field: str
) -> None:
    """One mistake, one line, and no secret in it."""
    with pytest.raises(InvalidError) as caught:
        await office.accounts.create(ANNA, wish(**members))

    assert [each.field for each in caught.value.mistakes] == [field]
    assert "hunter2" not in str(caught.value)
    assert await office.accounts_of() == {}


async def test_all_mistakes_are_told_at_once(office: Office) -> None:
    """Nobody likes to be told of them one by one."""
    with pytest.raises(InvalidError) as caught:
        await office.account(port=0, host=..., folders=[], pin="x")

    assert {each.field for each in caught.value.mistakes} == {"port", "host", "folders", "pin"}


@pytest.mark.parametrize(
    "members",
    [
        {"private": True, "host": "10.0.0.5"},
        {"auth": "token_command", "tokenCommand": ["/bin/token"], "password": ...},
    ],
    ids=["private", "command"],
)
async def test_what_reaches_inside_is_up_to_an_admin(
    office: Office, members: dict[str, object]
) -> None:
    """A tenant could read the host's own services by it, or run programs."""
    with pytest.raises(ForbiddenError):
        await office.accounts.create(ANNA, wish(**members))

    made = await office.accounts.create(ADMIN, wish(**members), tenant=ACME)
    assert made.account.tenant == ACME


@pytest.mark.parametrize(
    "change",
    [{"host": "10.0.0.6"}, {"port": 22}, {"proxy": "http://10.0.0.1"}],
    ids=["host", "port", "proxy"],
)
async def test_a_tenant_does_not_turn_an_inside_account_elsewhere(
    office: Office, change: dict[str, object]
) -> None:
    """What an admin let it dial is that server, and not the network around it."""
    members = wish(private=True, host="10.0.0.5")
    made = await office.accounts.create(ADMIN, members, tenant=ACME)

    with pytest.raises(ForbiddenError, match="inside"):
        await office.accounts.update(ANNA, made.account.id, change)
    changed = await office.accounts.update(ANNA, made.account.id, {"title": "Post"})
    assert changed.title == "Post"


@pytest.mark.parametrize("blank_", [{}, {"password": Secret("")}, {"password": None}])
async def test_a_blank_password_keeps_the_old_one(
    office: Office, blank_: dict[str, object]
) -> None:
    """A form that shows no password sends none back."""
    id_ = (await office.account()).account.id

    await office.accounts.update(ANNA, id_, {"title": "Mail", **blank_})

    assert await office.secrets(id_) == {"password": "hunter2"}


async def test_a_new_password_takes_the_place_of_the_old_one(office: Office) -> None:
    """It is a change of the account although no member of it changed."""
    made = await office.account()

    then = await office.accounts.update(ANNA, made.account.id, {"password": Secret("s3cret")})

    assert await office.secrets(made.account.id) == {"password": "s3cret"}
    assert then.version == made.version + 1
    assert office.audit("account.updated")[0]["changed"] == ["password"]


async def test_another_encryption_is_on_its_own_port(office: Office) -> None:
    """Unless a port is named with it."""
    id_ = (await office.account()).account.id

    then = await office.accounts.update(
        ANNA, id_, {"encryption": "starttls", "password": Secret("hunter2")}
    )
    assert then.target.port == 143
    then = await office.accounts.update(ADMIN, id_, {"encryption": "tls", "port": 1993})
    assert then.target.port == 1993


async def test_another_way_to_log_in_takes_the_secrets_of_the_old_one_away(
    office: Office,
) -> None:
    """A password that nothing uses is only there to be stolen."""
    id_ = (await office.account()).account.id
    url = {"auth": "token_url", "tokenUrl": "https://tokens.example.org"}

    await office.accounts.update(ANNA, id_, {**url, "tokenUrlSecret": Secret("t0ken")})
    assert await office.secrets(id_) == {"token_url_secret": "t0ken"}

    with pytest.raises(InvalidError, match="password"):
        await office.accounts.update(ANNA, id_, {"auth": "password"})


async def test_an_account_of_an_app_of_its_tenant_is_taken(office: Office) -> None:
    """Before there is any grant: that comes with the authorization."""
    app = Record(kind=Kind.APP, id="google", tenant=ACME, body="{}")
    await office.records.write([Put(record=app, expected=0)], now=1.0)
    members = wish(auth="oauth2", app="google", password=...)

    made = await office.accounts.create(ANNA, members)

    assert made.grant.app == "google"
    with pytest.raises(InvalidError, match="no such"):
        await office.accounts.create(OSCAR, members)
