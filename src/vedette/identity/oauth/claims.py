"""Whose mailbox was consented to: what an id token, or else the userinfo, says of it.

The signature of an id token is not verified: it came over TLS straight from the token endpoint that
the app names, which OpenID Connect Core 1.0 section 3.1.3.7 (6) accepts in its place. Issuer,
audience, end and nonce are. It must not know what the address is compared with.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from vedette.errors import NetworkError, ProtocolError
from vedette.identity.oauth.apps import App, Client, Provider
from vedette.identity.oauth.authorize import is_issuer
from vedette.identity.oauth.exchange import Granted
from vedette.identity.oauth.transport import Transport
from vedette.secret import Secret

#: Seconds by which clocks may differ.
SKEW: Final = 300.0
#: Where providers put the address: the mailbox first, then the name that is logged in with.
_NAMES: Final = ("email", "preferred_username", "upn")
#: Characters of an address (RFC 5321 section 4.5.3.1.3).
_MAX_ADDRESS: Final = 254
_OK: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who consented: all addresses that the service gives, the mailbox first."""

    addresses: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """The address of the mailbox, or "" where the service does not tell."""
        return self.addresses[0] if self.addresses else ""

    def is_one_of(self, *names: str) -> bool:
        """Tell whether it is one of these, as far as the service tells: else it may be."""
        known = {_folded(each) for each in self.addresses}
        return not known or any(_folded(each) in known for each in names)


async def owner(
    transport: Transport,
    app: App,
    client: Client,
    granted: Granted,
    *,
    nonce: str | None,
    now: float,
) -> Owner:
    """Return who consented. Raises ProtocolError for an id token that is not meant for us."""
    found = Owner()
    if granted.id_token is not None:
        found = _owner(read(granted.id_token, app, client, nonce=nonce, now=now))
    if found.addresses or not app.addresses.userinfo:
        return found
    headers = {"Authorization": f"Bearer {granted.access.reveal()}"}
    try:
        answer = await transport.get(app.addresses.userinfo, headers=headers, private=app.private)
    except NetworkError:
        # The consent is there all the same; whose it is shows at the first login.
        return found
    return _owner(answer.members()) if answer.status == _OK else found


def read(
    token: Secret[str], app: App, client: Client, *, nonce: str | None, now: float
) -> Mapping[str, Any]:
    """Return the claims of an id token. Raises ProtocolError where one is not what it has to be."""
    claims = _claims(token)
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    issuer, directory = claims.get("iss"), claims.get("tid")
    ends = claims.get("exp")
    wrong = None
    if not _is_from(app, issuer, directory):
        wrong = "issuer"
    elif client.id not in audiences or claims.get("azp", client.id) != client.id:
        wrong = "audience"
    elif not isinstance(ends, int | float) or isinstance(ends, bool) or now > ends + SKEW:
        wrong = "end"
    elif nonce is not None and claims.get("nonce") != nonce:
        wrong = "nonce"
    if wrong is not None:
        raise ProtocolError(f"the id token for {app} has the wrong {wrong}; begin anew")
    return claims


def _is_from(app: App, issuer: object, directory: object) -> bool:
    if not app.addresses.issuer:
        return True
    if not isinstance(issuer, str):
        return False
    expected = app.addresses.issuer
    # Google names itself without a scheme in old tokens (its OpenID Connect documentation).
    is_google = app.provider is Provider.GOOGLE
    bare = expected.removeprefix("https://") if is_google else expected
    known = directory if isinstance(directory, str) else None
    return is_issuer(expected, issuer, known) or issuer == bare


def _claims(token: Secret[str]) -> Mapping[str, Any]:
    """Return the middle of a JWT (RFC 7519 section 3)."""
    _header, _dot, rest = token.reveal().partition(".")
    middle = rest.partition(".")[0]
    try:
        claims = orjson.loads(urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except ValueError as failure:
        raise ProtocolError("the id token can not be read; begin anew") from failure
    if not isinstance(claims, dict):
        raise ProtocolError("the id token is no object; begin anew")
    return claims


def _owner(claims: Mapping[str, Any]) -> Owner:
    found = [claims.get(name) for name in _NAMES]
    addresses = [
        each for each in found if isinstance(each, str) and "@" in each and _is_plain(each)
    ]
    return Owner(addresses=tuple(dict.fromkeys(addresses)))


def _is_plain(address: str) -> bool:
    return len(address) <= _MAX_ADDRESS and address.isprintable() and " " not in address


def _folded(address: str) -> str:
    """Return an address as it is compared: Google's older domain is the same mailbox."""
    name, at, domain = address.strip().casefold().rpartition("@")
    return f"{name}{at}{'gmail.com' if domain == 'googlemail.com' else domain}"
