"""Tries an account out: every step of the way in, before it is saved or as it is saved.

A saved account is tried with the credentials beside it, and only where it is saved: whoever could
have them sent to a host of their choice would have them. It must not know the network.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from vedette.errors import ThrottledError
from vedette.identity.oauth.tokens import Supply, TokenDesk
from vedette.identity.oauth.transport import Transport
from vedette.identity.vault import Vault
from vedette.model.account import Account, Demand
from vedette.model.ids import AccountId, TenantId
from vedette.ports.clock import Clock
from vedette.ports.link import Target
from vedette.ports.records import Kind, Records
from vedette.ports.registration import Registration
from vedette.ports.token import Tokens
from vedette.secret import Secret
from vedette.service.accounts.accounts import Accounts, blank
from vedette.service.accounts.credentials import credentials_of, supply_of
from vedette.service.accounts.registration import registration_of
from vedette.service.caller import Caller
from vedette.service.doctor.doctor import CheckOutcome, Finding
from vedette.service.refusals import ConflictError
from vedette.service.running import Examine

#: Seconds for the whole way in: a slow server's every step has a deadline of its own within it.
WITHIN: Final = 90.0
#: Who asks for tokens meanwhile, as leases of consents name it.
HOLDER: Final = "verify"
#: Tries at once: each is a connection to wherever a caller says.
AT_ONCE: Final = 8

_WRITE: Final = "accounts:write"


class Verifying:
    """Every method returns the findings in order; a failure is the last of them."""

    def __init__(
        self,
        accounts: Accounts,
        records: Records,
        vault: Vault,
        examine: Examine,
        clock: Clock,
        transport: Transport,
    ) -> None:
        self._accounts = accounts
        self._records = records
        self._vault = vault
        self._transport = transport
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
        found = self._accounts.judged(caller, wish, base)
        secrets = {name: each for name, each in found.secrets.items() if each is not None}
        if "refresh_token" in secrets:
            raise ConflictError(
                "a refresh token is not tried before it is saved: some providers take each of them"
                " once, and it would be used up; save the account, and verify it then"
            )
        return await self._try(found.registration, secrets)

    async def saved(self, caller: Caller, id_: AccountId) -> list[Finding]:
        """Try an account as it is saved. Raises NotFoundError, ReadOnlyError."""
        caller.needs(_WRITE)
        record = await self._accounts.own(caller, id_)
        return await self._try(registration_of(record), await self._kept(caller, id_))

    async def renewed(
        self, caller: Caller, id_: AccountId, credentials: Mapping[str, object]
    ) -> list[Finding]:
        """Try a saved account with other credentials, where it is saved.

        Raises InvalidError, NotFoundError, ReadOnlyError.
        """
        caller.needs(_WRITE)
        base = registration_of(await self._accounts.own(caller, id_))
        found = self._accounts.judged(caller, credentials, base)
        secrets = {**await self._kept(caller, id_), **found.secrets}
        tried = {name: each for name, each in secrets.items() if each is not None}
        return await self._try(replace(found.registration, target=base.target), tried)

    async def _kept(self, caller: Caller, id_: AccountId) -> Mapping[str, Secret[str]]:
        sealed = await self._records.secrets(Kind.ACCOUNT, [id_], tenant=caller.tenant)
        return {each.name: await self._vault.open(each) for each in sealed}

    async def _try(
        self, registration: Registration, secrets: Mapping[str, Secret[str]]
    ) -> list[Finding]:
        if self._going >= AT_ONCE:
            raise ThrottledError(f"{AT_ONCE} accounts are tried already; try again", retry_after=5)
        self._going += 1
        try:
            account, target = _ready(registration, secrets)
            async with self._tokens(registration, secrets) as tokens:
                return await self._findings(account, target, tokens)
        finally:
            self._going -= 1

    @asynccontextmanager
    async def _tokens(
        self, registration: Registration, secrets: Mapping[str, Secret[str]]
    ) -> AsyncIterator[Tokens | None]:
        """Lend what gets the tokens of one account; what a request brings is kept in its consent."""
        supply = supply_of(registration, secrets)
        if supply is None:
            yield None
            return
        desk = TokenDesk(
            _Given(supply), self._records, self._vault, self._transport, self._clock, HOLDER
        )
        try:
            yield desk
        finally:
            await desk.stop()

    async def _findings(
        self, account: Account, target: Target, tokens: Tokens | None
    ) -> list[Finding]:
        found: list[Finding] = []
        try:
            async with asyncio.timeout(WITHIN):
                async for finding in self._examine(account, target, tokens):
                    found.append(finding)  # noqa: PERF401 - what came before a deadline is told
        except TimeoutError:
            detail = f"not done within {WITHIN:.0f} s"
            found.append(
                Finding(check="time", outcome=CheckOutcome.FAILED, seconds=WITHIN, detail=detail)
            )
        return found


def _ready(
    registration: Registration, secrets: Mapping[str, Secret[str]]
) -> tuple[Account, Target]:
    """Return what can be dialled: an account with its credentials, a target with its proxy's."""
    account, target = registration.account, registration.target
    credentials = credentials_of(registration, secrets)
    # By both it is told whether a consent that was withdrawn is asked for once more.
    demand = Demand(reconnect=registration.reconnect)
    if target.proxy is not None:
        proxy = replace(target.proxy, password=secrets.get("proxy_password"))
        target = replace(target, proxy=proxy)
    return replace(account, credentials=credentials, demand=demand), target


class _Given:
    """Tells what one account has, which may not be registered."""

    def __init__(self, supply: Supply) -> None:
        self._supply = supply

    async def supply(self, _account: Account) -> Supply:
        return self._supply
