"""``vedette guard pause``: have guards keep all mail in place."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from vedette.cli.guard.asking import asked
from vedette.cli.stored import instant_of
from vedette.errors import UsageError


def pause(
    guard: str | None = None,
    *,
    account: str | None = None,
    tenant: str | None = None,
    every: Annotated[bool, Parameter(name="--all", negative=())] = False,
    until: str | None = None,
    config: Path | None = None,
    state: Path | None = None,
) -> int:
    """Pause a guard, or all guards of an account, a tenant or everything: mail stays in place.

    They go on judging and writing down what they would do. A protective guard is paused when its
    delay is over, or a partner grants it, for as long as was asked for.

    Parameters
    ----------
    guard
        The guard's name.
    account
        All guards of this account.
    tenant
        All guards of this tenant.
    every
        All guards.
    until
        Until this instant, such as 2026-11-30 or 2026-11-30T12:00:00Z; without it until resumed.
    config
        The configuration of the running service.
    state
        Its state folder.
    """
    seconds = None
    if (end := instant_of("--until", until)) is not None:
        seconds = end - time.time()
        if seconds <= 0:
            raise UsageError(f"--until {until} is over")
    wish = scope_of(guard, account, tenant, every=every)
    return asked("guard.pause", config, state, **wish, seconds=seconds)


def scope_of(
    guard: str | None, account: str | None, tenant: str | None, *, every: bool
) -> dict[str, Any]:
    """Return what is to be paused or resumed. Raises UsageError unless it is one thing."""
    given = {"guard": guard, "account": account, "tenant": tenant, "host": "" if every else None}
    named = [(scope, name) for scope, name in given.items() if name is not None]
    if len(named) != 1:
        raise UsageError("name one guard, or give one of --account, --tenant and --all")
    [(scope, name)] = named
    return {"scope": scope, "name": name}
