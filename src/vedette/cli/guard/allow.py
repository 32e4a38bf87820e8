"""``vedette guard allow``: have a guard leave a sender's mail alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from vedette.cli.guard.asking import asked


def allow(
    account: str,
    domain: str,
    *,
    guard: str,
    remove: Annotated[bool, Parameter(negative=())] = False,
    config: Path | None = None,
    state: Path | None = None,
) -> int:
    """Have a guard leave alone what comes to an account from a domain, or from below it.

    It holds for all mail that says it is from there, whether that is proved or not. For a protective
    guard it holds when its delay is over, or a partner grants it.

    Parameters
    ----------
    account
        The account.
    domain
        The sender's domain, such as shop.example.org.
    guard
        The guard's name.
    remove
        Have it judge that mail again; at once, whatever the guard.
    config
        The configuration of the running service.
    state
        Its state folder.
    """
    return asked(
        "guard.allow", config, state, account=account, domain=domain, guard=guard, remove=remove
    )
