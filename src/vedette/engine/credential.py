"""What a login is made with: how one set of credentials is told from another, and tokens.

Where an account has a grant and no secret of its own, a token is asked for. What fails there was
no login: whatever the token service says, or does not say, has the class that ``ports.token``
promises, and only a consent that is gone counts against the credentials (catalogue A9). It must
not know where tokens come from.
"""

from __future__ import annotations

import asyncio
from hashlib import blake2b

from vedette.engine.world import World
from vedette.errors import AuthError, NetworkError
from vedette.model.account import Account
from vedette.secret import Secret

#: Seconds for a token. One request has 15; the rest is for a turn among thousands that were all
#: cut off at once, and for another instance that is just asking.
DEADLINE = 60.0


def is_by_grant(account: Account) -> bool:
    """Tell whether each login of this account needs a token from outside."""
    own = account.credentials
    return own.grant is not None and own.password is None and own.token is None


async def bearer(
    account: Account, world: World, *, refused: Secret[str] | None = None
) -> Secret[str] | None:
    """Return a token for the next login, or None where the account has its own secret.

    ``refused`` is one that the mail server did not take. Raises LinkError, and StoreError where
    the tokens are kept and the store is not there.
    """
    if not is_by_grant(account):
        return None
    if world.tokens is None:
        raise AuthError(f"no password or token is known for {account.credentials.user}")
    try:
        async with asyncio.timeout(DEADLINE):
            return await world.tokens.token(account, refused=refused)
    except TimeoutError as error:
        raise NetworkError(
            f"no access token for {account.credentials.user} within {DEADLINE:.0f} s"
        ) from error


def fingerprint(account: Account) -> str:
    """Return 16 bits of the credentials: enough to see a change, too few to guess from."""
    credentials = account.credentials
    secret = credentials.token or credentials.password
    text = f"{credentials.user}\0{'' if secret is None else secret.reveal()}"
    if credentials.grant is not None:
        # Another consent is another credential, although the tokens behind it are unknown here.
        text += f"\0{credentials.grant}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=2).hexdigest()
