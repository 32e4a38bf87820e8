"""Apps: what is known of each provider, and what an authorization request is made of."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from tests.identity.oauth.rig import ACME, ADMIN, ANNA, Instance
from vedette.errors import StoreError
from vedette.identity.oauth.apps import AppBook, Client, Provider, from_json, read
from vedette.identity.oauth.authorize import challenge, request
from vedette.ports.records import Kind, Record
from vedette.secret import Secret
from vedette.service.refusals import InvalidError


@pytest.mark.parametrize("provider", [each for each in Provider if each is not Provider.GENERIC])
def test_a_provider_is_known_by_name(provider: Provider) -> None:
    """All its addresses are of https, and it is asked for what mail needs."""
    app = from_json("a", ACME, {"provider": provider.value})
    assert app.addresses.authorize.startswith("https://")
    assert app.addresses.token.startswith("https://")
    assert app.scopes


def test_microsoft_is_asked_in_one_directory() -> None:
    """All may consent where none is named; scopes are of one resource (incident 22)."""
    common = from_json("a", ACME, {"provider": "microsoft"})
    own = from_json("a", ACME, {"provider": "microsoft", "directory": "acme.example"})
    assert "/common/" in common.addresses.token
    assert "/acme.example/" in own.addresses.token
    resources = {each.rpartition("/")[0] for each in own.scopes if "://" in each}
    assert resources == {"https://outlook.office.com"}
    assert {"offline_access", "email"} <= set(own.scopes)


def test_a_request_is_bound_to_who_asks() -> None:
    """State, nonce and challenge are of this request alone; the verifier stays here (RFC 7636)."""
    app = from_json("a", ACME, {"provider": "google", "extra": {"hd": "example.org"}})
    first, second = (
        request(app, Client(id="us"), redirect_uri="https://v.example/cb", hint="joe@example.org")
        for _ in range(2)
    )
    asked = {name: values[0] for name, values in parse_qs(urlsplit(first.url).query).items()}
    assert asked["state"] == first.state.reveal() != second.state.reveal()
    assert asked["code_challenge"] == challenge(first.verifier.reveal())
    assert asked["code_challenge_method"] == "S256"
    assert asked["nonce"] == first.nonce != second.nonce
    assert (asked["access_type"], asked["hd"]) == ("offline", "example.org")
    assert asked["login_hint"] == "joe@example.org"
    assert first.verifier.reveal() not in first.url


def test_the_challenge_is_that_of_the_rfc() -> None:
    """RFC 7636 appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_what_an_address_has_for_a_query_stays() -> None:
    """RFC 6749 section 3.1."""
    app = from_json(
        "a", ACME, {"provider": "generic", "authorizeUrl": "https://a.example/x?brand=1"}
    )
    url = request(app, Client(id="us"), redirect_uri="https://v.example/cb").url
    assert url.startswith("https://a.example/x?brand=1&response_type=code&")


@pytest.mark.parametrize(
    "body", ["[]", "{}", '{"provider":"new"}', '{"provider":"google","flow":"x"}']
)
def test_an_app_of_a_newer_version_is_told(body: str) -> None:
    """It is not guessed at."""
    record = Record(kind=Kind.APP, id="a", tenant=ACME, body=body)
    with pytest.raises(StoreError, match="another version"):
        read(record)


@pytest.mark.parametrize(
    "wish",
    [
        {"provider": "generic", "clientId": "x", "clientSecret": Secret("y")},
        {"provider": "google", "clientId": "x"},
        {"provider": "google", "clientSecret": Secret("y")},
        {"provider": "microsoft", "flow": "service", "clientId": "x", "clientSecret": Secret("y")},
        {"provider": "google", "flow": "service", "clientId": "x", "clientSecret": Secret("y")},
        {"provider": "google", "keyFile": Secret("{}")},
        {"provider": "google", "clientId": "x", "clientSecret": Secret("y"), "scopes": ["a b"]},
        {
            "provider": "google",
            "clientId": "x",
            "clientSecret": Secret("y"),
            "extra": {"state": "s"},
        },
        {
            "provider": "google",
            "clientId": "x",
            "clientSecret": Secret("y"),
            "tokenURL": "https://x",
        },
        {"provider": "google", "clientId": "x", "clientSecret": Secret("y"), "directory": "../x"},
    ],
)
async def test_an_app_that_can_not_work_is_refused(one: Instance, wish: dict[str, object]) -> None:
    """What is wrong is told, field by field, and nothing is kept."""
    with pytest.raises(InvalidError):
        await one.apps.create(ANNA, wish)
    assert (await one.apps.page(ANNA)).items == ()


async def test_a_secret_is_never_shown(one: Instance) -> None:
    """Neither in the app as it is read, nor in its record, nor in the store's octets."""
    wish = {"provider": "google", "clientId": "x", "clientSecret": Secret("hush-hush-hush")}
    app = await one.apps.create(ANNA, wish)
    assert "hush" not in repr(await one.apps.get(ANNA, app.id))
    rows = one.memory.rows
    assert "hush" not in orjson.dumps([each.body for each in rows.records.values()]).decode()
    assert all(b"hush" not in each for kept in rows.secrets.values() for each in kept.values())
    _, client = await AppBook(one.records, one.vault).app(app.id, ACME)
    assert client == Client(id="x", secret=Secret("hush-hush-hush"))


async def test_an_app_of_all_serves_every_tenant(one: Instance) -> None:
    """What the default tenant has is found for whoever names it."""
    wish = {"provider": "google", "clientId": "x", "clientSecret": Secret("y")}
    app = await one.apps.create(ADMIN, wish)
    found, _ = await AppBook(one.records, one.vault).app(app.id, ACME)
    assert found.id == app.id
