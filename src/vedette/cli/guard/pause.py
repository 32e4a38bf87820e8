"""``vedette guard pause|pauses``: have guards keep all mail in place, and show which do."""

from __future__ import annotations

import time
from typing import Annotated, Final

from cyclopts import Parameter

from vedette.cli.guard.asking import asked
from vedette.cli.reach import HERE, Reach
from vedette.cli.sheet import Columns, line, print_table
from vedette.cli.stored import instant_of
from vedette.client import Switch
from vedette.errors import UsageError

PAUSES: Final[Columns[Switch]] = {
    "scope": lambda each: each.scope,
    "name": lambda each: each.name,
    "until": lambda each: each.until,
    "why": lambda each: each.reason,
    "by": lambda each: each.by,
    "at": lambda each: each.at,
}


def pause(
    guard: str | None = None,
    *,
    account: str | None = None,
    tenant: str | None = None,
    every: Annotated[bool, Parameter(name="--all", negative=())] = False,
    until: str | None = None,
    at: Reach = HERE,
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
    """
    seconds = None
    if (end := instant_of("--until", until)) is not None:
        seconds = end - time.time()
        if seconds <= 0:
            raise UsageError(f"--until {until} is over")
    scope, name = scope_of(guard, account, tenant, every=every)
    return asked(
        at,
        lambda client: client.guards.pause(scope, name, seconds=seconds),
        "guard.pause",
        scope=scope,
        name=name,
        seconds=seconds,
    )


def pauses(*, at: Reach = HERE) -> int:
    """Show what is paused."""
    found = at.ask(lambda client: client.guards.switches())
    if at.as_json:
        for each in found:
            print(line(each))
    else:
        print_table(found, PAUSES)
    return 0


def scope_of(
    guard: str | None, account: str | None, tenant: str | None, *, every: bool
) -> tuple[str, str]:
    """Return what is to be paused or resumed. Raises UsageError unless it is one thing."""
    given = {"guard": guard, "account": account, "tenant": tenant, "host": "" if every else None}
    named = [(scope, name) for scope, name in given.items() if name is not None]
    if len(named) != 1:
        raise UsageError("name one guard, or give one of --account, --tenant and --all")
    return named[0]
