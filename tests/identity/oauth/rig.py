"""A service with OAuth over a state in memory: what one instance has, and a second one beside it."""

from __future__ import annotations

import time
from ipaddress import ip_network
from itertools import count

from tests.support.authorization import REDIRECT, Authorization
from tests.support.memory_records import MemoryRecords, RecordRows
from tests.support.memory_trust import MemoryTrust, TrustRows
from vedette.identity.oauth.consent import Consent, ConsentBook
from vedette.identity.oauth.tokens import Supply, TokenDesk
from vedette.identity.oauth.transport import Transport
from vedette.identity.vault import Vault
from vedette.identity.wrapping import Keyring, WrappingKey
from vedette.model.account import Account, Credentials
from vedette.model.ids import AccountId, TenantId
from vedette.net.address import AddressGuard
from vedette.ports.records import Records
from vedette.ports.registration import Auth, Grant
from vedette.secret import Secret
from vedette.service.accounts.accounts import Accounts
from vedette.service.accounts.tenants import Tenants
from vedette.service.cabinet import Cabinet
from vedette.service.caller import Caller, admin
from vedette.service.oauth.apps import OAuthApps
from vedette.service.oauth.authorizations import Authorizations
from vedette.service.oauth.connecting import Connected, Connecting
from vedette.service.oauth.devices import Devices

ADMIN = admin("root")
ACME = TenantId("acme")
SCOPES = frozenset({"oauth:*", "accounts:*"})
ANNA = Caller(name="anna", tenant=ACME, scopes=SCOPES)
OSCAR = Caller(name="oscar", tenant=TenantId("other"), scopes=SCOPES)
BROWSER = Secret("the cookie of a browser")
KEY = WrappingKey(Secret(bytes(range(32))))
LOOPBACK = AddressGuard(allow=[ip_network("127.0.0.0/8")])


class Clock:
    """The wall clock, moved on by hand: for us time goes by, for the server it does not."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        return time.time() + self.ahead


class Trust(MemoryTrust):
    """The consents and the audit of a state in memory."""

    def __init__(self) -> None:
        self.rows = TrustRows()

    def _trust(self, *, writes: bool = False) -> TrustRows:
        return self.rows


class Instance:
    """One process of a service: it keeps nothing but what is in ``rows``, or in other records."""

    def __init__(
        self,
        rows: RecordRows | None = None,
        *,
        name: str = "one",
        records: Records | None = None,
    ) -> None:
        self.clock = Clock()
        self.memory = MemoryRecords(self.clock, rows)
        self.records: Records = records or self.memory
        self.vault = Vault(self.records, Keyring(KEY), self.clock)
        self.transport = Transport(guard=AddressGuard(), private=LOOPBACK, clock=self.clock)
        self.supplies: dict[AccountId, Supply] = {}
        self.tokens = TokenDesk(
            self, self.records, self.vault, self.transport, self.clock, holder=name
        )
        self.consents = ConsentBook(self.records, self.vault)
        ids = count(1)
        cabinet = Cabinet(self.records, self.vault, self.clock, lambda: f"{name}-{next(ids)}")
        trust = Trust()
        tenants = Tenants(cabinet, trust)
        self.accounts = Accounts(cabinet, tenants, trust)
        self.apps = OAuthApps(cabinet, tenants)
        self.connecting = connecting = Connecting(cabinet, self.vault, self.transport)
        self.authorizations = Authorizations(connecting, redirect_uri=REDIRECT)
        self.devices = Devices(connecting)
        self.tenants = tenants

    async def supply(self, account: Account) -> Supply | None:
        return self.supplies.get(account.id)

    async def stop(self) -> None:
        await self.tokens.stop()
        await self.transport.stop()

    async def begin(self) -> None:
        """Have a tenant."""
        await self.tenants.create(ADMIN, {"name": "Acme"}, id_=ACME)

    async def app(self, server: Authorization, **wish: object) -> str:
        """Register the app that the authorization server knows as ``vedette``."""
        app = await self.apps.create(
            ADMIN,
            {
                "provider": "generic",
                "authorizeUrl": f"{server.issuer}/auth",
                "tokenUrl": f"{server.issuer}/token",
                "deviceUrl": f"{server.issuer}/device/auth",
                "issuer": server.issuer,
                "namesIssuer": True,
                "scopes": ["openid", "email", "offline_access"],
                "extra": {"prompt": "consent"},
                "clientId": "vedette",
                "clientSecret": Secret("the-secret-of-vedette"),
                "private": True,
                **wish,
            },
            tenant=ACME,
        )
        return app.id

    async def account(self, user: str, app: str, *, port: int = 993, **wish: object) -> Account:
        """Register an account that logs in by an app; return it as the engine has it."""
        found = await self.accounts.create(
            ADMIN,
            {
                "email": f"{user}@example.org",
                "user": user,
                "auth": "oauth2",
                "app": app,
                "host": "localhost",
                "port": port,
                "private": True,
                **wish,
            },
            tenant=ACME,
        )
        return self.follow(found.account, Grant(auth=Auth.OAUTH2, app=app))

    def follow(self, account: Account, grant: Grant, **more: Secret[str]) -> Account:
        """Let the engine's tokens for an account come from a grant."""
        self.supplies[account.id] = Supply(grant=grant, secrets=more, private=True)
        return account

    async def connect(self, server: Authorization, account: Account, app: str) -> Connected:
        """Consent in a browser, from the beginning to the end."""
        begun = await self.authorizations.begin(ANNA, BROWSER, app=app, account=account.id)
        back = server.consent(begun.url, account.credentials.user)
        return await self.authorizations.finish(BROWSER, back, tenant=ACME)

    async def consent(self, account: Account) -> Consent:
        found = await self.consents.read(account.id, account.tenant)
        assert found is not None
        return found


def plain_account(user: str = "joe", grant: str | None = "1") -> Account:
    """Return an account that is nowhere registered."""
    return Account(
        id=AccountId(f"box-{user}"),
        tenant=ACME,
        email=f"{user}@example.org",
        credentials=Credentials(user=user, grant=grant),
    )
