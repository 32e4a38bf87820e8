"""An account: one mailbox login, what to watch in it, and how it is doing."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum, unique

from vedette.errors import Trouble
from vedette.model.ids import AccountId, TenantId
from vedette.secret import Secret


@unique
class Depth(StrEnum):
    """How much of a message goes into its event."""

    METADATA = "metadata"
    TEXT = "text"
    FULL = "full"


@unique
class Start(StrEnum):
    """Where the first watch of a folder begins."""

    NOW = "now"
    DATE = "date"
    LAST = "last"


@unique
class Cover(StrEnum):
    """How folders beyond the first are covered where the server has no NOTIFY."""

    POLL = "poll"
    CONNECTIONS = "connections"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """The start of a folder that was never watched: now, at a date, or the last N messages.

    ``instant`` belongs to DATE, ``count`` to LAST.
    """

    start: Start = Start.NOW
    instant: float = 0.0
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What opens the mailbox: a password, an OAuth 2.0 access token, or a grant.

    ``grant`` says that a token is to be asked for at each login (``ports.token``). Its text tells
    one consent from the next and holds no secret: another text is another set of credentials.
    """

    user: str
    password: Secret[str] | None = None
    token: Secret[str] | None = None
    grant: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    r"""One mailbox to watch. ``folders`` holds names, ``\Inbox``-like selectors, or ``*``."""

    id: AccountId
    tenant: TenantId
    email: str
    credentials: Credentials
    folders: tuple[str, ...] = ("\\Inbox", "\\Junk")
    beginning: Beginning = field(default_factory=Beginning)
    depth: Depth = Depth.TEXT
    cover: Cover = Cover.POLL
    trusted_authserv: tuple[str, ...] = ()
    max_message: int = 50 * 1024 * 1024
    mechanism: str | None = None


@unique
class AccountState(StrEnum):
    """What an account's own story says of it; "live" is derived from proof, not from this."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    DEGRADED = "degraded"
    AUTH_FAILED = "auth_failed"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The state and three separate clocks: last error, last proof of life, last work done.

    ``strikes`` counts refused logins in a row with the credentials whose
    fingerprint is ``credential``; it survives restarts.
    """

    account: AccountId
    tenant: TenantId
    email: str
    state: AccountState = AccountState.CONNECTING
    since: float = 0.0
    proof_at: float | None = None
    work_at: float | None = None
    error_at: float | None = None
    error: str | None = None
    trouble: Trouble | None = None
    lag: float | None = None
    strikes: int = 0
    credential: str = ""
