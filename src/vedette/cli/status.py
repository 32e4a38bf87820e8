"""``vedette status``: a table of all accounts, from the state of a running service."""

from __future__ import annotations

import asyncio
import json as json_module
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from vedette.app.control import ask
from vedette.app.guards.wish import aspect_of, told
from vedette.cli.live import plain
from vedette.cli.place import configuration, state_of
from vedette.cli.view import view
from vedette.config.document import load
from vedette.guard.ratchet import Aspect
from vedette.outbox.envelope import instant
from vedette.ports.ratchet import Change
from vedette.service.accounts.status import Liveness, StatusRow, rows, troubles

STYLES = {
    Liveness.LIVE: "green",
    Liveness.INIT: "cyan",
    Liveness.CONNECTING: "cyan",
    Liveness.SYNCING: "cyan",
    Liveness.SILENT: "red",
    Liveness.DEGRADED: "yellow",
    Liveness.AUTH_FAILED: "red",
    Liveness.PAUSED: "red",
    Liveness.ERROR: "red",
    Liveness.STOPPED: "dim",
}


def status(
    *,
    config: Path | None = None,
    state: Path | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Show each account: state, since, last proof of life, last error, last event, lag.

    Below are endpoints that are disabled or take nothing.

    Parameters
    ----------
    config
        The configuration, for where the state is.
    state
        The state folder itself.
    json
        One JSON line per account.
    """
    folder = state_of(config, state)
    with view(config, state) as reader:
        healths, waiting = reader.healths(), _waiting(reader.changes())
        ways_out = troubles(reader.endpoint_states(), _endpoints(config, state))
    running = asyncio.run(ask(folder, {"command": "ping"})) is not None
    found = rows(healths, now=time.time(), running=running, waiting=waiting)
    if json:
        for row in found:
            sys.stdout.write(json_module.dumps(asdict(row)) + "\n")
        return 0
    console = Console(highlight=False)
    console.print(_table(found))
    for row in found:
        for line in row.waiting:
            console.print(plain(line), style="yellow")
    for line in ways_out:
        console.print(plain(line), style="red")
    if not running:
        console.print(f"no service runs on {folder}", style="yellow")
    return 0


def _endpoints(config: Path | None, state: Path | None) -> tuple[str, ...] | None:
    """Return the names in the configuration; None where only the state is given."""
    return None if state is not None else load(configuration(config)).table("endpoints").keys


def _table(found: list[StatusRow]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("account", "state", "since", "proof", "event", "lag", "last error"):
        table.add_column(column, overflow="fold")
    for row in found:
        table.add_row(
            plain(row.account),
            f"[{STYLES[row.liveness]}]{row.liveness.value}[/]",
            datetime.fromtimestamp(row.since, UTC).strftime("%Y-%m-%d %H:%M:%SZ"),
            _ago(row.proof_age),
            _ago(row.event_age),
            "-" if row.lag is None else f"{row.lag * 1000:.0f} ms",
            "" if row.error is None else f"{_ago(row.error_age)}: {plain(row.error)}",
        )
    return table


def _waiting(changes: Iterable[Change]) -> dict[str, list[str]]:
    """Return what the file wants of accounts and guards hold, by account."""
    found: dict[str, list[str]] = {}
    for change in changes:
        asked = change.loosening
        if asked.account is not None and aspect_of(change) is Aspect.ACCOUNT:
            line = f"{told(change)}: {asked.guard} holds it until {instant(change.due)} or later"
            found.setdefault(asked.account, []).append(line)
    return found


def _ago(age: float | None) -> str:
    if age is None:
        return "never"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if age >= size:
            return f"{age / size:.0f} {unit} ago"
    return f"{age:.0f} s ago"
