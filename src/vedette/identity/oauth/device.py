"""A consent on another device: a code for a person, and questions whether it was used (RFC 8628).

It must not know where the codes are kept, nor wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from vedette.errors import UsageError
from vedette.identity.oauth.apps import App, Client
from vedette.identity.oauth.exchange import (
    MAX_WORDS,
    Outcome,
    ask,
    denied,
    error,
    prove,
)
from vedette.identity.oauth.transport import Transport
from vedette.secret import Secret

#: RFC 8628 section 3.4.
GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
#: Seconds between two questions where none are named (RFC 8628 section 3.2), and the bounds of it.
INTERVAL: Final = 5.0
MAX_INTERVAL: Final = 60.0
#: What each ``slow_down`` adds to it, in seconds (RFC 8628 section 3.5).
SLOWER: Final = 5.0
#: The longest that a code is waited for, in seconds: half an hour is what Microsoft gives at most.
LONGEST: Final = 1_800.0

#: Nobody has decided yet.
PENDING: Final = frozenset({"authorization_pending", "slow_down"})
_OK: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a person is shown, and what is kept. ``lifetime`` and ``interval`` are in seconds."""

    device_code: Secret[str]
    user_code: str
    address: str
    full_address: str
    lifetime: float
    interval: float


async def begin(transport: Transport, app: App, client: Client) -> Prompt:
    """Ask for a code. Raises LinkError, and UsageError where the service has no such flow."""
    if not app.addresses.device:
        raise UsageError(f"{app} has no address for devices; connect in a browser")
    form, headers = {"scope": " ".join(app.scopes)}, dict[str, str]()
    prove(app, client, form, headers)
    answer = await transport.post(app.addresses.device, form, headers=headers, private=app.private)
    members = answer.members()
    if answer.status != _OK or not _is_prompt(members):
        denial = denied(answer, app.addresses.device, [client.secret.reveal()])
        raise error(denial, whose="a mailbox", app=str(app))
    return Prompt(
        device_code=Secret(members["device_code"]),
        user_code=members["user_code"][:MAX_WORDS],
        address=members.get("verification_uri") or members["verification_url"],
        full_address=str(members.get("verification_uri_complete", "")),
        lifetime=_seconds(members.get("expires_in"), LONGEST, LONGEST),
        interval=_seconds(members.get("interval"), INTERVAL, MAX_INTERVAL),
    )


async def question(transport: Transport, app: App, client: Client, code: Secret[str]) -> Outcome:
    """Ask once whether the code was used; a denial of ``PENDING`` is: not yet. Raises NetworkError."""
    fields = {"grant_type": GRANT, "device_code": code.reveal()}
    return await ask(transport, app, client, fields)


def _is_prompt(members: Mapping[str, Any]) -> bool:
    # Google calls the address verification_url, as drafts of the RFC did.
    address = members.get("verification_uri") or members.get("verification_url")
    texts = (members.get("device_code"), members.get("user_code"), address)
    return all(isinstance(each, str) and each for each in texts)


def _seconds(value: Any, unsaid: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        return unsaid
    return min(float(value), most)
