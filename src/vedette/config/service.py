"""The whole configuration of ``vedette serve``: ``vedette.toml``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vedette.config.accounts import read_account
from vedette.config.api import read_api
from vedette.config.document import Table, load
from vedette.config.endpoints import read_endpoint
from vedette.config.environment import state_folder
from vedette.config.guards import read_guard
from vedette.config.scorers import read_scorer
from vedette.config.secrets import read_secrets
from vedette.config.settings import (
    DAY,
    EndpointSettings,
    GuardSettings,
    Retention,
    Settings,
)
from vedette.config.sources import read_source
from vedette.config.store import read_store
from vedette.config.telemetry import read_otlp
from vedette.engine.gate import LoginRate
from vedette.model.event import EventType
from vedette.secret import Secret
from vedette.sync.cadence import Tempo
from vedette.telemetry.log import LogPolicy, Style

#: Seconds of an hour: the upper bound of waits that keep a watch alive.
HOUR = 3600.0


def read_settings(path: Path, *, store: Secret[str] | None = None) -> Settings:
    """Read a configuration file. Raises ConfigError with file, line and key.

    ``store`` is the database that goes before the one in the file.
    """
    document = load(path)
    state = _state(document, path.parent)
    accounts = tuple(read_account(table) for table in document.table("accounts").tables())
    endpoints = tuple(read_endpoint(table) for table in document.table("endpoints").tables())
    guards = tuple(read_guard(table, path.parent) for table in document.table("guards").tables())
    _check_references(document, accounts=[each.account.id for each in accounts])
    _check_guards(document, guards)
    _check_partners(document, guards, endpoints)
    settings = Settings(
        state=state,
        store=read_store(document.table("store"), given=store),
        accounts=accounts,
        endpoints=endpoints,
        guards=guards,
        scorers=tuple(read_scorer(table) for table in document.table("scorers").tables()),
        sources=tuple(read_source(table) for table in document.table("sources").tables()),
        secrets=read_secrets(document.table("secrets"), path.parent),
        api=read_api(document.table("api"), path.parent),
        log=_log(document.table("log")),
        logins=_logins(document.table("logins")),
        tempo=_tempo(document.table("tempo")),
        retention=_retention(document.table("retention")),
        otlp=read_otlp(document.table("telemetry")),
    )
    document.done()
    return settings


def _state(document: Table, beside: Path) -> Path:
    """Return the folder of the state; a relative one is beside the configuration."""
    state = document.text("state")
    if state is None:
        return state_folder()
    try:
        return beside / Path(state).expanduser()
    except RuntimeError:
        document.fail("state", f"there is no home for {state}")


def _check_references(document: Table, *, accounts: list[str]) -> None:
    """Refuse what is for an account that is not there: it would be silent for ever."""
    for section in ("endpoints", "guards"):
        for table in document.table(section).tables():
            for name in table.texts("accounts"):
                if name not in accounts:
                    table.fail("accounts", f"there is no account {name!r}")


def _check_guards(document: Table, guards: Sequence[GuardSettings]) -> None:
    """Refuse two guards of one name: the journal could not tell them apart."""
    known: set[str] = set()
    for table, guard in zip(document.table("guards").tables(), guards, strict=True):
        if guard.pack.name in known:
            table.fail("pack", f"there is a guard {guard.pack.name!r} already")
        known.add(guard.pack.name)


def _check_partners(
    document: Table, guards: Sequence[GuardSettings], endpoints: Sequence[EndpointSettings]
) -> None:
    """Refuse a partner who would be told more than that a protection changed."""
    known = {each.endpoint.id: each.endpoint for each in endpoints}
    for table, guard in zip(document.table("guards").tables(), guards, strict=True):
        if guard.partner is None:
            continue
        endpoint = known.get(guard.partner)
        if endpoint is None:
            table.fail("partner", f"there is no endpoint {guard.partner!r}")
        if endpoint.selection.types != (EventType.GUARD_CHANGED.value,):
            kind = EventType.GUARD_CHANGED.value
            table.fail(
                "partner",
                f'a partner is told of changes only: give {guard.partner} events = ["{kind}"]',
            )


def _log(table: Table) -> LogPolicy:
    level = table.text("level", "info") or "info"
    if level not in {"debug", "info", "warning", "error"}:
        table.fail("level", f"{level!r} is none of debug, info, warning, error")
    policy = LogPolicy(
        level=level,
        style=table.choice("style", Style, Style.JSON),
        show_addresses=table.flag("show_addresses", default=False),
    )
    table.done()
    return policy


def _logins(table: Table) -> LoginRate:
    standard = LoginRate()
    rate = LoginRate(
        host_per_second=table.number(
            "host_per_second", standard.host_per_second, low=0.01, high=10_000
        ),
        host_at_once=table.whole("host_at_once", standard.host_at_once, low=1, high=10_000),
        total_per_second=table.number(
            "total_per_second", standard.total_per_second, low=0.01, high=10_000
        ),
        total_at_once=table.whole("total_at_once", standard.total_at_once, low=1, high=10_000),
    )
    table.done()
    return rate


def _tempo(table: Table) -> Tempo:
    standard = Tempo()
    tempo = Tempo(
        proof=table.number("proof", standard.proof, low=1, high=29 * 60),
        poll=table.number("poll", standard.poll, low=1, high=HOUR),
        safety=table.number("safety", standard.safety, low=1, high=HOUR),
        reopen=table.number("reopen", standard.reopen, low=1, high=24 * HOUR),
    )
    table.done()
    return tempo


def _retention(table: Table) -> Retention:
    standard = Retention()
    retention = Retention(
        events=DAY * table.number("events_days", standard.events / DAY, low=1, high=3650),
        seen=DAY * table.number("seen_days", standard.seen / DAY, low=1, high=3650),
        decisions=DAY * table.number("decisions_days", standard.decisions / DAY, low=1, high=3650),
    )
    table.done()
    return retention
