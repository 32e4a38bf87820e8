"""Where an access token comes from, for accounts that have no password.

The engine asks right before a login, and once more when the server refused what it got: the token
may have been withdrawn, or may have ended between the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from vedette.model.account import Account
from vedette.model.ids import AccountId
from vedette.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """Tokens that took the place of a refresh token that somebody else handed over.

    ``expires_at`` is when the access token ends, in seconds since 1970.
    """

    refresh: Secret[str]
    access: Secret[str]
    expires_at: float


class Handover(Protocol):
    """Gives tokens back to who handed over the refresh token that they descend from."""

    async def rotated(self, account: AccountId, tokens: Rotated) -> None:
        """Take tokens, which are stored here already; return soon, whatever becomes of it there."""


class Tokens(Protocol):
    """Gives tokens that are valid for some minutes yet."""

    async def token(self, account: Account, *, refused: Secret[str] | None = None) -> Secret[str]:
        """Return an access token; ``refused`` is one that the server did not take.

        Raises AuthError where the refusal is of the credentials behind it, RevokedError where a
        person has to consent anew, ThrottledError and NetworkError where trying again helps.
        The caller sets the deadline.
        """
