"""An OAuth 2.0 app of a tenant: whose service it asks, how, and what every provider has in common.

A record keeps what was set and no more; what a provider is known for is filled in where it is
read, so that a preset that is corrected holds for the apps of before. Client id and secret are
sealed as one value: they are always of the same writing (a client id of one source with the secret
of another is an ``invalid_client`` that nobody understands). It must not know how tokens are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Any, Final

import orjson

from vedette.errors import RevokedError, SecretError, StoreError
from vedette.identity.vault import Vault
from vedette.model.ids import TenantId
from vedette.ports.records import Kind, Record, Records, SealedValue
from vedette.secret import Secret

#: The name under which client id and secret are sealed beside the record of an app.
CLIENT: Final = "client"
#: Whose apps serve all tenants: those of the one that is there where nobody speaks of tenants.
SHARED: Final = TenantId("default")


@unique
class Provider(StrEnum):
    """Whose service it is; ``generic`` is any, by its addresses."""

    GOOGLE = "google"
    MICROSOFT = "microsoft"
    YAHOO = "yahoo"
    MAILRU = "mailru"
    GENERIC = "generic"


@unique
class Flow(StrEnum):
    """Who consents: each owner of a mailbox, or once the administrator of all of them."""

    CODE = "code"
    """The owner, in a browser (RFC 6749 section 4.1) or on a device (RFC 8628)."""
    SERVICE = "service"
    """The administrator: a service account of Google (RFC 7523), an app-only client elsewhere."""


@unique
class Proof(StrEnum):
    """How the app proves to be it (RFC 6749 section 2.3)."""

    POST = "post"
    BASIC = "basic"
    NONE = "none"
    """It does not: a public client, which has PKCE alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where a service is asked; ``revoke`` is where it is told that a consent ends (RFC 7009).

    ``issuer`` is what it calls itself (RFC 8414 section 2).
    """

    authorize: str = ""
    token: str = ""
    device: str = ""
    userinfo: str = ""
    revoke: str = ""
    issuer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An app, complete. ``directory`` is the tenant at Microsoft that it lets in.

    ``extra`` are further parameters of the authorization request. ``names_issuer`` says that the
    service is known to name itself in its answers (RFC 9207), and that one that does not is not
    believed. ``private`` lets it be asked at inside addresses and without TLS.
    """

    id: str
    tenant: TenantId
    provider: Provider
    addresses: Addresses
    client_id: str = ""
    title: str = ""
    flow: Flow = Flow.CODE
    scopes: tuple[str, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)
    proof: Proof = Proof.POST
    directory: str = ""
    names_issuer: bool = False
    private: bool = False
    version: int = 0

    def __str__(self) -> str:
        return f"the OAuth app {self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Client id and secret, of one writing. A service account has its private key as the secret."""

    id: str
    secret: Secret[str] = field(default_factory=lambda: Secret(""))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Preset:
    addresses: Addresses
    scopes: tuple[str, ...]
    extra: Mapping[str, str] = field(default_factory=dict)


# openid and email let the provider say which mailbox was consented to; no more is asked for.
_GOOGLE: Final = _Preset(
    addresses=Addresses(
        authorize="https://accounts.google.com/o/oauth2/v2/auth",
        token="https://oauth2.googleapis.com/token",  # noqa: S106 - an address
        device="https://oauth2.googleapis.com/device/code",
        userinfo="https://openidconnect.googleapis.com/v1/userinfo",
        revoke="https://oauth2.googleapis.com/revoke",
        issuer="https://accounts.google.com",
    ),
    scopes=("https://mail.google.com/", "openid", "email"),
    # Without both there is no refresh token for whoever consented before.
    extra=MappingProxyType({"access_type": "offline", "prompt": "consent"}),
)
_YAHOO: Final = _Preset(
    addresses=Addresses(
        authorize="https://api.login.yahoo.com/oauth2/request_auth",
        token="https://api.login.yahoo.com/oauth2/get_token",  # noqa: S106 - an address
        userinfo="https://api.login.yahoo.com/openid/v1/userinfo",
        revoke="https://api.login.yahoo.com/oauth2/revoke",
        issuer="https://api.login.yahoo.com",
    ),
    # Guards move mail; an app that only watches may be set to mail-r.
    scopes=("mail-w", "openid", "email"),
)
_MAILRU: Final = _Preset(
    addresses=Addresses(
        authorize="https://oauth.mail.ru/login",
        token="https://oauth.mail.ru/token",  # noqa: S106 - an address
    ),
    scopes=("userinfo", "mail.imap"),
    extra=MappingProxyType({"prompt_force": "1"}),
)
#: All scopes are of one resource: two are refused as AADSTS28000 or AADSTS70011. ``email`` is for
#: personal accounts, whose id token else names no address.
_MICROSOFT_SCOPES: Final = (
    "https://outlook.office.com/IMAP.AccessAsUser.All",
    "offline_access",
    "openid",
    "email",
)
#: What an app-only client asks for; the administrator consented to the rest (IMAP.AccessAsApp).
_MICROSOFT_SERVICE: Final = ("https://outlook.office365.com/.default",)
_GOOGLE_SERVICE: Final = ("https://mail.google.com/",)
#: Who may consent where no directory is named: work, school and personal accounts.
COMMON: Final = "common"


