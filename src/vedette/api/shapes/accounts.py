"""Accounts as a caller writes them. What fields may hold is for ``service.registration`` to say.

It must not know how an account is kept.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from vedette.api.shapes.model import GivenId, GivenInstant, GivenSecret, Wish
from vedette.service.accounts.batches import MAX_ITEMS
from vedette.service.accounts.fields import (
    LEAST_CANARY,
    MAX_ADDRESS,
    MAX_FOLDER,
    MAX_FOLDERS,
    MAX_PEM,
    MAX_TAG,
    MAX_TAGS,
    MOST_CANARY,
)
from vedette.service.accounts.registration import MAX_LAST, MAX_MESSAGE, MIN_MESSAGE


class AccountChange(Wish):
    """What of an account is to be changed. A secret that is null or blank stays."""

    email: str | None = Field(default=None, max_length=MAX_ADDRESS)
    title: str | None = Field(default=None, max_length=200)
    tags: list[str] | None = Field(
        default=None, max_length=MAX_TAGS, description=f"Each of at most {MAX_TAG} characters."
    )
    host: str | None = Field(default=None, max_length=255)
    port: int | None = Field(default=None, ge=1, le=65_535)
    encryption: Literal["tls", "starttls", "plain"] | None = None
    verify_tls: bool | None = None
    ca: str | None = Field(default=None, max_length=MAX_PEM, description="Certificates as PEM.")
    pin: str | None = Field(default=None, max_length=200, description="SHA-256 of a certificate.")
    minimum_tls: Literal["1.2", "1.3"] | None = None
    security_level: int | None = Field(default=None, ge=0, le=5)
    proxy: str | None = Field(default=None, max_length=1000)
    private: bool | None = Field(default=None, description="Inside addresses; for admins.")
    user: str | None = Field(default=None, max_length=1000, description="Without: the address.")
    auth: Literal["password", "oauth2", "token_command", "token_url"] | None = None
    app: str | None = Field(default=None, max_length=200, description="The OAuth 2.0 app.")
    token_command: list[str] | None = Field(default=None, max_length=50)
    token_url: str | None = Field(default=None, max_length=1000)
    password: GivenSecret | None = None
    token: GivenSecret | None = None
    refresh_token: GivenSecret | None = None
    proxy_password: GivenSecret | None = None
    token_url_secret: GivenSecret | None = None
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
    active: bool | None = None
    consent: str | None = Field(default=None, max_length=100)
    canary: bool | None = Field(
        default=None, description="Whether probe mails are put in, and taken out once seen."
    )
    canary_interval: int | None = Field(
        default=None, ge=LEAST_CANARY, le=MOST_CANARY, description="Seconds between two of them."
    )
    canary_folder: str | None = Field(
        default=None, max_length=MAX_FOLDER, description="A folder that is watched."
    )


class AccountWish(AccountChange):
    """An account to be made."""

    id: GivenId | None = Field(default=None, description="For admins to choose.")
    tenant: GivenId | None = Field(default=None, description="For admins to choose.")


class Alteration(Wish):
    """A change of one of many accounts."""

    id: GivenId
    change: AccountChange
    version: int | None = Field(default=None, ge=1, description="The version it is for.")


class Removal(Wish):
    """One of many accounts, to be deleted."""

    id: GivenId
    version: int | None = Field(default=None, ge=1, description="The version it is for.")


class BatchWish(Wish):
    """What is to be done with many accounts; each item is done or refused by itself."""

    create: list[AccountWish] = Field(default=[], max_length=MAX_ITEMS)
    update: list[Alteration] = Field(default=[], max_length=MAX_ITEMS)
    delete: list[Removal] = Field(default=[], max_length=MAX_ITEMS)


class ResyncWish(Wish):
    """From when on an account is to be followed anew."""

    since: GivenInstant


class ConsentWish(Wish):
    """That somebody agrees to words."""

    version: str = Field(min_length=1, max_length=100, description="Of the words.")
    by: str | None = Field(default=None, max_length=200, description="Who agreed.")


class ConsentsWish(ConsentWish):
    """That somebody agrees to words for many accounts."""

    accounts: list[GivenId] = Field(min_length=1, max_length=1000)
