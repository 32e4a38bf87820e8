"""What an account logs in with: its own secrets, or where its tokens come from.

It must not know who logs in, nor how a token is had.
"""

from __future__ import annotations

from collections.abc import Mapping
from sys import intern
from types import MappingProxyType
from typing import Final

from vedette.identity.oauth.tokens import Supply
from vedette.model.account import Credentials
from vedette.ports.registration import Auth, Registration
from vedette.secret import Secret

#: No secrets: one object for the thousands of accounts that have none.
_NONE: Final[Mapping[str, Secret[str]]] = MappingProxyType({})
#: What of the secrets is for whoever gets tokens.
_FOR_TOKENS: Final = frozenset({"refresh_token", "token_url_secret"})


def credentials_of(
    registration: Registration,
    secrets: Mapping[str, Secret[str]],
    *,
    consented_at: float = 0.0,
    lent: str = "",
) -> Credentials:
    """Return the credentials of an account; another grant, or another consent, is another text.

    ``lent`` is what a consent goes by that a host handed over: its tokens renewed are the same.
    """
    user, grant = registration.account.credentials.user, registration.grant
    if grant.auth is Auth.PASSWORD:
        return Credentials(user=user, password=secrets.get("password"), token=secrets.get("token"))
    source = grant.app or grant.url or " ".join(grant.command)
    since = f" {consented_at:.3f}" if consented_at else f" {lent}" if lent else ""
    # Of thousands of accounts most say the same here.
    return Credentials(user=user, grant=intern(f"{grant.auth.value} {source}{since}"))


def by_password(password: object) -> Mapping[str, object]:
    """Return the members of an account by which it logs in with a password, and by nothing else."""
    return {
        "auth": Auth.PASSWORD.value,
        "app": None,
        "tokenCommand": None,
        "tokenUrl": None,
        "password": password,
    }


def supply_of(registration: Registration, secrets: Mapping[str, Secret[str]]) -> Supply | None:
    """Return what the tokens of an account come from; None where it needs none."""
    if registration.grant.auth is Auth.PASSWORD:
        return None
    kept = {name: secret for name, secret in secrets.items() if name in _FOR_TOKENS}
    private = registration.target.private
    return Supply(grant=registration.grant, secrets=kept or _NONE, private=private)
