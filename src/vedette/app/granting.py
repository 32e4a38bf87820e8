"""Joins what tokens come from: records, secrets, and the HTTP client for token services.

Nothing of it is made before the first token is asked for: an installation without grants opens no
vault and has no client. What ended of it is told to providers (``revoking.py``). It must not know how
a token is had.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from vedette.app.revoking import Revoking
from vedette.engine.part import OnCrash, Part
from vedette.errors import SecretError, StoreError
from vedette.identity.oauth.tokens import Supplies, TokenDesk
from vedette.identity.oauth.transport import Transport
from vedette.identity.vault import Vault
from vedette.model.account import Account
from vedette.net.address import PRIVATE, AddressGuard
from vedette.ports.clock import Clock
from vedette.ports.records import Records
from vedette.ports.token import Handover
from vedette.secret import Secret


class Granting(Part):
    """The ``Tokens`` of one instance, whose name is ``holder``, and its way to token services.

    ``handover`` gets the tokens that took the place of some that a table of a host handed over.
    """

    def __init__(
        self,
        supplies: Supplies,
        records: Records,
        vault: Callable[[], Awaitable[Vault]],
        clock: Clock,
        holder: str,
        *,
        handover: Handover | None = None,
        on_crash: OnCrash | None = None,
    ) -> None:
        super().__init__("granting", on_crash=on_crash)
        self._handover = handover
        self._supplies = supplies
        self._records = records
        self._vault = vault
        self._clock = clock
        self._holder = holder
        #: For the use cases of consents, which ask the same services.
        self.transport = Transport(
            guard=AddressGuard(), private=AddressGuard(allow=PRIVATE), clock=clock
        )
        self._revoking = Revoking(records, vault, self.transport, clock, on_crash=on_crash)
        self._desk: TokenDesk | None = None
        self._opening = asyncio.Lock()

    async def _open(self) -> None:
        await self._revoking.start()

    async def _close(self) -> None:
        """Let requests under way end, for what they bring is to be written."""
        await self._revoking.stop()
        if self._desk is not None:
            await self._desk.stop()
        await self.transport.stop()

    async def token(self, account: Account, *, refused: Secret[str] | None = None) -> Secret[str]:
        """Return an access token; see ``ports.token``. Raises StoreError as well."""
        async with self._opening:
            desk = self._desk = self._desk or await self._opened()
        return await desk.token(account, refused=refused)

    async def _opened(self) -> TokenDesk:
        try:
            vault = await self._vault()
        except SecretError as error:
            raise StoreError(f"the tokens can not be opened: {error}") from error
        return TokenDesk(
            self._supplies,
            self._records,
            vault,
            self.transport,
            self._clock,
            self._holder,
            self._handover,
        )
