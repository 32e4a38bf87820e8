"""OAuth 2.0 apps and consents as JSON. What fields may hold is for ``service.oauth_wish`` to say.

No answer has a client secret or a token. It must not know how either is kept.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from vedette.api.shapes.links import LinkAccount
from vedette.api.shapes.model import (
    GivenId,
    GivenSecret,
    Instant,
    Shown,
    Wish,
    instant,
    shown_instant,
)
from vedette.identity.oauth.apps import App
from vedette.identity.oauth.consent import Consent
from vedette.service.links.links import Issued
from vedette.service.oauth.connecting import Connected
from vedette.service.oauth.devices import Shown as Prompt
from vedette.service.oauth.devices import Waiting
from vedette.service.oauth.wish import MAX_EXTRA, MAX_SCOPES

#: Characters of an address, and of a scope.
_URL = 1_000


class AppChange(Wish):
    """What of an app is to be changed. Client id and secret are changed together."""

    provider: Literal["google", "microsoft", "yahoo", "mailru", "generic"] | None = None
    title: str | None = Field(default=None, max_length=200, description="As people see it.")
    flow: Literal["code", "service"] | None = Field(
        default=None, description="`code`: each owner consents; `service`: an administrator did."
    )
    client_id: str | None = Field(default=None, max_length=1_000)
    client_secret: GivenSecret | None = None
    key_file: GivenSecret | None = Field(
        default=None, description="The JSON of a Google service account, as text."
    )
    directory: str | None = Field(
        default=None, max_length=255, description="Microsoft: a directory, or `common`."
    )
    authorize_url: str | None = Field(default=None, max_length=_URL)
    token_url: str | None = Field(default=None, max_length=_URL)
    device_url: str | None = Field(default=None, max_length=_URL)
    userinfo_url: str | None = Field(default=None, max_length=_URL)
    revoke_url: str | None = Field(
        default=None,
        max_length=_URL,
        description="Where it is told that a consent ends (RFC 7009).",
    )
    issuer: str | None = Field(default=None, max_length=_URL)
    scopes: list[str] | None = Field(default=None, max_length=MAX_SCOPES)
    extra: dict[str, str] | None = Field(
        default=None, max_length=MAX_EXTRA, description="More of the authorization request."
    )
    proof: Literal["post", "basic", "none"] | None = None
    names_issuer: bool | None = Field(
        default=None, description="It is known to name itself in its answers (RFC 9207)."
    )
    private: bool | None = Field(default=None, description="Inside addresses; for admins.")


class AppWish(AppChange):
    """An app to be registered."""

    tenant: GivenId | None = Field(
        default=None, description="For admins to choose; one of `default` serves all tenants."
    )


class AppShown(Shown):
    """An app, with what its provider is known for where nothing was set."""

    id: str
    tenant: str
    provider: str
    title: str
    flow: str
    client_id: str
    directory: str
    authorize_url: str
    token_url: str
    device_url: str
    userinfo_url: str
    revoke_url: str
    issuer: str
    scopes: list[str]
    extra: dict[str, str]
    proof: str
    names_issuer: bool
    private: bool


class AuthorizeWish(Wish):
    """A consent to be asked for in a browser: of an account, or for a new one."""

    app: GivenId
    account: GivenId | None = Field(default=None, description="One that is registered.")
    new: LinkAccount | None = Field(default=None, description="What is known of a new one.")
    return_to: str | None = Field(
        default=None, max_length=2_000, description="One of the pages of `[api] return_to`."
    )
    delegated: bool | None = Field(
        default=None, description="The mailbox is shared with whoever consents."
    )
    tenant: GivenId | None = Field(default=None, description="For admins to choose.")


class AuthorizeShown(Shown):
    """Where to send the browser, within so long. ``account`` is the id that it has or will have."""

    url: str
    expires_at: Instant
    account: str


class DeviceWish(Wish):
    """A consent to be asked for on another device."""

    app: GivenId
    account: GivenId
    delegated: bool | None = Field(
        default=None, description="The mailbox is shared with whoever consents."
    )
    tenant: GivenId | None = Field(default=None, description="For admins to choose.")


class DeviceShown(Shown):
    """What a person is shown, and how many seconds to wait before the first poll."""

    id: str
    user_code: str
    url: str
    full_url: str = Field(description="The address that has the code in it; or empty.")
    expires_at: Instant
    wait: float


class PollShown(Shown):
    """What came of a consent on another device so far."""

    state: Literal["waiting", "connected"]
    wait: float = Field(description="Seconds before the next poll, while it waits.")
    account: str | None
    address: str | None = Field(description="Whose mailbox it is, as the provider says.")


class GrantShown(Shown):
    """A consent that is kept, without its tokens."""

    account: str
    app: str
    address: str
    scope: str
    consented_at: Instant
    withdrawn_at: Instant | None
    withdrawn: str | None = Field(description="Why the provider gives no tokens any more.")


def app(found: App) -> AppShown:
    """Return an app as it is shown."""
    at = found.addresses
    return AppShown(
        id=found.id,
        tenant=found.tenant,
        provider=found.provider.value,
        title=found.title,
        flow=found.flow.value,
        client_id=found.client_id,
        directory=found.directory,
        authorize_url=at.authorize,
        token_url=at.token,
        device_url=at.device,
        userinfo_url=at.userinfo,
        revoke_url=at.revoke,
        issuer=at.issuer,
        scopes=list(found.scopes),
        extra=dict(found.extra),
        proof=found.proof.value,
        names_issuer=found.names_issuer,
        private=found.private,
    )


def authorize(issued: Issued) -> AuthorizeShown:
    """Return where a browser begins as it is shown."""
    return AuthorizeShown(
        url=issued.url,
        expires_at=instant(issued.link.expires_at),
        account=issued.link.account,
    )


def device(found: Prompt) -> DeviceShown:
    """Return what a person is shown."""
    return DeviceShown(
        id=found.id,
        user_code=found.user_code,
        url=found.address,
        full_url=found.full_address,
        expires_at=instant(found.expires_at),
        wait=found.wait,
    )


def poll(found: Connected | Waiting) -> PollShown:
    """Return what came of a poll as it is shown."""
    if isinstance(found, Waiting):
        return PollShown(state="waiting", wait=found.wait, account=None, address=None)
    return PollShown(state="connected", wait=0.0, account=found.account, address=found.address)


def grant(found: Consent) -> GrantShown:
    """Return a consent as it is shown."""
    withdrawn = found.withdrawn
    return GrantShown(
        account=found.account,
        app=found.app,
        address=found.address,
        scope=found.scope,
        consented_at=instant(found.consented_at),
        withdrawn_at=shown_instant(None if withdrawn is None else withdrawn.at),
        withdrawn=None if withdrawn is None else withdrawn.line,
    )
