"""``vedette guard consent``: note or withdraw the consent to have an account's mail read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from vedette.cli.guard.asking import answered, told
from vedette.client import Asked
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
    wish = {"withdraw": True} if withdraw else {"version": version}
    answer = answered(config, state, "guard.consent", account=account, **wish)
    return told(Asked(done=answer.get("done"), waiting=tuple(answer.get("waiting", ()))))
