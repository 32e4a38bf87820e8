"""Tokens for mailboxes whose administrator has consented: no browser, and no refresh token.

A service account of Google signs what it wants with its key (RFC 7523, section 2.1), in the name
of each mailbox; an app-only client proves itself and gets one token for all (RFC 6749 section 4.4).
It must not know records, nor how long a token is kept.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any, Final, assert_never

import orjson

from vedette.errors import RevokedError
from vedette.identity.oauth.apps import App, Client, Provider
from vedette.identity.oauth.exchange import Denied, Granted, ask, asked, error
from vedette.identity.oauth.lent import Lent
from vedette.identity.oauth.transport import Transport
from vedette.secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

#: RFC 7523 section 2.1.
JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
#: Seconds that an assertion holds: Google takes an hour at most, and clocks differ by some.
ASSERTION: Final = 3_600.0 - 60.0
#: Seconds that our clock may go before the service's: an assertion of the future is refused.
SKEW: Final = 30.0
#: Bits of a key: Google makes 2048, and what is shorter is not worth a signature.
SHORTEST: Final = 2_048


def is_personal(app: App) -> bool:
    """Tell whether a token opens the one mailbox that it was asked for."""
    return app.provider is Provider.GOOGLE


async def lent(transport: Transport, app: App, client: Client, user: str, now: float) -> Lent:
    """Return a token to open the mailbox of ``user``. Raises LinkError of the class that fits."""
    if is_personal(app):
        form = {"grant_type": JWT_BEARER, "assertion": assertion(app, client, user, now)}
        # The assertion is the proof; Google knows no client besides.
        said = await asked(transport, app, form, {}, list(form.values()))
    else:
        form = {"grant_type": "client_credentials"}
        if app.scopes:
            form["scope"] = " ".join(app.scopes)
        said = await ask(transport, app, client, form)
    match said:
        case Granted():
            return Lent(access=said.access, lifetime=said.lifetime)
        case Denied():
            raise error(said, whose=user, app=str(app))
        case _:
            assert_never(said)


def assertion(app: App, client: Client, user: str, now: float) -> str:
    """Return a signed wish for a token in the name of ``user`` (RFC 7523 section 3, RS256).

    Raises RevokedError where the key is none.
    """
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - it takes 8 MiB and 50 ms: only who has such an app pays
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415 - see above

    header = {"alg": "RS256", "typ": "JWT"}
    claims = {
        "iss": client.id,
        "sub": user,
        "scope": " ".join(app.scopes),
        "aud": app.addresses.token,
        "iat": int(now - SKEW),
        "exp": int(now + ASSERTION),
    }
    text = f"{_part(header)}.{_part(claims)}"
    try:
        signature = private_key(client.secret).sign(text.encode(), PKCS1v15(), hashes.SHA256())
    except ValueError as failure:
        raise RevokedError(f"{app}: {failure}") from None
    return f"{text}.{_base64(signature)}"


def private_key(secret: Secret[str]) -> RSAPrivateKey:
    """Return the key of a service account. Raises ValueError, in words without the key."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415 - see above

    try:
        key = serialization.load_pem_private_key(secret.reveal().encode(), password=None)
    except (ValueError, TypeError):
        raise ValueError("the private key is no PEM of an RSA key without a password") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < SHORTEST:
        raise ValueError(f"the private key is not one of RSA with at least {SHORTEST} bits")
    return key


def from_file(text: Secret[str]) -> Client:
    """Return the client that a key file of Google's console names (a JSON object).

    Raises ValueError, in words without the key.
    """
    try:
        members: Any = orjson.loads(text.reveal())
    except ValueError:
        raise ValueError("the key file of the service account is no JSON") from None
    if not isinstance(members, dict) or members.get("type") != "service_account":
        raise ValueError("the key file is not one of a service account")
    name, key = members.get("client_email"), members.get("private_key")
    client = Client(
        id=name if isinstance(name, str) else "",
        secret=Secret(key if isinstance(key, str) else ""),
    )
    if not client.id:
        raise ValueError("the key file names no client_email")
    private_key(client.secret)
    return client


def _part(members: dict[str, Any]) -> str:
    return _base64(orjson.dumps(members))


def _base64(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()
