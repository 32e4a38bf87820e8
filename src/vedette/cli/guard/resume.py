"""``vedette guard resume``: end a pause."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from vedette.cli.guard.asking import asked
from vedette.cli.guard.pause import scope_of


def resume(
    guard: str | None = None,
    *,
    account: str | None = None,
    tenant: str | None = None,
    every: Annotated[bool, Parameter(name="--all", negative=())] = False,
    config: Path | None = None,
    state: Path | None = None,
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
    config
        The configuration of the running service.
    state
        Its state folder.
    """
    return asked("guard.resume", config, state, **scope_of(guard, account, tenant, every=every))
