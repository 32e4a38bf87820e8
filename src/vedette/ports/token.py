"""Where an access token comes from, for accounts that have no password.

The engine asks right before a login, and once more when the server refused what it got: the token
may have been withdrawn, or may have ended between the two.
"""

from __future__ import annotations

from typing import Protocol

from vedette.model.account import Account
from vedette.secret import Secret


class Tokens(Protocol):
    """Gives tokens that are valid for some minutes yet."""

    async def token(self, account: Account, *, refused: Secret[str] | None = None) -> Secret[str]:
        """Return an access token; ``refused`` is one that the server did not take.

        Raises AuthError where the refusal is of the credentials behind it, RevokedError where a
        person has to consent anew, ThrottledError and NetworkError where trying again helps.
        The caller sets the deadline.
        """
