"""Who is no admin names usual ports, and has servers prove who they are."""

from __future__ import annotations

import pytest

from tests.support.office import ACME, ADMIN, ANNA, Office, wish
from vedette.model.ids import AccountId
from vedette.secret import Secret
from vedette.service.accounts.accounts import Accounts
from vedette.service.oauth.apps import OAuthApps
from vedette.service.refusals import InvalidError

NEW = Secret("another")
ODD: list[tuple[dict[str, object], str]] = [
    ({"port": 25}, "port"),
    ({"port": 6379}, "port"),
    ({"encryption": "plain"}, "encryption"),
    ({"verifyTls": False}, "verifyTls"),
    ({"securityLevel": 0}, "securityLevel"),
    ({"securityLevel": 1}, "securityLevel"),
    ({"proxy": "http://proxy.example.org:25"}, "proxy"),
]
URL: dict[str, object] = {"auth": "token_url", "password": ..., "tokenUrlSecret": Secret("t0ken")}


@pytest.mark.parametrize(("members", "field"), ODD, ids=str)
async def test_an_odd_way_to_a_server_is_up_to_an_admin(
    office: Office, members: dict[str, object], field: str
) -> None:
    """One line at the field, for what is new and for what is changed; an admin may."""
    usual = (await office.account()).account.id
    change: dict[str, object] = {**members, "password": NEW}
    for asked in (
        office.accounts.create(ANNA, wish(**members)),
        office.accounts.update(ANNA, usual, change),
    ):
        with pytest.raises(InvalidError, match="up to an admin") as refused:
            await asked
        assert [each.field for each in refused.value.mistakes] == [field]

    await office.accounts.create(ADMIN, wish(**members), tenant=ACME)
    await office.accounts.update(ADMIN, usual, change)


async def odd(office: Office) -> AccountId:
    """Have an account of a tenant that an admin let go an odd way."""
    members = wish(port=1993, verifyTls=False, securityLevel=0, proxy="http://p.example:9")
    return (await office.accounts.create(ADMIN, members, tenant=ACME)).account.id


async def test_what_an_admin_allowed_stays_with_another_title_or_password(office: Office) -> None:
    """A tenant goes on with its account, and may make it safer."""
    id_ = await odd(office)

    await office.accounts.update(ANNA, id_, {"title": "Post", "password": NEW})
    kept = (await office.accounts.get(ANNA, id_)).target
    assert (kept.port, kept.policy.verify, kept.policy.security_level) == (1993, False, 0)
    await office.accounts.update(ANNA, id_, {"verifyTls": True, "securityLevel": 1})
    with pytest.raises(InvalidError, match="verifyTls"):
        await office.accounts.update(ANNA, id_, {"verifyTls": False, "password": NEW})


async def test_what_an_admin_allowed_is_for_that_server_alone(office: Office) -> None:
    """Else a tenant would go to any host by the port that one of them has."""
    id_ = await odd(office)

    with pytest.raises(InvalidError) as refused:
        await office.accounts.update(ANNA, id_, {"host": "other.example.org", "password": NEW})

    fields = {each.field for each in refused.value.mistakes}
    assert fields == {"port", "verifyTls", "securityLevel"}


async def test_a_certificate_that_is_named_needs_no_issuer(office: Office) -> None:
    """A pin proves the server; without it nothing does."""
    made = await office.account(pin="ab" * 32, verifyTls=False)

    with pytest.raises(InvalidError, match="verifyTls"):
        await office.accounts.update(ANNA, made.account.id, {"pin": None, "password": NEW})


async def test_the_operator_says_which_ports_are_usual(office: Office) -> None:
    """At this moment: the file may be read again."""
    ports = [993]
    accounts = Accounts(office.cabinet, office.tenants, office.consents, ports=lambda: ports)
    with pytest.raises(InvalidError, match="1993 is up to an admin; others may name 993"):
        await accounts.create(ANNA, wish(port=1993))

    ports.append(1993)

    assert (await accounts.create(ANNA, wish(port=1993))).target.port == 1993


@pytest.mark.parametrize("url", ["https://t.example.org:25/", "http://t.example.org:6379/"])
async def test_a_token_server_listens_where_the_web_does(office: Office, url: str) -> None:
    """An admin may name another port, and a tenant leaves it as it is."""
    with pytest.raises(InvalidError, match="tokenUrl: the port"):
        await office.accounts.create(ANNA, wish(**URL, tokenUrl=url))
    await office.accounts.create(ANNA, wish(**URL, tokenUrl="https://t.example.org/"))

    made = await office.accounts.create(ADMIN, wish(**URL, tokenUrl=url), tenant=ACME)
    await office.accounts.update(ANNA, made.account.id, {"title": "Post", "tokenUrl": url})


HOOK: dict[str, object] = {"type": "webhook", "url": Secret("https://hooks.example.org/in/1")}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": Secret("https://hooks.example.org:25/in/1")}, "url"),
        ({"url": Secret("http://hooks.example.org:6379/in/1")}, "url"),
        ({"proxy": Secret("http://proxy.example.org:25")}, "proxy"),
        ({"verifyTls": False}, "verifyTls"),
    ],
    ids=["tls", "plain", "proxy", "unchecked"],
)
async def test_an_odd_way_to_a_webhook_is_up_to_an_admin(
    office: Office, change: dict[str, object], field: str
) -> None:
    """What an admin set stays with another title, and not with another URL."""
    whole = {**HOOK, "secret": Secret("whsec_" + "a" * 40), **change}
    with pytest.raises(InvalidError, match=f"{field}: .*up to an admin"):
        await office.endpoints.create(ANNA, whole)
    made, _ = await office.endpoints.create(ADMIN, whole, tenant=ACME)

    again = {name: each for name, each in change.items() if isinstance(each, Secret)}
    await office.endpoints.update(ANNA, made.id, {**again, "title": "Hook"})

    url = whole["url"]
    assert isinstance(url, Secret)
    other = {**whole, "url": Secret(f"{url.reveal()}/other")}
    if field != "proxy":
        with pytest.raises(InvalidError, match=f"{field}: .*up to an admin"):
            await office.endpoints.update(ANNA, made.id, other)


async def test_an_oauth_app_asks_where_the_web_is(office: Office) -> None:
    """Its client secret goes there."""
    apps = OAuthApps(office.cabinet, office.tenants)
    ann = type(ANNA)(name="ann", tenant=ACME, scopes=frozenset({"oauth:*"}))
    base = "https://login.example.org"
    app: dict[str, object] = {
        "clientId": "we",
        "clientSecret": Secret("s3cret"),
        "authorizeUrl": f"{base}/authorize",
        "tokenUrl": f"{base}/token",
    }
    odd_: dict[str, object] = {**app, "tokenUrl": f"{base}:25/token"}
    with pytest.raises(InvalidError, match="tokenUrl: the port 25"):
        await apps.create(ann, odd_)
    await apps.create(ann, app)

    made = await apps.create(ADMIN, odd_, tenant=ACME)
    assert (await apps.update(ann, made.id, {"title": "Login"})).title == "Login"
