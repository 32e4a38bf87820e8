"""Connect links as JSON. What fields may hold is for ``service.links`` to say.

It must not know how a link is kept.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from vedette.api.shapes.model import GivenId, Instant, Shown, Wish, instant
from vedette.service.accounts.fields import (
    MAX_ADDRESS,
    MAX_FOLDER,
    MAX_FOLDERS,
    MAX_PEM,
    MAX_TAG,
    MAX_TAGS,
)
from vedette.service.accounts.registration import MAX_LAST, MAX_MESSAGE, MIN_MESSAGE
from vedette.service.links.link import MAX_VERSION, MAX_WORDS, Link
from vedette.service.links.links import LONGEST, MAX_PROVIDERS, SHORTEST, Issued


class LinkAccount(Wish):
    """What is known of an account before its owner connects it. Credentials are the owner's to give."""

    email: str | None = Field(
        default=None, max_length=MAX_ADDRESS, description="The one mailbox that it may be."
    )
    title: str | None = Field(default=None, max_length=200)
    tags: list[str] | None = Field(
        default=None, max_length=MAX_TAGS, description=f"Each of at most {MAX_TAG} characters."
    )
    host: str | None = Field(
        default=None, max_length=255, description="Without: found by the address."
    )
    port: int | None = Field(default=None, ge=1, le=65_535)
    encryption: Literal["tls", "starttls", "plain"] | None = None
    verify_tls: bool | None = None
    ca: str | None = Field(default=None, max_length=MAX_PEM, description="Certificates as PEM.")
    pin: str | None = Field(default=None, max_length=200, description="SHA-256 of a certificate.")
    minimum_tls: Literal["1.2", "1.3"] | None = None
    security_level: int | None = Field(default=None, ge=0, le=5)
    private: bool | None = Field(default=None, description="Inside addresses; for admins.")
    user: str | None = Field(default=None, max_length=1_000, description="Without: the address.")
    mechanism: str | None = Field(default=None, max_length=40)
    folders: list[str] | None = Field(
        default=None,
        max_length=MAX_FOLDERS,
        description=f"Names of at most {MAX_FOLDER} characters, selectors such as `\\Inbox`, or `*`.",
    )
    start: str | int | dict[str, str | int | float] | None = Field(
        default=None,
        description=f"`now`, a date or an instant, or how many messages, up to {MAX_LAST}.",
    )
    depth: Literal["metadata", "text", "full"] | None = None
    cover: Literal["poll", "connections"] | None = None
    authserv: list[str] | None = Field(default=None, max_length=20)
    max_message: int | None = Field(default=None, ge=MIN_MESSAGE, le=MAX_MESSAGE)


class Terms(Wish):
    """Words that a person has to agree to."""

    version: str = Field(min_length=1, max_length=MAX_VERSION)
    text: str = Field(min_length=1, max_length=MAX_WORDS)


class LinkWish(Wish):
    """A connect link to be made."""

    account: LinkAccount | None = Field(
        default=None, description="What is known of the account; the rest its owner says."
    )
    existing: GivenId | None = Field(
        default=None,
        description="An account that is there, to be connected anew: it keeps its id and history.",
    )
    providers: list[str] | None = Field(
        default=None,
        max_length=MAX_PROVIDERS,
        description="Ids of OAuth 2.0 apps to connect by; without: of an existing account its own.",
    )
    password: bool | None = Field(
        default=None,
        description="Whether a password may be given; without: where an existing account has one.",
    )
    return_to: str | None = Field(
        default=None, max_length=2_000, description="One of the pages of `[api] return_to`."
    )
    expires_in: int | None = Field(
        default=None, ge=SHORTEST, le=LONGEST, description="Seconds; without: as the settings say."
    )
    consent: Terms | None = None
    tenant: GivenId | None = Field(default=None, description="For admins to choose.")


class LinkShown(Shown):
    """A link that was not used yet, without its address."""

    id: str
    tenant: str
    account: str = Field(description="The id that the account has, or will have.")
    template: dict[str, Any]
    providers: list[str]
    password: bool
    return_to: str | None
    consent: str | None = Field(description="The version of the words.")
    expires_at: Instant
    created_at: Instant


class NewLink(LinkShown):
    """A link with its address, which no other answer has."""

    url: str


def shown(link: Link) -> LinkShown:
    """Return a link as it is shown."""
    return LinkShown.model_validate(_members(link))


def new(issued: Issued) -> NewLink:
    """Return a link with its address."""
    return NewLink.model_validate({**_members(issued.link), "url": issued.url})


def _members(link: Link) -> dict[str, object]:
    return {
        "id": link.id,
        "tenant": link.tenant,
        "account": link.account,
        "template": dict(link.template),
        "providers": list(link.providers),
        "password": link.by_password,
        "returnTo": link.return_to,
        "consent": None if link.terms is None else link.terms.version,
        "expiresAt": instant(link.expires_at),
        "createdAt": instant(link.created_at),
    }
