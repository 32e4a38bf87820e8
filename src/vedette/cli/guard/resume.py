"""``vedette guard resume``: end a pause."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from vedette.cli.guard.asking import asked
from vedette.cli.guard.pause import scope_of
from vedette.cli.reach import HERE, Reach


def resume(
    guard: str | None = None,
    *,
    account: str | None = None,
    tenant: str | None = None,
    every: Annotated[bool, Parameter(name="--all", negative=())] = False,
    at: Reach = HERE,
) -> int:
    """End a pause, at once, and take back a pause that waits.

    Parameters
    ----------
    guard
        The guard's name.
    account
        What was paused for this account.
    tenant
        What was paused for this tenant.
    every
        What was paused for everything.
    """
    scope, name = scope_of(guard, account, tenant, every=every)
    return asked(
        at, lambda client: client.guards.resume(scope, name), "guard.resume", scope=scope, name=name
    )