def _microsoft(directory: str) -> _Preset:
    """Return what Microsoft is known for, which has no address to tell that a consent ends."""
    base = f"https://login.microsoftonline.com/{directory}"
    return _Preset(
        addresses=Addresses(
            authorize=f"{base}/oauth2/v2.0/authorize",
            token=f"{base}/oauth2/v2.0/token",
            device=f"{base}/oauth2/v2.0/devicecode",
            # Of the many directories behind "common" each is an issuer of its own (claims.py).
            issuer="https://login.microsoftonline.com/{tenantid}/v2.0",
        ),
        scopes=_MICROSOFT_SCOPES,
    )


#: What a provider is known for where the administrator has consented.
_SERVICES: Final = MappingProxyType(
    {Provider.GOOGLE: _GOOGLE_SERVICE, Provider.MICROSOFT: _MICROSOFT_SERVICE}
)


def _preset(provider: Provider, flow: Flow, directory: str) -> _Preset:
    preset = _of(provider, directory)
    if flow is Flow.SERVICE:
        return _Preset(addresses=preset.addresses, scopes=_SERVICES.get(provider, ()))
    return preset


def _of(provider: Provider, directory: str) -> _Preset:
    match provider:
        case Provider.GOOGLE:
            return _GOOGLE
        case Provider.MICROSOFT:
            return _microsoft(directory)
        case Provider.YAHOO:
            return _YAHOO
        case Provider.MAILRU:
            return _MAILRU
        case Provider.GENERIC:
            return _Preset(addresses=Addresses(), scopes=())


def read(record: Record) -> App:
    """Return the app that a record is of. Raises StoreError for a body that is none."""
    try:
        return from_json(record.id, record.tenant, orjson.loads(record.body), record.version)
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(
            f"the OAuth app {record.id} can not be read: another version of Vedette wrote it"
        ) from error


def from_json(id_: str, tenant: TenantId, body: Mapping[str, Any], version: int = 0) -> App:
    """Return an app, with what its provider is known for where the body says nothing."""
    provider, flow = Provider(body["provider"]), Flow(body.get("flow", Flow.CODE))
    directory = body.get("directory", "") or (COMMON if provider is Provider.MICROSOFT else "")
    preset = _preset(provider, flow, directory)
    known = preset.addresses
    return App(
        id=id_,
        tenant=tenant,
        provider=provider,
        addresses=Addresses(
            authorize=body.get("authorizeUrl") or known.authorize,
            token=body.get("tokenUrl") or known.token,
            device=body.get("deviceUrl") or known.device,
            userinfo=body.get("userinfoUrl") or known.userinfo,
            revoke=body.get("revokeUrl") or known.revoke,
            issuer=body.get("issuer") or known.issuer,
        ),
        client_id=body.get("clientId", ""),
        title=body.get("title", ""),
        flow=flow,
        scopes=tuple(body.get("scopes") or preset.scopes),
        extra={**preset.extra, **body.get("extra", {})},
        proof=Proof(body.get("proof", Proof.POST)),
        directory=directory,
        names_issuer=body.get("namesIssuer", False),
        private=body.get("private", False),
        version=version,
    )


def client_text(client: Client) -> Secret[str]:
    """Return client id and secret as the one secret that is sealed beside the record of an app."""
    both = {"id": client.id, "secret": client.secret.reveal()}
    return Secret(orjson.dumps(both).decode())


def client_of(text: Secret[str]) -> Client:
    """Return the client that a sealed text is of."""
    both = orjson.loads(text.reveal())
    return Client(id=both["id"], secret=Secret(both["secret"]))


class AppBook:
    """Reads apps with their clients: each time anew, for a secret that was changed holds at once.

    What a tenant does not have itself is looked for among the apps of ``shared``.
    """

    def __init__(self, records: Records, vault: Vault, shared: TenantId = SHARED) -> None:
        self._records = records
        self._vault = vault
        self._shared = shared

    async def app(self, id_: str, tenant: TenantId) -> tuple[App, Client]:
        """Return an app of a tenant and its client.

        Raises RevokedError where there is none, and StoreError where it can not be read or opened.
        """
        record = await self._record(id_, tenant)
        if record is None:
            raise RevokedError(f"there is no OAuth app {id_!r} any more; connect by another one")
        app = read(record)
        for value in await self._records.secrets(Kind.APP, [id_]):
            if value.name == CLIENT and value.tenant == record.tenant:
                return app, await self._client(value)
        return app, Client(id=app.client_id)

    async def _record(self, id_: str, tenant: TenantId) -> Record | None:
        found = await self._records.record(Kind.APP, id_, tenant=tenant)
        if found is None and tenant != self._shared:
            found = await self._records.record(Kind.APP, id_, tenant=self._shared)
        return found

    async def _client(self, value: SealedValue) -> Client:
        try:
            return client_of(await self._vault.open(value))
        except SecretError as error:
            raise StoreError(f"the secret of the OAuth app {value.id}: {error}") from error
