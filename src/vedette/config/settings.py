"""The settings as values: everything a service needs to start, checked and complete."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from vedette.config.api import ApiSettings
from vedette.engine.gate import LoginRate
from vedette.engine.guarding import Mode, Span
from vedette.guard.pack import Pack
from vedette.identity.keysource import KeySource
from vedette.model.account import Account
from vedette.model.delivery import Endpoint
from vedette.model.ids import AccountId, EndpointId, TenantId
from vedette.ownership.shard import InstanceId
from vedette.ownership.wish import FULL_WEIGHT
from vedette.ports.link import Target
from vedette.secret import Secret
from vedette.sinks.command import CommandSettings
from vedette.sinks.lines import LinesSettings
from vedette.sinks.settings import (
    AmqpSettings,
    KafkaSettings,
    NatsSettings,
    PostgresSettings,
    RedisSettings,
)
from vedette.sinks.webhook import WebhookSettings
from vedette.sources.settings import SourceSettings
from vedette.sync.cadence import Tempo
from vedette.telemetry.log import LogPolicy

SinkSettings: TypeAlias = (
    WebhookSettings
    | CommandSettings
    | LinesSettings
    | RedisSettings
    | NatsSettings
    | AmqpSettings
    | KafkaSettings
    | PostgresSettings
)

#: Seconds in a day.
DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """An account and the server it lives on."""

    account: Account
    target: Target


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSettings:
    """An endpoint and how it is reached; ``private`` lets it go to inside addresses."""

    endpoint: Endpoint
    sink: SinkSettings
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSettings:
    """A guard pack and where it stands; an empty selection takes all of its kind.

    ``text`` is the pack as it was written, ``base`` the folder that the paths in it start from.
    ``private`` lets its lists be fetched from inside addresses. ``partner`` is the endpoint that is
    told of changes of a protective guard, ``partner_secret`` what lets a loosening happen at once,
    and ``help`` a line that is shown to who asks for one.
    """

    pack: Pack
    text: str
    base: Path
    mode: Mode = Mode.SHADOW
    tenants: tuple[TenantId, ...] = ()
    accounts: tuple[AccountId, ...] = ()
    folders: tuple[str, ...] = ()
    sweep: Span = field(default_factory=Span)
    private: bool = False
    partner: EndpointId | None = None
    partner_secret: Secret[str] | None = None
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerSettings:
    """An rspamd whose opinions packs may ask for by ``name``.

    ``groups`` of its symbols are all that it looks at; ``private`` lets mail be shown to inside
    addresses beside those of this host.
    """

    name: str
    url: str
    groups: tuple[str, ...] = ()
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long things are kept, in seconds.

    Events for replay: 30 days. Identity keys: a year, because a mailbox may be
    rebuilt long after its mail was delivered. What guards decided, message by message: 90 days;
    the daily counts stay.
    """

    events: float = 30 * DAY
    seen: float = 365 * DAY
    decisions: float = 90 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """The Postgres that several instances share, and which of them this one is.

    ``weight`` is how much it carries beside the others. ``migrates`` says whether a start may
    bring the database to the newest shape; where its role may not, ``vedette migrate`` does.
    """

    url: Secret[str]
    instance: InstanceId
    weight: int = FULL_WEIGHT
    migrates: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretsSettings:
    """Where the key is from under which secrets are sealed; None: a file in the state folder.

    ``old`` are keys before it, which still open what a rotation has not reached.
    """

    key: KeySource | None = None
    old: tuple[KeySource, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of it. ``state`` is the folder that holds the state, or what of it stays on the machine.

    Without a ``store`` the state is in SQLite, in that folder. ``shared`` is the folder of all
    workers on this machine, where this one is not the first. ``otlp`` is the URL of a collector of
    traces.
    """

    state: Path
    store: StoreSettings | None = None
    shared: Path | None = None
    accounts: tuple[AccountSettings, ...] = ()
    endpoints: tuple[EndpointSettings, ...] = ()
    guards: tuple[GuardSettings, ...] = ()
    scorers: tuple[ScorerSettings, ...] = ()
    sources: tuple[SourceSettings, ...] = ()
    secrets: SecretsSettings = field(default_factory=SecretsSettings)
    api: ApiSettings = field(default_factory=ApiSettings)
    log: LogPolicy = field(default_factory=LogPolicy)
    logins: LoginRate = field(default_factory=LoginRate)
    tempo: Tempo = field(default_factory=Tempo)
    retention: Retention = field(default_factory=Retention)
    otlp: str | None = None

    @property
    def instance(self) -> str:
        """What this instance is called among others; alone it needs no name."""
        return "" if self.store is None else self.store.instance
