"""The settings of a host table, as values: known without any database's library.

It must not know how they are written down: that is ``config.sources``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Final

from vedette.model.account import Beginning, Cover, Depth
from vedette.ports.link import Encryption, TlsPolicy
from vedette.ports.registration import Grant
from vedette.secret import Secret
from vedette.sources.cipher import CipherSettings
from vedette.sources.location import Location
from vedette.sources.statement import Statement


@unique
class Column(StrEnum):
    """What can be told of a mailbox by its row."""

    ID = "id"
    TENANT = "tenant"
    EMAIL = "email"
    TITLE = "title"
    TAGS = "tags"
    PROVIDER = "provider"
    HOST = "host"
    PORT = "port"
    ENCRYPTION = "encryption"
    SECURE = "secure"
    ALLOW_STARTTLS = "allow_starttls"
    USER = "user"
    AUTH = "auth"
    PASSWORD = "password"  # noqa: S105 - the name of a column
    TOKEN = "token"  # noqa: S105 - the name of a column
    REFRESH_TOKEN = "refresh_token"  # noqa: S105 - the name of a column
    FOLDERS = "folders"
    DEPTH = "depth"
    ACTIVE = "active"
    PAUSED = "paused"
    PAUSE_REASON = "pause_reason"
    PAUSED_AT = "paused_at"
    CONSENT = "consent"


#: The columns that hold a secret, which may be encrypted.
SECRETS: Final = (Column.PASSWORD, Column.TOKEN, Column.REFRESH_TOKEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Where a field comes from: a column of the query by name, or the same value for every row."""

    column: str = ""
    value: str | int | bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What a word in the column ``auth`` means; ``is_token``: the row holds an access token."""

    grant: Grant = field(default_factory=Grant)
    is_token: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A server that rows need not name; ``domains`` are those of its addresses."""

    host: str
    port: int
    encryption: Encryption
    domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """What holds for every mailbox of the table whose row does not say otherwise.

    ``private`` lets rows name hosts at inside addresses, ``plain`` lets them ask for no TLS.
    """

    tenant: str = "default"
    host: str | None = None
    port: int | None = None
    encryption: Encryption = Encryption.IMPLICIT
    policy: TlsPolicy = field(default_factory=TlsPolicy)
    private: bool = False
    plain: bool = False
    folders: tuple[str, ...] = ("\\Inbox", "\\Junk")
    beginning: Beginning = field(default_factory=Beginning)
    depth: Depth = Depth.TEXT
    cover: Cover = Cover.POLL
    authserv: tuple[str, ...] = ()
    max_message: int = 50 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteSettings:
    """What is written back.

    ``refresh_token`` writes one that its provider replaced, in the spelling of the table's secrets.
    ``heartbeat`` is how old a proof of life may get in the table, and ``pace`` how long to wait
    between two rounds of writing, both in seconds.
    """

    on_error: Statement | None = None
    on_connected: Statement | None = None
    on_heartbeat: Statement | None = None
    refresh_token: Statement | None = None
    heartbeat: float = 60.0
    pace: float = 1.0

    @property
    def is_asked_for(self) -> bool:
        """Whether anything is to be written of how mailboxes are."""
        return any((self.on_error, self.on_connected, self.on_heartbeat))


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings:
    """A table of the host application. Durations are in seconds.

    ``refresh`` is the time between two readings and ``timeout`` the most that one may take;
    ``rows`` is how many rows are too many. ``listen`` is a channel of Postgres whose
    notifications are answered by a reading. When at one reading more than ``most_gone`` of the
    mailboxes are missing, that is believed only when another after ``second_look`` says the same.
    ``auth`` says what the words in the column of that name mean, ``consent`` which version of the
    words a mailbox's owner must have agreed to.
    """

    name: str
    location: Location
    query: str
    columns: Mapping[Column, Taken] = field(default_factory=dict)
    refresh: float = 300.0
    timeout: float = 30.0
    rows: int = 50_000
    listen: str | None = None
    second_look: float = 60.0
    most_gone: float = 0.5
    prefix: str = ""
    consent: str | None = None
    cipher: CipherSettings | None = None
    auth: Mapping[str, Way] = field(default_factory=dict)
    token_secret: Secret[str] | None = None
    providers: Mapping[str, Provider] = field(default_factory=dict)
    mail: MailSettings = field(default_factory=MailSettings)
    write: WriteSettings = field(default_factory=WriteSettings)
