"""Tries an account out: every step of the way in, before it is saved or as it is saved.

A saved account is tried with the credentials beside it, and only where it is saved: whoever could
have them sent to a host of their choice would have them. It must not know the network.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Protocol

from vedette.errors import ThrottledError
from vedette.model.account import Account
from vedette.model.ids import AccountId, TenantId
from vedette.ports.clock import Clock
from vedette.ports.link import Target
from vedette.ports.records import Kind, Records, SealedValue
from vedette.ports.registration import Auth, Registration
from vedette.secret import Secret
from vedette.service.accounts import Accounts, blank
from vedette.service.caller import Caller
from vedette.service.doctor import Finding, Outcome
from vedette.service.refusals import ConflictError
from vedette.service.registration import registration_of
from vedette.service.running import Examine
from vedette.service.wish import wished

#: Seconds for the whole way in: a slow server's every step has a deadline of its own within it.
WITHIN: Final = 90.0
#: Tries at once: each is a connection to wherever a caller says.
AT_ONCE: Final = 8

_WRITE: Final = "accounts:write"


class Opener(Protocol):
    """Opens what was sealed (``identity.vault``)."""

    async def open(self, value: SealedValue) -> Secret[str]:
        """Return a secret."""


class Verifying:
    """Every method returns the findings in order; a failure is the last of them."""

    def __init__(
        self, accounts: Accounts, records: Records, opener: Opener, examine: Examine, clock: Clock
    ) -> None:
        self._accounts = accounts
        self._records = records
        self._opener = opener
        self._examine = examine
        self._clock = clock
        self._going = 0

    async def wish(
        self, caller: Caller, wish: Mapping[str, object], *, tenant: TenantId | None = None
    ) -> list[Finding]:
        """Try an account that is not saved. Raises InvalidError, ForbiddenError as a save does."""
        caller.needs(_WRITE)
        owner = await self._accounts.owner(caller, tenant)
        base = blank(self._accounts.chosen(caller, None), owner.id)
        found = wished(caller, wish, base, now=self._clock.now())
        secrets = {name: each for name, each in found.secrets.items() if each is not None}
        return await self._try(found.registration, secrets)

    async def saved(self, caller: Caller, id_: AccountId) -> list[Finding]:
        """Try an account as it is saved. Raises NotFoundError, ReadOnlyError."""
        caller.needs(_WRITE)
        record = await self._accounts.own(caller, id_)
        secrets = {
            each.name: await self._opener.open(each)
            for each in await self._records.secrets(Kind.ACCOUNT, [id_], tenant=caller.tenant)
        }
        return await self._try(registration_of(record), secrets)

    async def _try(
        self, registration: Registration, secrets: Mapping[str, Secret[str]]
    ) -> list[Finding]:
        if registration.grant.auth is not Auth.PASSWORD:
            raise ConflictError(
                f"an account with {registration.grant.auth} is tried when it connects: save it, and"
                " look at its state"
            )
        if self._going >= AT_ONCE:
            raise ThrottledError(f"{AT_ONCE} accounts are tried already; try again", retry_after=5)
        self._going += 1
        try:
            return await self._findings(*_ready(registration, secrets))
        finally:
            self._going -= 1

    async def _findings(self, account: Account, target: Target) -> list[Finding]:
        found: list[Finding] = []
        try:
            async with asyncio.timeout(WITHIN):
                async for finding in self._examine(account, target):
                    found.append(finding)  # noqa: PERF401 - what came before a deadline is told
        except TimeoutError:
            detail = f"not done within {WITHIN:.0f} s"
            found.append(
                Finding(check="time", outcome=Outcome.FAILED, seconds=WITHIN, detail=detail)
            )
        return found


def _ready(
    registration: Registration, secrets: Mapping[str, Secret[str]]
) -> tuple[Account, Target]:
    """Return what can be dialled: an account with its credentials, a target with its proxy's."""
    account, target = registration.account, registration.target
    credentials = replace(
        account.credentials, password=secrets.get("password"), token=secrets.get("token")
    )
    if target.proxy is not None:
        proxy = replace(target.proxy, password=secrets.get("proxy_password"))
        target = replace(target, proxy=proxy)
    return replace(account, credentials=credentials), target
