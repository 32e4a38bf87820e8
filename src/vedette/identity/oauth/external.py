"""Tokens that the host application gives: printed by a command, or served at an address.

Both say an access token and, if they like, for how many seconds it is good: as JSON of the members
``access_token`` and ``expires_in``, and a command also as one bare line. What is not said to be good
for a while is asked for at each login.

Both are told for whom: the account, its tenant, address and user, and whether the mail server
refused the last token. A command has that in its environment (``VEDETTE_ACCOUNT`` and so on). The
address is asked with ``POST`` and a JSON object of the same. One that holds ``{account}`` or another
of ``PLACE`` is asked with ``GET``, each put in its place. The secret goes along as ``Authorization: Bearer``. It must not know OAuth's flows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import orjson

from vedette.errors import AuthError, NetworkError, SecretError
from vedette.identity.command import printed
from vedette.identity.oauth.exchange import Denied, denied, error, outcome
from vedette.identity.oauth.lent import Lent
from vedette.identity.oauth.transport import Answer, Transport
from vedette.model.account import Account
from vedette.secret import Secret

#: Seconds for a command: a start of Python or of a cloud's tool, and its own request.
SECONDS: Final = 30.0
_OK: Final = 200
#: What an address may have in it.
PLACE: Final = re.compile(r"\{(account|tenant|email|user)\}")


async def from_command(
    command: Sequence[str], account: Account, *, refused: bool, seconds: float = SECONDS
) -> Lent:
    """Return what a command prints. Raises NetworkError: what is wrong with it may pass."""
    told = {**_facts(account), "refused": "1" if refused else "0"}
    facts = {f"VEDETTE_{name.upper()}": value for name, value in told.items()}
    what = f"the token command of {account.id}"
    try:
        text = await printed(command, what=what, seconds=seconds, facts=facts)
    except SecretError as failure:
        raise NetworkError(str(failure)) from failure
    said = text.reveal().encode()
    if said.startswith(b"{"):
        return _lent(Answer(status=_OK, body=said), account, "command://token command")
    members = {"access_token": text.reveal(), "expires_in": 0}
    return _lent(Answer(status=_OK, body=orjson.dumps(members)), account, "command://token command")


async def from_url(
    transport: Transport,
    url: str,
    secret: Secret[str] | None,
    account: Account,
    *,
    refused: bool,
    private: bool,
) -> Lent:
    """Return what a token server of the host answers. Raises LinkError of the class that fits."""
    headers = {} if secret is None else {"Authorization": f"Bearer {secret.reveal()}"}
    facts = _facts(account)
    if PLACE.search(url):
        full = PLACE.sub(lambda place: _quoted(facts[place[1]]), url)
        answer = await transport.get(full, headers=headers, private=private)
    else:
        body = orjson.dumps({**facts, "refused": refused})
        answer = await transport.post(url, body, headers=headers, private=private)
    return _lent(answer, account, url, [] if secret is None else [secret.reveal()])


def _facts(account: Account) -> dict[str, str]:
    """Return for whom a token is asked; none of it is a secret."""
    return {
        "account": account.id,
        "tenant": account.tenant,
        "email": account.email,
        "user": account.credentials.user,
    }


def _quoted(text: str) -> str:
    """Return a text that is one thing in an address, whatever is in it."""
    if not text.strip("."):
        raise AuthError(f"{text!r} is of dots alone, and can not stand in the token server's URL")
    return quote(text, safe="", errors="replace")


def _lent(answer: Answer, account: Account, url: str, sent: Sequence[str] = ()) -> Lent:
    said = outcome(answer, url, list(sent))
    if isinstance(said, Denied):
        whose = account.credentials.user
        raise error(denied(answer, url, list(sent)), whose=whose, app="the account")
    named = "expires_in" in answer.members()
    return Lent(access=said.access, lifetime=said.lifetime if named else 0.0)
