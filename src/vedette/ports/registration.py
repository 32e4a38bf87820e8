"""An account as it is registered: what somebody asked for, beside what the engine needs of it.

The engine watches an ``Account`` at a ``Target``; whether it does is decided by what stands here.
Secrets are not part of it: they are sealed beside the record (``ports.records``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from vedette.model.account import Account
from vedette.ports.link import Target


@unique
class Auth(StrEnum):
    """How a login comes by its credentials."""

    PASSWORD = "password"  # noqa: S105 - the name of a way
    OAUTH2 = "oauth2"
    """By a refresh token of an app of the tenant."""
    TOKEN_COMMAND = "token_command"  # noqa: S105 - the name of a way
    """By a command of the operator, that prints an access token."""
    TOKEN_URL = "token_url"  # noqa: S105 - the name of a way
    """By the host application's own token server."""


@unique
class Pause(StrEnum):
    """Why an account is not watched although it is active."""

    MANUAL = "manual"
    AUTH_FAILURE = "auth_failure"
    PLAN_LIMIT = "plan_limit"
    CONSENT = "consent"
    TENANT = "tenant"


@unique
class Origin(StrEnum):
    """Who keeps an account: what is not of the API is changed where it is kept."""

    API = "api"
    FILE = "file"
    TABLE = "table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Where the credentials come from, where that is more than a password.

    ``app`` is the id of an OAuth 2.0 app, ``command`` the words of a command, ``url`` that of a
    token server.
    """

    auth: Auth = Auth.PASSWORD
    app: str | None = None
    command: tuple[str, ...] = ()
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resync:
    """That the account is to be followed anew from an instant; a higher ``serial`` is a new wish."""

    serial: int = 0
    since: float = 0.0


#: What nearly all accounts have: one object of each for thousands.
BY_PASSWORD: Final = Grant()
NEVER_ANEW: Final = Resync()


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """An account, where it lives, and what was set beside.

    The ``credentials`` of the account hold the user alone. ``consent`` is the version of the words
    that somebody has to agree to before mail is read, or None. ``beneath`` is what it was paused
    for when a stronger reason came upon it, and what stands again without that. ``reconnect``
    grows with each wish to connect anew. ``version`` is that of the record. Instants are in
    seconds since 1970.
    """

    account: Account
    target: Target
    title: str = ""
    tags: tuple[str, ...] = ()
    grant: Grant = BY_PASSWORD
    active: bool = True
    pause: Pause | None = None
    beneath: Pause | None = None
    paused_at: float | None = None
    consent: str | None = None
    reconnect: int = 0
    resync: Resync = NEVER_ANEW
    origin: Origin = Origin.API
    created_at: float = 0.0
    updated_at: float = 0.0
    version: int = 0

    @property
    def is_watched(self) -> bool:
        """Whether the engine is to keep a session for it."""
        return self.active and self.pause is None
