"""An account: one mailbox login, what to watch in it, and how it is doing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

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


@unique
class AccountState(StrEnum):
    """What an account's own story says of it; "live" is derived from proof, not from this."""

    INIT = "init"
    """It waits for its turn to log in."""
    CONNECTING = "connecting"
    SYNCING = "syncing"
    """It is logged in, and looks through its folders."""
    CONNECTED = "connected"
    DEGRADED = "degraded"
    AUTH_FAILED = "auth_failed"
    PAUSED = "paused"
    """Nothing is tried until somebody changes something."""
    ERROR = "error"
    """It can not be watched as it is set, and nothing is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why an account is not watched although it is registered; ``state`` is PAUSED or ERROR.

    One that is ``of_login`` was refused by the server, whose own words are the better reason.
    """

    reason: str
    state: AccountState = AccountState.PAUSED
    of_login: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What people ask of the watch of an account, beside where the mailbox is.

    ``reconnect`` and ``resync`` grow with each wish to connect anew, and to look anew through all
    mail from the instant ``since`` on. With a ``hold`` there is no watch. ``withheld`` is why the
    mail must not be read although the connection stays.
    """

    reconnect: int = 0
    resync: int = 0
    since: float = 0.0
    hold: Hold | None = None
    withheld: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """That probe mails are put into a folder that is watched, one every ``interval`` seconds."""

    interval: float = 3600.0
    folder: str = "INBOX"


#: What nearly all accounts begin with: one object for thousands.
FROM_NOW: Final = Beginning()

#: Nothing is asked for: one object for the thousands of accounts that are just watched.
NOTHING_ASKED: Final = Demand()


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    r"""One mailbox to watch. ``folders`` holds names, ``\Inbox``-like selectors, or ``*``."""

    id: AccountId
    tenant: TenantId
    email: str
    credentials: Credentials
    folders: tuple[str, ...] = ("\\Inbox", "\\Junk")
    beginning: Beginning = FROM_NOW
    depth: Depth = Depth.TEXT
    cover: Cover = Cover.POLL
    trusted_authserv: tuple[str, ...] = ()
    max_message: int = 50 * 1024 * 1024
    mechanism: str | None = None
    demand: Demand = NOTHING_ASKED
    canary: Canary | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The state and three separate clocks: last error, last proof of life, last work done.

    ``since`` is the instant at which ``state`` was entered, and ``told`` the last state that was
    told of by an event (CONNECTING: none was). ``error`` is a line about the last failure,
    ``reply`` the server's own words in it and ``response_code`` its response code (RFC 9051
    section 7.1); a success takes all three away and leaves ``error_at``. ``held`` is why nothing is
    tried, or nothing is read, where somebody asked for that. ``attempts`` counts the failures in a
    row and ``retry_at`` is when it is tried next. ``strikes`` counts refused logins in a row with
    the credentials whose fingerprint is ``credential``; it survives restarts. ``reconnect`` and
    ``resynced`` are the last wishes of that kind that were fulfilled.
    """

    account: AccountId
    tenant: TenantId
    email: str
    state: AccountState = AccountState.INIT
    since: float = 0.0
    told: AccountState = AccountState.CONNECTING
    proof_at: float | None = None
    work_at: float | None = None
    error_at: float | None = None
    error: str | None = None
    trouble: Trouble | None = None
    reply: str | None = None
    response_code: str | None = None
    held: str | None = None
    lag: float | None = None
    attempts: int = 0
    retry_at: float | None = None
    strikes: int = 0
    credential: str = ""
    reconnect: int = 0
    resynced: int = 0

    @property
    def reason(self) -> str | None:
        """Why it is as it is, in one line; None where nothing is wrong."""
        return self.error if self.held is None else self.held
