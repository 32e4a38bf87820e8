"""A service account of Google: what it signs, for whom, and that the key stays here."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from functools import lru_cache

import orjson
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from tests.identity.oauth.rig import ACME, ADMIN, Instance, plain_account
from tests.identity.oauth.scripted import Endpoint, endpoint
from vedette.errors import RevokedError
from vedette.identity.oauth.service import JWT_BEARER, from_file, private_key
from vedette.ports.registration import Auth, Grant
from vedette.secret import Secret

NAME = "vedette@project.iam.gserviceaccount.example"


@lru_cache(maxsize=1)
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2048)


def pem(private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def key_file(**other: object) -> Secret[str]:
    members = {
        "type": "service_account",
        "client_email": NAME,
        "private_key": pem(key()),
        "token_uri": "https://elsewhere.example/token",
        **other,
    }
    return Secret(orjson.dumps(members).decode())


def part(text: str) -> dict[str, object]:
    found: dict[str, object] = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return found


@pytest.fixture
async def google() -> AsyncIterator[Endpoint]:
    async with endpoint() as found:
        found.json = {"access_token": "of-google", "expires_in": 3599, "token_type": "Bearer"}
        yield found


async def app_of(one: Instance, google: Endpoint) -> str:
    app = await one.apps.create(
        ADMIN,
        {
            "provider": "google",
            "flow": "service",
            "keyFile": key_file(),
            "tokenUrl": f"{google.url}/token",
            "private": True,
        },
        tenant=ACME,
    )
    return app.id


async def test_a_service_account_signs_for_each_mailbox(one: Instance, google: Endpoint) -> None:
    """RS256, in the name of the mailbox, for an hour at most, to the one who is asked (RFC 7523)."""
    grant = Grant(auth=Auth.OAUTH2, app=await app_of(one, google))
    joe, jane = (one.follow(plain_account(each), grant) for each in ("joe", "jane"))
    assert await one.tokens.token(joe) == Secret("of-google")
    await one.tokens.token(joe)
    await one.tokens.token(jane)
    forms = [each.form for each in google.asked]
    assert [each["grant_type"] for each in forms] == [JWT_BEARER] * 2
    header, middle, signature = forms[0]["assertion"].split(".")
    key().public_key().verify(
        urlsafe_b64decode(signature + "=="),
        f"{header}.{middle}".encode(),
        PKCS1v15(),
        hashes.SHA256(),
    )
    claims = part(middle)
    assert part(header)["alg"] == "RS256"
    assert (claims["iss"], claims["sub"]) == (NAME, "joe")
    assert claims["aud"] == f"{google.url}/token"
    assert claims["scope"] == "https://mail.google.com/"
    assert isinstance(claims["exp"], int)
    assert isinstance(claims["iat"], int)
    assert 0 < claims["exp"] - claims["iat"] <= 3_600


async def test_a_service_account_without_the_right_is_told(one: Instance, google: Endpoint) -> None:
    """The administrator has to consent; asking again does not help."""
    google.status, google.json = 401, {"error": "unauthorized_client", "error_description": "No."}
    account = one.follow(plain_account(), Grant(auth=Auth.OAUTH2, app=await app_of(one, google)))
    with pytest.raises(RevokedError, match="does not accept"):
        await one.tokens.token(account)


@pytest.mark.parametrize(
    "text",
    [
        Secret("{"),
        Secret("[]"),
        key_file(type="authorized_user"),
        key_file(client_email=None),
        key_file(private_key="-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----"),
        key_file(private_key=pem(ec.generate_private_key(ec.SECP256R1()))),
    ],
)
def test_a_file_that_is_no_key_is_refused(text: Secret[str]) -> None:
    """In words that hold none of it."""
    with pytest.raises(ValueError, match=r"key|service") as refused:
        from_file(text)
    assert "BEGIN" not in str(refused.value)


def test_a_short_key_is_refused() -> None:
    """What could be factored signs nothing."""
    weak = rsa.generate_private_key(public_exponent=65_537, key_size=1024)
    with pytest.raises(ValueError, match="2048"):
        private_key(Secret(pem(weak)))


async def test_microsoft_gives_an_app_one_token_for_all(one: Instance, google: Endpoint) -> None:
    """Client credentials for ``.default``; the secret that ended is told as the app's, not a login's."""
    app = await one.apps.create(
        ADMIN,
        {
            "provider": "microsoft",
            "flow": "service",
            "directory": "example.org",
            "clientId": "8f2c1a52",
            "clientSecret": Secret("a secret of Entra"),
            "tokenUrl": f"{google.url}/token",
            "private": True,
        },
        tenant=ACME,
    )
    grant = Grant(auth=Auth.OAUTH2, app=app.id)
    joe, jane = (one.follow(plain_account(each), grant) for each in ("joe", "jane"))

    first = await one.tokens.token(joe)
    assert await one.tokens.token(jane) == first
    assert [each.form for each in google.asked] == [
        {
            "grant_type": "client_credentials",
            "scope": "https://outlook.office365.com/.default",
            "client_id": "8f2c1a52",
            "client_secret": "a secret of Entra",
        }
    ]
    google.status = 401
    google.json = {
        "error": "invalid_client",
        "error_description": "AADSTS7000222: a secret of Entra has expired",
    }
    with pytest.raises(RevokedError, match="correct its client id and secret") as refused:
        await one.tokens.token(joe, refused=first)
    assert "a secret of Entra" not in str(refused.value)
