"""Gives the engine its access tokens (``ports.token``), whichever way an account has to them.

What an account has is told by ``Supplies``, which ``app`` makes of the configuration, the records
and the tables of hosts. It must not know mail servers, nor keep tokens itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, assert_never

from vedette.errors import AuthError
from vedette.identity.oauth import external, service
from vedette.identity.oauth.apps import AppBook, Flow
from vedette.identity.oauth.consent import ConsentBook
from vedette.identity.oauth.lent import Lent, Shelf
from vedette.identity.oauth.refresh import Refresher
from vedette.identity.oauth.transport import Transport
from vedette.identity.vault import Vault
from vedette.model.account import Account
from vedette.ports.clock import Clock
from vedette.ports.records import Records
from vedette.ports.registration import Auth, Grant
from vedette.ports.token import Handover
from vedette.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """What the tokens of an account come from.

    ``secrets`` are those of the account, by name: ``token_url_secret``, and ``refresh_token`` where
    the host hands one over. ``private`` lets the token server be inside.
    """

    grant: Grant
    secrets: Mapping[str, Secret[str]] = field(default_factory=dict)
    private: bool = False


class Supplies(Protocol):
    """Tells what an account has."""

    async def supply(self, account: Account) -> Supply | None:
        """Return what the tokens of an account come from, or None for an unknown one.

        Raises StoreError.
        """


class TokenDesk:
    """All ways to a token. It is the ``Tokens`` of ``ports.token``; ``stop`` ends what is under way.

    ``holder`` is the name of this instance, ``handover`` gets back what became of tokens of hosts. The transport is its maker's to stop.
    """

    def __init__(
        self,
        supplies: Supplies,
        records: Records,
        vault: Vault,
        transport: Transport,
        clock: Clock,
        holder: str,
        handover: Handover | None = None,
    ) -> None:
        self._supplies = supplies
        self._transport = transport
        self._clock = clock
        self._apps = AppBook(records, vault)
        consents = ConsentBook(records, vault)
        self._refresher = Refresher(consents, self._apps, transport, clock, holder, handover)
        self._shelf = Shelf(clock)

    async def stop(self) -> None:
        """Let requests under way end, for what they bring is to be written. Idempotent."""
        await self._refresher.stop()
        await self._shelf.stop()

    async def token(self, account: Account, *, refused: Secret[str] | None = None) -> Secret[str]:
        """Return an access token; see ``ports.token``. Raises StoreError as well."""
        supply = await self._supplies.supply(account)
        if supply is None:
            raise AuthError(f"no password or token is known for {account.credentials.user}")
        grant = supply.grant
        match grant.auth:
            case Auth.OAUTH2 if grant.app is not None:
                return await self._of_app(account, grant.app, supply, refused)
            case Auth.TOKEN_COMMAND if grant.command:
                ask = partial(
                    external.from_command, grant.command, account, refused=refused is not None
                )
                return await self._shelf.take((account.id, grant.command), ask, refused)
            case Auth.TOKEN_URL if grant.url is not None:
                ask = partial(
                    external.from_url,
                    self._transport,
                    grant.url,
                    supply.secrets.get("token_url_secret"),
                    account,
                    refused=refused is not None,
                    private=supply.private,
                )
                return await self._shelf.take((account.id, grant.url), ask, refused)
            case Auth.OAUTH2 | Auth.TOKEN_COMMAND | Auth.TOKEN_URL | Auth.PASSWORD:
                raise AuthError(
                    f"{account.credentials.user} logs in by {grant.auth}, and what that needs is"
                    " not set"
                )
            case _:
                assert_never(grant.auth)

    async def _of_app(
        self, account: Account, id_: str, supply: Supply, refused: Secret[str] | None
    ) -> Secret[str]:
        app, client = await self._apps.app(id_, account.tenant)
        if app.flow is Flow.CODE:
            seed = supply.secrets.get("refresh_token")
            return await self._refresher.token(account, id_, refused=refused, seed=seed)
        user = account.credentials.user

        async def ask() -> Lent:
            return await service.lent(self._transport, app, client, user, self._clock.now())

        # A service account acts for one mailbox at a time; an app-only token opens all of them.
        whose = user if service.is_personal(app) else ""
        return await self._shelf.take((id_, app.version, whose), ask, refused)
