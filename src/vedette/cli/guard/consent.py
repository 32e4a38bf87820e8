"""``vedette guard consent``: note or withdraw the consent to have an account's mail read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from vedette.cli.guard.asking import asked
from vedette.errors import UsageError


def consent(
    account: str,
    *,
    version: str | None = None,
    withdraw: Annotated[bool, Parameter(negative=())] = False,
    config: Path | None = None,
    state: Path | None = None,
) -> int:
    """Note that an account's owner agreed to have their mail read by guards, or does no more.

    Where a guard asks for consent, an account without one is connected and not read. It begins
    where it ended when the consent is there, and ends within seconds when it is withdrawn.

    Parameters
    ----------
    account
        The account.
    version
        Which words were agreed to, such as the date of a privacy notice.
    withdraw
        The consent does not stand any more.
    config
        The configuration of the running service.
    state
        Its state folder.
    """
    if withdraw == (version is not None):
        raise UsageError("give --version with the words that were agreed to, or --withdraw")
    if withdraw:
        return asked("guard.consent", config, state, account=account, withdraw=True)
    return asked("guard.consent", config, state, account=account, version=version)
