"""The request for a consent, and the code that comes of it (RFC 6749 section 4.1, RFC 9700).

PKCE with S256 always (RFC 7636), a state of 256 random bits, and a nonce where an id token comes
back. The redirect URI is ours, to the letter, in both requests. It must not know where what is
under way is kept, nor who asks.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from vedette.identity.oauth.apps import App, Client
from vedette.identity.oauth.exchange import Outcome, ask
from vedette.identity.oauth.transport import Transport
from vedette.secret import Secret

#: Octets of a state, a nonce and a verifier: 43 characters of the last, as RFC 7636 section 4.1 asks.
ENTROPY: Final = 32
#: Characters of a code that are taken: those of Microsoft have some 1,500.
MAX_CODE: Final = 8_192


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An authorization that begins: where the browser goes, and what is kept until it is back."""

    url: str
    state: Secret[str]
    verifier: Secret[str]
    nonce: str


def request(
    app: App,
    client: Client,
    *,
    redirect_uri: str,
    hint: str = "",
    random: Callable[[int], str] = secrets.token_urlsafe,
) -> Request:
    """Begin an authorization; ``hint`` is the address that is to be consented for."""
    state, verifier, nonce = random(ENTROPY), random(ENTROPY), random(ENTROPY)
    parameters = {
        **app.extra,
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(app.scopes),
        "state": state,
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
    }
    if "openid" in app.scopes:
        parameters["nonce"] = nonce
    if hint:
        parameters["login_hint"] = hint
    parts = urlsplit(app.addresses.authorize)
    # RFC 6749 section 3.1: what the address has for a query stays.
    query = "&".join(filter(None, (parts.query, urlencode(parameters))))
    url = urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
    return Request(url=url, state=Secret(state), verifier=Secret(verifier), nonce=nonce)


async def redeem(
    transport: Transport,
    app: App,
    client: Client,
    *,
    code: Secret[str],
    verifier: Secret[str],
    redirect_uri: str,
) -> Outcome:
    """Exchange a code for tokens. Raises NetworkError."""
    fields = {
        "grant_type": "authorization_code",
        "code": code.reveal(),
        "redirect_uri": redirect_uri,
        "code_verifier": verifier.reveal(),
    }
    return await ask(transport, app, client, fields)


def challenge(verifier: str) -> str:
    """Return what is shown of a verifier (RFC 7636 section 4.2, S256)."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def digest(secret: Secret[str]) -> str:
    """Return by what a state or a session is known without being known."""
    return sha256(secret.reveal().encode("utf-8", "surrogatepass")).hexdigest()


def is_of_issuer(app: App, named: str | None) -> bool:
    """Tell whether an answer is of the service that was asked (RFC 9207 section 2.4).

    ``named`` is its ``iss``. One that names itself as somebody else mixes services up, on purpose.
    """
    if named is None:
        return not app.names_issuer
    return not app.addresses.issuer or is_issuer(app.addresses.issuer, named)


def is_issuer(expected: str, named: str, directory: str | None = None) -> bool:
    """Tell whether an issuer is the expected one.

    Microsoft's has the directory of the account in it (``{tenantid}``): any, or the given one.
    """
    before, mark, after = expected.partition("{tenantid}")
    if not mark:
        return compare_digest(expected.encode(), named.encode("utf-8", "surrogatepass"))
    middle = named[len(before) : len(named) - len(after)]
    is_framed = named.startswith(before) and named.endswith(after) and "/" not in middle
    return is_framed and bool(middle) and directory in {None, middle}
